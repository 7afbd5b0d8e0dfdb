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

from lib.chaos.report import Tally, text
from lib.chaos.schedule import choose_kinds, episodes, make_schedule
from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError
from lib.timer import LiveTimer
from workers.chaos_config import read_drill
from workers.chaos_run import Run

DESCRIPTION = (
    "Drill a configuration: its bots trade on an embedded exchange of their own while faults "
    "strike at random instants; then what the exchange knows is compared with the journal, with "
    "what each bot saw, and with the risk limits. Exit code 1 when something is wrong, or when "
    "too little happened to prove anything."
)
DEFAULT_FAULTS = 15


def main(arguments: list[str]) -> int:
    """Run a drill; return the exit code."""
    options = _parse(arguments)
    try:
        return asyncio.run(_drill(options))
    except ConfigError as error:
        sys.stderr.write(f"supervisor chaos: {error}\n")
        return ExitCode.USAGE
    except TickvisorError as error:
        sys.stderr.write(f"supervisor chaos: {error}\n")
        return ExitCode.ERROR
    except (KeyboardInterrupt, asyncio.CancelledError):
        return ExitCode.ERROR


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="supervisor chaos", description=DESCRIPTION)
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
    parser.add_argument("--json", action="store_true", help="one JSON object, and nothing else")
    parser.add_argument("--keep", action="store_true", help="keep the folders of the runs")
    return parser.parse_args(arguments)


def _count(words: str) -> int:
    number = int(words)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


async def _drill(options: argparse.Namespace) -> int:
    drill = read_drill([options.config, *options.add])
    kinds = choose_kinds(options.kinds)
    if not options.kinds:
        kinds = [kind for kind in kinds if not kind.channel or kind.channel in drill.channels]
    strikes = make_schedule(options.faults, options.seed, kinds, drill.symbols)
    planned = Counter(strike.kind.name for strike in strikes)
    if options.kinds:
        planned.update(kind.name for kind in kinds)
    tally = Tally(options.seed, planned)
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    for episode in episodes(strikes):
        folder = Path(tempfile.mkdtemp(prefix="tv-chaos-"))
        try:
            run = Run(drill, folder, LiveTimer(), tally, quiet=options.json)
            await run.run(episode)
        finally:
            _leave(folder, options)
    row = tally.row()
    sys.stdout.write(json.dumps(row) + "\n" if options.json else text(row))
    return ExitCode.ERROR if row["violations"] or row["vacuous"] else ExitCode.DONE


def _leave(folder: Path, options: argparse.Namespace) -> None:
    if options.keep:
        sys.stderr.write(f"kept: {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
