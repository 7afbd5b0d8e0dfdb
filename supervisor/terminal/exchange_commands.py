"""The commands that ask the exchange worker: their help and their arguments."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import NamedTuple


class Command(NamedTuple):
    """One command of the `supervisor`."""

    help: str
    examples: str


COMMANDS = {
    "halt": Command(
        "have bots (or all) add no risk until `resume`; cancels and exits go on",
        """  supervisor halt quoter
  supervisor halt --flatten --within 1m --reason "exchange maintenance\"""",
    ),
    "resume": Command(
        "let halted or paused bots add risk again",
        "  supervisor resume\n  supervisor resume quoter",
    ),
    "orders": Command(
        "show open orders: as believed, and as the exchange lists them",
        "  supervisor orders\n  supervisor orders quoter --json",
    ),
    "positions": Command(
        "show positions: as believed, and as the exchange says",
        "  supervisor positions\n  supervisor positions quoter:BTCUSDT --json",
    ),
    "fills": Command(
        "show the newest fills from the orders' journal",
        "  supervisor fills quoter -n 20\n  supervisor fills --json",
    ),
    "reconcile": Command(
        "read the account again now, and set right what was believed", "  supervisor reconcile"
    ),
    "resolve": Command(
        "call an order of unknown fate not placed, so that its symbol is free again",
        "  supervisor resolve 6b633f50-20261122.162908.105366",
    ),
}
BOTS = frozenset({"halt", "resume", "orders", "positions", "fills"})
TABLES = frozenset({"orders", "positions", "fills"})


def add_arguments(name: str, parser: ArgumentParser) -> None:
    """Add the arguments of one command."""
    if name in BOTS:
        parser.add_argument(
            "bots", metavar="BOT", nargs="*", help="`quoter`, or `quoter:BTCUSDT`; default: all"
        )
    if name in TABLES:
        parser.add_argument("--json", action="store_true", help="a JSON list, for programs")
    if name == "fills":
        parser.add_argument(
            "-n", "--lines", metavar="N", type=int, default=50, help="how many (default: 50)"
        )
    if name == "resolve":
        parser.add_argument("id", metavar="ID", help="client order id, as `orders` shows it")


def add_halt(parser: ArgumentParser, duration: Callable[[str], float]) -> None:
    """Add what only `halt` has; `duration` reads a time like `30s`."""
    parser.add_argument(
        "--flatten", action="store_true", help="cancel everything and close the positions, too"
    )
    parser.add_argument(
        "--within", metavar="TIME", type=duration, default=30.0,
        help="what --flatten may take (default: 30s)",
    )  # fmt: skip
    parser.add_argument("--reason", metavar="TEXT", default="", help="for the record")
