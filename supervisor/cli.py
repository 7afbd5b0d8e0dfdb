"""The `supervisor` command: arguments in, one command run, an exit code out.

Imports next to nothing: each command's module is imported when it is asked for.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from lib.constants import ExitCode
from lib.errors import ConfigError, NotRunning, TickvisorError
from supervisor.asked.not_yet import NotYet
from supervisor.terminal.arguments import BUILDERS, CHAOS, VENUE
from supervisor.terminal.parser import EXIT_CODES, Parser, Wide, add

PROGRAM = "supervisor"
PROGRAMS = {VENUE: "workers.venue", CHAOS: "workers.chaos"}
"""Commands that are programs of their own: supervision loads nothing of them."""
RESEARCH = {
    "backtest": "run bots over a market of the past",
    "sweep": "run many backtests: grids and studies, walk-forward",
    "replay": "run bots over the very events that they had live, and compare",
    "report": "write the report of a backtest or of a run",
    "record": "record live market data",
    "data": "list, show, check, convert and import recordings",
    "new": "write a bot to begin with",
}
"""Commands of `lib.backtest`, another program; what they do."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code.

    Args:
        argv: Arguments; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in PROGRAMS:
        program = [sys.executable, "-m", PROGRAMS[words[0]], *words[1:]]
        os.execv(sys.executable, program)  # noqa: S606
    if words and words[0] in RESEARCH:
        os.execv(sys.executable, [sys.executable, "-m", "lib.backtest", *words])  # noqa: S606
    try:
        arguments = build_parser(words[:1]).parse_args(words)
        command = importlib.import_module(arguments.module)
        return int(command.run(arguments))
    except TickvisorError as error:
        sys.stderr.write(f"{PROGRAM}: {' '.join(str(error).split())}\n")
        return exit_code(error)
    except KeyboardInterrupt:
        return ExitCode.ERROR
    except BrokenPipeError:
        # the reader (head, less) has seen enough; nothing may be flushed to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return ExitCode.ERROR


def exit_code(error: TickvisorError) -> int:
    """Return the exit code that an error means."""
    if isinstance(error, ConfigError):
        return ExitCode.USAGE
    if isinstance(error, NotYet):
        return ExitCode.DEGRADED
    return ExitCode.NOT_RUNNING if isinstance(error, NotRunning) else ExitCode.ERROR


def build_parser(wanted: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of all commands; each sets `module` to the one that runs it.

    Args:
        wanted: Names of the commands to build, as far as there are such: making all of them
            takes longer than running one. Others than commands ask for all.
    """
    parser = Parser(
        prog=PROGRAM,
        description="Keeps live trading bots alive.",
        epilog=f"""examples:
  supervisor start yaml/sandbox.yaml        a whole system: no key, no network needed
  supervisor status --watch                 what it does
  supervisor logs -f bot:quoter:BTCUSDT     what one worker says
  supervisor stop

{EXIT_CODES}""",
        formatter_class=Wide,
    )
    commands = parser.add_subparsers(
        metavar="COMMAND", required=True, parser_class=Parser, prog=PROGRAM
    )
    for name in [name for name in wanted if name in BUILDERS] or BUILDERS:
        BUILDERS[name](commands)
    for name in RESEARCH if not wanted or wanted[0] not in BUILDERS else ():
        add(commands, name, RESEARCH[name], f"  supervisor {name} --help")
    return parser
