"""`supervisor chaos`: breaks a running system on purpose and judges what becomes of its orders.

It starts everything it needs in a folder of its own and plays against the embedded venue only.
"""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from lib.chaos.markdown import markdown
from lib.chaos.report import Tally, text
from lib.chaos.schedule import Strike, choose_kinds, episodes, make_schedule
from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError
from lib.timer import AbstractTimer, LiveTimer
from workers.chaos_config import Drill, read_drill
from workers.chaos_run import Run
from workers.chaos_screen import Screen

DESCRIPTION = """\
Drill a configuration: its bots trade on an embedded exchange of their own while faults strike at
random instants; then what the exchange knows is compared with the journal, with what each bot saw,
and with the risk limits. Exit code 1 when something is wrong, or when too little happened to prove
anything; 2 when the configuration is not one to be drilled."""
EXAMPLES = """examples:
  supervisor chaos yaml/chaos.yaml                            15 faults, seed 1
  supervisor chaos yaml/chaos.yaml --faults 200 --systems 2   every kind of fault
  supervisor chaos my.yaml --kinds kill_bot,network --seed 7  what you are afraid of
"""
DEFAULT_FAULTS = 15
_PROGRAM = "supervisor chaos"


def main(arguments: list[str]) -> int:
    """Run a drill; return the exit code."""
    options = _parse(arguments)
    try:
        return asyncio.run(_drill(options))
    except ConfigError as error:
        sys.stderr.write(f"{_PROGRAM}: {error}\n")
        return ExitCode.USAGE
    except TickvisorError as error:
        sys.stderr.write(f"{_PROGRAM}: {error}\n")
        return ExitCode.ERROR
    except (KeyboardInterrupt, asyncio.CancelledError):
        return ExitCode.ERROR


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", metavar="CONFIG", help="YAML file with a `venue`")
    parser.add_argument("--add", metavar="FILE", action="append", default=[], help="merge one more")
    parser.add_argument(
        "--faults", metavar="N", type=_count, default=DEFAULT_FAULTS, help="how many (default: 15)"
    )
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="same seed, same faults")
    parser.add_argument(
        "--kinds",
        metavar="KIND,…",
        type=lambda words: [word.strip() for word in words.split(",") if word.strip()],
        default=[],
        help="kinds or groups of faults (default: all, as far as N goes)",
    )
    parser.add_argument(
        "--systems",
        metavar="N",
        type=_count,
        default=1,
        help="how many systems strike side by side, each with its own bots (default: 1)",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object, and nothing else")
    parser.add_argument(
        "--report", metavar="FILE", type=Path, help="also write it to a file: .json, or .md"
    )
    parser.add_argument("--keep", action="store_true", help="keep the folders of the runs")
    return parser.parse_args(arguments)


def _count(words: str) -> int:
    number = int(words)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


async def _drill(options: argparse.Namespace) -> int:
    drill = read_drill([options.config, *options.add])
    if options.report is not None and not options.report.parent.is_dir():
        raise ConfigError(f"--report: there is no folder {options.report.parent}")
    kinds = choose_kinds(options.kinds)
    if not options.kinds:
        kinds = [kind for kind in kinds if not kind.channel or kind.channel in drill.channels]
    strikes = make_schedule(options.faults, options.seed, kinds, drill.symbols)
    planned = Counter(strike.kind.name for strike in strikes)
    if options.kinds:
        planned.update(kind.name for kind in kinds)
    tally = Tally(options.seed, planned, options.systems)
    timer = LiveTimer()
    screen = Screen(sys.stderr, tally, len(strikes), timer, is_quiet=options.json)
    screen.begin(
        f"drilling {drill.project}: {len(drill.owners)} bots, {len(strikes)} faults, "
        f"seed {options.seed}; Ctrl-C ends it"
    )
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await _side_by_side(drill, episodes(strikes), tally, screen, timer, options)
    except asyncio.CancelledError:
        screen.end()
        sys.stderr.write(f"{_PROGRAM}: ended before its time; this is what it has found so far\n")
        _print(tally.row(screen.seconds), options)
        return ExitCode.ERROR
    screen.end()
    row = tally.row(screen.seconds)
    _print(row, options)
    return ExitCode.ERROR if row["violations"] or row["vacuous"] else ExitCode.DONE


async def _side_by_side(
    drill: Drill,
    waiting: list[list[Strike]],
    tally: Tally,
    screen: Screen,
    timer: AbstractTimer,
    options: argparse.Namespace,
) -> None:
    """Play all episodes, as many at a time as there shall be systems."""

    async def play() -> None:
        while waiting:
            episode = waiting.pop(0)
            folder = Path(tempfile.mkdtemp(prefix="tv-chaos-"))
            try:
                await Run(drill, folder, timer, tally, screen).run(episode)
            finally:
                _leave(folder, options)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(options.systems, len(waiting))):
                group.create_task(play())
    except* TickvisorError as errors:
        raise errors.exceptions[0] from None


def _print(row: dict[str, Any], options: argparse.Namespace) -> None:
    if options.report is not None:
        is_page = options.report.suffix == ".md"
        written = markdown(row) if is_page else json.dumps(row, indent=1) + "\n"
        options.report.write_text(written, encoding="utf-8")
    sys.stdout.write(json.dumps(row) + "\n" if options.json else f"\n{text(row)}")


def _leave(folder: Path, options: argparse.Namespace) -> None:
    if options.keep:
        sys.stderr.write(f"kept: {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
