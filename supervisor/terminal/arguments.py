"""The arguments of each command, by its name."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from lib.durations import seconds
from lib.errors import ConfigError
from supervisor.terminal.exchange_commands import COMMANDS, add_arguments, add_halt
from supervisor.terminal.parser import add
from supervisor.terminal.record_commands import (
    EVENTS,
    HELP,
    INSTALL_SERVICE,
    add_events,
    add_install_service,
)

if TYPE_CHECKING:
    from supervisor.terminal.parser import Commands

VENUE = "venue"
CHAOS = "chaos"
SEND = "send"


def _add_exchange(name: str, commands: "Commands") -> None:
    command = COMMANDS[name]
    parser = add(commands, name, command.help, command.examples)
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
    parser = add(
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
    parser = add(
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
    parser = add(
        commands,
        "restart",
        "restart some workers, or all but the venue, one by one and without a gap in the data",
        """  supervisor restart stream
  supervisor restart 'bot:quoter:*'
  supervisor restart --all""",
    )
    _add_project(parser)
    parser.add_argument(
        "workers", metavar="WORKER", nargs="*", help="name as `status` shows it, or a pattern"
    )
    parser.add_argument(
        "--all", action="store_true", help="all but the venue, as without any WORKER"
    )


def _add_reload(commands: "Commands") -> None:
    parser = add(
        commands,
        "reload",
        "read the configuration again, and take over what has changed while all runs",
        """  supervisor reload --dry-run               what would change
  supervisor reload                         take it over
  supervisor reload yaml/prod.yaml --yes    leave what needs a full restart as it is""",
    )
    _add_config(parser, optional=True)
    _add_project(parser)
    parser.add_argument(
        "--dry-run", action="store_true", help="show the differences, change nothing"
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="take over the rest where something needs a full restart",
    )


def _add_status(commands: "Commands") -> None:
    parser = add(
        commands,
        "status",
        "show what runs, and how it is",
        "  supervisor status\n  supervisor status --watch\n  supervisor status --json | jq .state",
    )
    _add_project(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")
    parser.add_argument("--watch", action="store_true", help="keep showing it until Ctrl-C")


def _add_logs(commands: "Commands") -> None:
    parser = add(
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


def _add_events(commands: "Commands") -> None:
    parser = add(commands, EVENTS, *HELP[EVENTS])
    _add_project(parser)
    add_events(parser)


def _add_install_service(commands: "Commands") -> None:
    parser = add(commands, INSTALL_SERVICE, *HELP[INSTALL_SERVICE])
    _add_config(parser)
    add_install_service(parser)


def _add_check(commands: "Commands") -> None:
    parser = add(
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
    parser = add(
        commands,
        "doctor",
        "examine account, symbols and host; asks the exchange, changes nothing",
        "  supervisor doctor yaml/prod.yaml",
    )
    _add_config(parser)


def _add_version(commands: "Commands") -> None:
    add(commands, "version", "print the version", "  supervisor version")


def _add_venue(commands: "Commands") -> None:
    add(
        commands,
        VENUE,
        "run the embedded exchange alone; its arguments are its own",
        "  supervisor venue --help\n  supervisor venue --port 8080 --symbols BTCUSDT",
    )


def _add_chaos(commands: "Commands") -> None:
    add(
        commands,
        CHAOS,
        "break a system of its own on purpose and judge its orders; arguments of its own",
        "  supervisor chaos --help\n  supervisor chaos yaml/chaos.yaml --faults 15 --seed 1",
    )


def _add_send(commands: "Commands") -> None:
    parser = add(
        commands,
        SEND,
        "send bots a message, for their `onMessage`",
        """  supervisor send quoter "wider, please"
  supervisor send quoter:BTCUSDT '{"width": 0.001}' --json
  supervisor send '*' flat""",
    )
    parser.add_argument("bot", metavar="BOT", help="`quoter`, `quoter:BTCUSDT`, or a pattern")
    parser.add_argument("message", metavar="MESSAGE", help="text, or JSON; `-` reads stdin")
    parser.add_argument("--json", action="store_true", help="refuse what is not JSON")
    _add_project(parser)


def _add_completion(commands: "Commands") -> None:
    parser = add(
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


BUILDERS: dict[str, Callable[["Commands"], None]] = {
    "start": _add_start,
    "stop": _add_stop,
    "restart": _add_restart,
    "reload": _add_reload,
    "status": _add_status,
    "logs": _add_logs,
    EVENTS: _add_events,
    "check": _add_check,
    "doctor": _add_doctor,
    INSTALL_SERVICE: _add_install_service,
    SEND: _add_send,
    "version": _add_version,
    VENUE: _add_venue,
    CHAOS: _add_chaos,
    "completion": _add_completion,
    **{name: partial(_add_exchange, name) for name in COMMANDS},
}
"""Command -> what adds its parser."""
