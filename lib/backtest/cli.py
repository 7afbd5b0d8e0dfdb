"""The commands of `python -m lib.backtest`: what `supervisor backtest`, `data`, … execute."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError

PROGRAM = "supervisor"
Parser = argparse.ArgumentParser
Command = Callable[[argparse.Namespace], int]
COMMANDS = ("backtest", "sweep", "replay", "report", "data", "record", "new")
"""Each is a module `lib.backtest.commands.NAME` with `add(parser)` and `run(arguments)`."""
EXIT_CODES = """exit codes:
  0 done   1 error   2 usage or bad configuration"""


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with the exit code for wrong usage."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code.

    Args:
        argv: Arguments; those of the process by default.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in COMMANDS:
        sys.stderr.write(f"python -m lib.backtest: name one of {', '.join(COMMANDS)}\n")
        return ExitCode.USAGE
    name = words[0]
    command = importlib.import_module(f"lib.backtest.commands.{name}")
    parser = OneLineParser(
        prog=f"{PROGRAM} {name}",
        description=command.DESCRIPTION,
        epilog=f"examples:\n{command.EXAMPLES}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add(parser)
    try:
        return int(command.run(parser.parse_args(words[1:])))
    except TickvisorError as error:
        sys.stderr.write(f"{PROGRAM} {name}: {' '.join(str(error).split())}\n")
        return ExitCode.USAGE if isinstance(error, ConfigError) else ExitCode.ERROR
    except KeyboardInterrupt:
        return ExitCode.ERROR
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except OSError as error:
        sys.stderr.write(f"{PROGRAM} {name}: {error}\n")
        return ExitCode.ERROR


def add_config(parser: Parser) -> None:
    """Add what every command has that runs a configuration."""
    parser.add_argument("config", metavar="CONFIG", help="YAML file, as for `supervisor start`")
    parser.add_argument(
        "--add",
        metavar="FILE",
        action="append",
        default=[],
        help="merge one more YAML file over it",
    )
    parser.add_argument(
        "--from",
        dest="start",
        metavar="TIME",
        default="",
        help="where to begin: a moment in UTC, or an offset like 10m",
    )
    parser.add_argument(
        "--to", dest="end", metavar="TIME", default="", help="where to end, like --from"
    )
