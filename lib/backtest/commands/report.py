"""`supervisor report`: writes and prints what a run has come to."""

import json
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from lib.backtest.cli import Parser
from lib.backtest.folders import next_folder
from lib.backtest.history_run import HistoryRun
from lib.backtest.moments import moment_ns
from lib.backtest.report.page import report_page
from lib.backtest.results import EQUITY, FILLS, path_file, read_results, read_table, write_lived
from lib.backtest.terminal import summary_text
from lib.constants import KEY, NS_PER_SECOND, ExitCode
from lib.durations import seconds
from lib.errors import ConfigError
from lib.factory.make_factory import ROLES, make_factory
from lib.init import init_service
from lib.timer import LiveTimer

DESCRIPTION = (
    "Write report.html, which needs no network, and print a summary: of the folder of a backtest "
    "or replay, or of what the bots of a configuration have left in its database."
)
EXAMPLES = """  supervisor report runs/first
  supervisor report runs/first --json | jq .total.profit
  supervisor report yaml/clp.yaml --from 1h
  supervisor report yaml/prod.yaml --bot clp --from 2026-01-31 --to 2026-02-01 --out runs/january"""
REPORT = "report.html"
CONFIGS = (".yaml", ".yml")
ECHOED = ("exchange", "venue", "stream", "factory", "database", "bots")
"""Sections of a configuration that a report shows."""


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "run", metavar="RUN", help="the --out folder of a backtest or a replay, or a YAML file"
    )
    parser.add_argument(
        "--add", metavar="FILE", action="append", default=[], help="merge over the YAML file"
    )
    parser.add_argument(
        "--bot", metavar="NAME", action="append", default=[], help="only this one; may come again"
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        default="24h",
        help="a moment in UTC, or how long ago (default: 24h)",
    )
    parser.add_argument(
        "--to", dest="end", metavar="TIME", default="", help="like --from (default: now)"
    )
    parser.add_argument(
        "--out", metavar="FOLDER", default="", help="for a database's run (default: runs/PROJECT-N)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON only")


def run(arguments: Namespace) -> int:
    """Write the report.

    Raises:
        ConfigError: The folder holds no results, or the database nothing of that time.
        DatabaseUnavailable: The database does not answer.
    """
    folder = Path(arguments.run)
    if folder.suffix in CONFIGS:
        folder = _from_database(arguments)
    summary = read_results(folder)
    if arguments.json:
        sys.stdout.write(json.dumps({**summary, "out": str(folder)}, indent=1) + "\n")
        return ExitCode.DONE
    page = write_report(folder)
    equity = [float(row["equity"]) for row in read_table(folder / EQUITY)]
    sys.stdout.write(summary_text(summary, equity))
    sys.stdout.write(f"\n{page}\n")
    return ExitCode.DONE


def write_report(folder: Path) -> Path:
    """Write the page of a run; return its path.

    Raises:
        ConfigError: The folder holds no results.
    """
    summary = read_results(folder)
    paths = {symbol: read_table(path_file(folder, symbol)) for symbol in summary["symbols"]}
    page = report_page(summary, read_table(folder / EQUITY), paths, read_table(folder / FILLS))
    path = folder / REPORT
    path.write_text(page, "utf-8")
    return path


def past_ns(text: str, now_ns: int) -> int:
    """Return the time that a user means: a moment in UTC, or how long ago like `1h`."""
    try:
        return now_ns - round(seconds(text) * NS_PER_SECOND)
    except ConfigError:
        return moment_ns(text, now_ns)


def _from_database(arguments: Namespace) -> Path:
    config = init_service((arguments.run, *arguments.add), os.environ)
    project = str(config.get(KEY.PROJECT) or "default")
    timer = LiveTimer()
    now_ns = timer.Timestamp()
    start_ns = past_ns(arguments.start, now_ns)
    end_ns = past_ns(arguments.end, now_ns) if arguments.end else now_ns
    if end_ns <= start_ns:
        raise ConfigError(f"the report ends ({arguments.end}) before it starts ({arguments.start})")
    _check_bots(config, arguments.bot)
    parts = {role: config[role] for role in ROLES if isinstance(config.get(role), str)}
    spec = {"name": config.get("factory", "SandboxFactory"), "parts": parts}
    general = {key: value for key, value in config.items() if key != "bots"}
    factory = make_factory(spec, general)
    database = factory.Database(general, factory, timer)
    echo = {key: config[key] for key in ECHOED if key in config}
    try:
        found = HistoryRun(database, start_ns, end_ns, arguments.bot, project, echo)
    finally:
        database.close()
    out = Path(arguments.out) if arguments.out else next_folder(project)
    write_lived(out, found)
    return out


def _check_bots(config: dict[str, Any], names: list[str]) -> None:
    known = {str(bot.get("name") or Path(str(bot["bot"])).stem) for bot in config.get("bots") or ()}
    unknown = sorted(set(names) - known)
    if unknown:
        raise ConfigError(f"no bot {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
