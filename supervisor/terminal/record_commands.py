"""Arguments of the commands about a run's record and its service."""

from argparse import ArgumentParser

EVENTS = "events"
INSTALL_SERVICE = "install-service"
HELP = {
    EVENTS: (
        "print what has happened: starts, ends, illnesses, healing, and why",
        """  supervisor events --since 10m
  supervisor events --follow --level warning
  supervisor events --worker 'bot:*' --since 2026-11-22T14:00 --json | jq .reason""",
    ),
    INSTALL_SERVICE: (
        "write a systemd unit that runs a configuration",
        """  supervisor install-service yaml/prod.yaml --print
  sudo .venv/bin/supervisor install-service yaml/prod.yaml --run-as trader --env-file /etc/prod.env
  supervisor install-service yaml/sandbox.yaml --user""",
    ),
}
"""Command -> what it does, examples."""


def add_events(parser: ArgumentParser) -> None:
    """Add the arguments of `events`."""
    parser.add_argument(
        "--since", metavar="TIME", default="",
        help="only from then on: 30s, 10m, 2h ago, or 2026-11-22T14:00 (UTC)",
    )  # fmt: skip
    parser.add_argument("-f", "--follow", action="store_true", help="keep printing until Ctrl-C")
    parser.add_argument(
        "--worker", metavar="NAME", default="*", help="name as `status` shows it, or a pattern"
    )
    parser.add_argument(
        "--level",
        choices=("info", "warning", "error"),
        default="info",
        help="leave out lesser ones",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "-n", "--lines", metavar="N", type=int, default=50,
        help="only the last N, when --since is not given (default: 50)",
    )  # fmt: skip


def add_install_service(parser: ArgumentParser) -> None:
    """Add the arguments of `install-service`."""
    parser.add_argument("--user", action="store_true", help="for your own service manager")
    parser.add_argument("--print", action="store_true", help="print it, write nothing")
    parser.add_argument("--run-as", metavar="USER", default="", help="who runs it (default: you)")
    parser.add_argument(
        "--env-file", metavar="FILE", default="", help="file of NAME=VALUE lines: keys, tokens"
    )
    parser.add_argument(
        "--writable", metavar="FOLDER", action="append", default=[],
        help="one more folder that it may write, like that of a database",
    )  # fmt: skip
