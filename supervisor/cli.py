"""The `supervisor` command: arguments in, one command run, an exit code out.

Imports next to nothing: each command's module is imported when it is asked for.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from lib.constants import ExitCode
from lib.durations import seconds
from lib.errors import ConfigError, NotRunning, TickvisorError
from supervisor.exchange_commands import COMMANDS, add_arguments, add_halt

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]  # noqa: SLF001 - argparse has no other name

PROGRAM = "supervisor"
VENUE = "venue"
CHAOS = "chaos"
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
EXIT_CODES = """exit codes:
  0 done   1 error   2 usage or bad configuration   3 not running
  4 running, but some worker is not ready"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with the exit code for wrong usage."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


class Wide(argparse.RawDescriptionHelpFormatter):
    """Keeps examples as they are, and has room for the longest command's name."""

    def __init__(self, prog: str) -> None:
        """Take argparse's own width."""
        super().__init__(prog, max_help_position=28)


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
    builders: dict[str, Callable[[Commands], None]] = {
        "start": _add_start,
        "stop": _add_stop,
        "restart": _add_restart,
        "status": _add_status,
        "logs": _add_logs,
        "check": _add_check,
        "doctor": _add_doctor,
        "version": _add_version,
        VENUE: _add_venue,
        CHAOS: _add_chaos,
        "completion": _add_completion,
        **{name: partial(_add_exchange, name) for name in COMMANDS},
    }
    for name in [name for name in wanted if name in builders] or builders:
        builders[name](commands)
    for name in RESEARCH if not wanted or wanted[0] not in builders else ():
        _add(commands, name, RESEARCH[name], f"  supervisor {name} --help")
    return parser


def _add(commands: "Commands", name: str, help_line: str, examples: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_line,
        description=f"{help_line[0].upper()}{help_line[1:]}.",
        epilog=f"examples:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=Wide,
    )
    parser.set_defaults(module=f"supervisor.subcommands.{name}")
    return parser


def _add_exchange(name: str, commands: "Commands") -> None:
    command = COMMANDS[name]
    parser = _add(commands, name, command.help, command.examples)
    _add_project(parser)
    add_arguments(name, parser)
    if name == "halt":
        add_halt(parser, _duration)


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", metavar="NAME", default="", help="which run, where more than one runs"
    )


def _add_config(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    parser.add_argument(
        "config", metavar="CONFIG", nargs="?" if optional else None, help="YAML file"
    )
    parser.add_argument(
        "--add",
        metavar="FILE",
        action="append",
        default=[],
        help="merge one more YAML file over it: dicts merge, lists and scalars override",
    )


def _add_start(commands: "Commands") -> None:
    parser = _add(
        commands,
        "start",
        "start the workers of a configuration and keep them alive",
        """  supervisor start yaml/sandbox.yaml
  supervisor start yaml/prod.yaml --add my/symbols.yaml --detach
  supervisor start yaml/sandbox.yaml --for 10m""",
    )
    _add_config(parser)
    parser.add_argument(
        "--detach", action="store_true", help="run in the background; return when all is ready"
    )
    parser.add_argument(
        "--for",
        metavar="TIME",
        dest="run_seconds",
        type=_duration,
        default=None,
        help="stop after this time, like 30s, 10m, 2h",
    )


def _add_stop(commands: "Commands") -> None:
    parser = _add(
        commands,
        "stop",
        "stop a run: bots clean up first, then the rest",
        "  supervisor stop\n  supervisor stop --project prod --timeout 1m",
    )
    _add_project(parser)
    parser.add_argument(
        "--timeout",
        metavar="TIME",
        type=_duration,
        default=30.0,
        help="what is still there after this time is killed (default: 30s)",
    )


def _add_restart(commands: "Commands") -> None:
    parser = _add(
        commands,
        "restart",
        "restart some workers, or all but the venue",
        "  supervisor restart stream\n  supervisor restart 'bot:quoter:*'",
    )
    _add_project(parser)
    parser.add_argument(
        "workers", metavar="WORKER", nargs="*", help="name as `status` shows it, or a pattern"
    )


def _add_status(commands: "Commands") -> None:
    parser = _add(
        commands,
        "status",
        "show what runs, and how it is",
        "  supervisor status\n  supervisor status --watch\n  supervisor status --json | jq .state",
    )
    _add_project(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument("--watch", action="store_true", help="keep showing it until Ctrl-C")


def _add_logs(commands: "Commands") -> None:
    parser = _add(
        commands,
        "logs",
        "print the logs of one worker, or of all",
        """  supervisor logs -f
  supervisor logs stream --since 5m
  supervisor logs supervisor -n 100""",
    )
    _add_project(parser)
    parser.add_argument("worker", metavar="WORKER", nargs="?", default="", help="one worker only")
    parser.add_argument("-f", "--follow", action="store_true", help="keep printing until Ctrl-C")
    parser.add_argument(
        "--since", metavar="TIME", type=_duration, default=None, help="only the last 30s, 10m, 2h"
    )
    parser.add_argument(
        "-n", "--lines", metavar="N", type=_count, default=50, help="only the last N (default: 50)"
    )


def _add_check(commands: "Commands") -> None:
    parser = _add(
        commands,
        "check",
        "check a configuration and print its plan; touches nothing",
        """  supervisor check yaml/prod.yaml
  supervisor check yaml/prod.yaml --defaults
  supervisor check --schema > tickvisor.schema.json""",
    )
    _add_config(parser, optional=True)
    parser.add_argument(
        "--schema", action="store_true", help="print the JSON schema that editors understand"
    )
    parser.add_argument(
        "--defaults", action="store_true", help="print the default values that it leans on"
    )


def _add_doctor(commands: "Commands") -> None:
    parser = _add(
        commands,
        "doctor",
        "examine account, symbols and host; asks the exchange, changes nothing",
        "  supervisor doctor yaml/prod.yaml",
    )
    _add_config(parser)


def _add_version(commands: "Commands") -> None:
    _add(commands, "version", "print the version", "  supervisor version")


def _add_venue(commands: "Commands") -> None:
    _add(
        commands,
        VENUE,
        "run the embedded exchange alone; its arguments are its own",
        "  supervisor venue --help\n  supervisor venue --port 8080 --symbols BTCUSDT",
    )


def _add_chaos(commands: "Commands") -> None:
    _add(
        commands,
        CHAOS,
        "break a system of its own on purpose and judge its orders; arguments of its own",
        "  supervisor chaos --help\n  supervisor chaos yaml/chaos.yaml --faults 15 --seed 1",
    )


def _add_completion(commands: "Commands") -> None:
    parser = _add(
        commands,
        "completion",
        "print a shell's completion script",
        '  eval "$(supervisor completion bash)"',
    )
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which shell")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lines")
    return int(text)


def _duration(text: str) -> float:
    try:
        return seconds(text)
    except ConfigError as error:
        raise argparse.ArgumentTypeError(error.message) from None
