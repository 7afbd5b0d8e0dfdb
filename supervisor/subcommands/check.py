"""`supervisor check`: is a configuration right, and what would it start? Touches nothing."""

import json
import sys
from argparse import Namespace
from collections.abc import Sequence

from lib.constants import ExitCode, WorkerKind
from lib.errors import ConfigError
from lib.oms.diagnosis import examine_dead_man
from supervisor.config.plan import Plan, make_plan
from supervisor.config.schema import schema
from supervisor.config.spec import Spec, load_spec
from supervisor.config.used_defaults import used_defaults


def run(arguments: Namespace) -> int:
    """Check a configuration and print its plan, its defaults, or the schema of all.

    Raises:
        ConfigError: Something is missing or wrong.
    """
    if arguments.schema:
        sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
        return ExitCode.DONE
    if not arguments.config:
        raise ConfigError("`check` needs a CONFIG, or --schema")
    files = (arguments.config, *arguments.add)
    spec = load_spec(files, complete=False)
    if arguments.defaults:
        sys.stdout.write(_aligned(used_defaults(files)))
    else:
        sys.stdout.write(_describe(spec, make_plan(spec)))
    for warning in spec.warnings:
        sys.stderr.write(f"warning: {warning}\n")
    return ExitCode.DONE


def _describe(spec: Spec, plan: Plan) -> str:
    where = spec.exchange.rest_url or f"the venue ({_feed(spec)})"
    lines = [
        f"{', '.join(spec.files)}: good",
        f"project {spec.project}, {spec.root.factory}, {spec.root.exchange} at {where}",
        f"{len(plan.workers)} workers, in the order of their start:",
    ]
    text = "\n".join(lines) + "\n"
    text += _aligned([("", worker.name, _what(worker.config)) for worker in plan.workers])
    if plan.hooks:
        text += "told of events:\n" + _aligned([("", str(one), one.level) for one in plan.hooks])
    text += _dead_man(spec, plan)
    if spec.missing:
        needs = [("", variable.name, variable.where) for variable in spec.missing]
        text += "needed in the environment at start:\n" + _aligned(needs)
    return text


def _dead_man(spec: Spec, plan: Plan) -> str:
    [worker] = plan.of_kind(WorkerKind.EXCHANGE)
    symbols = worker.config["exchange"]["symbols"]
    is_real = spec.root.venue is None
    found = examine_dead_man(float(spec.exchange.dead_man), len(symbols), is_real=is_real)
    if found.level == "wrong" and is_real:
        raise ConfigError(found.text)
    return found.text + "\n"


def _feed(spec: Spec) -> str:
    return f"{spec.root.venue.feed} feed" if spec.root.venue else "none"


def _what(config: dict[str, object]) -> str:
    for kind in ("bot", "stream", "exchange", "venue"):
        part = config.get(kind)
        if isinstance(part, dict):
            symbols = part.get("symbols") or part.get("active") or []
            words = [str(part.get("class") or ""), ", ".join(symbols)]
            words.append(", ".join(part.get("channels", [])))
            return "; ".join(word for word in words if word)
    return ""


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        + "\n"
        for row in rows
    )
