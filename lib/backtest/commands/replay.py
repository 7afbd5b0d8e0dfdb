"""`supervisor replay`: the same bot over the very events it had; and two runs compared."""

import json
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lib.backtest.cli import Parser
from lib.backtest.commands.report import write_report
from lib.backtest.live_run import TappedRun
from lib.backtest.parity import PRICE_BPS, Parity, compare
from lib.backtest.results import FILLS, ORDERS, read_results, read_table, write_lived
from lib.backtest.terminal import aligned
from lib.constants import NS_PER_SECOND, ExitCode
from lib.durations import seconds
from lib.errors import ConfigError
from lib.recording.replay import replay
from lib.recording.tap_file import SUFFIX

DESCRIPTION = (
    "Run bots again over their taps: their orders must be the same. With --against, compare the "
    "orders and fills of the taps with those of a backtest."
)
EXAMPLES = """  supervisor replay taps
  supervisor replay taps/quoter-BTCUSDT.tap --bot my/quoter.py
  supervisor replay taps --against runs/backtest-1
  supervisor replay taps --out runs/live && supervisor report runs/live"""


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    parser.add_argument("taps", metavar="TAP", nargs="+", help="*.tap, or a folder of them")
    parser.add_argument("--bot", metavar="CLASS", default="", help="instead of the tapped class")
    parser.add_argument(
        "--against", metavar="RUN", default="", help="compare with this backtest's results"
    )
    parser.add_argument(
        "--tolerance", metavar="TIME", default="2s", help="how far apart things may happen (2s)"
    )
    parser.add_argument(
        "--price-tolerance", metavar="BPS", type=float, default=PRICE_BPS,
        help=f"how far apart prices may be ({PRICE_BPS:g} bps)",
    )  # fmt: skip
    parser.add_argument("--out", metavar="FOLDER", default="", help="write the taps as a run")
    parser.add_argument("--json", action="store_true", help="print as JSON")


def run(arguments: Namespace) -> int:
    """Replay, compare or convert.

    Raises:
        ConfigError: A tap or a folder is wrong.
    """
    paths = _find(arguments.taps)
    if arguments.out:
        out = Path(arguments.out)
        write_lived(out, TappedRun(paths))
        sys.stdout.write(f"{write_report(out)}\n")
        return ExitCode.DONE
    if arguments.against:
        tolerance_ns = round(seconds(arguments.tolerance) * NS_PER_SECOND)
        tolerances = tolerance_ns, arguments.price_tolerance
        return _compare(paths, Path(arguments.against), tolerances, as_json=arguments.json)
    return _replay(paths, arguments.bot, as_json=arguments.json)


def _find(names: Sequence[str]) -> list[Path]:
    paths: list[Path] = []
    for name in names:
        path = Path(name)
        found = sorted(path.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
        if not found:
            raise ConfigError(f"{path} holds no *{SUFFIX}")
        paths += found
    return paths


def _replay(paths: Sequence[Path], target: str, *, as_json: bool) -> int:
    results = [replay(path, target) for path in paths]
    if as_json:
        sys.stdout.write(json.dumps([each._asdict() for each in results], indent=1) + "\n")
    else:
        for each in results:
            verdict = f"DIFFERS: {each.difference}" if each.difference else "the same"
            counts = f"{each.calls:,} calls, {each.orders:,} orders, {each.cancels:,} cancels"
            sys.stdout.write(f"{each.owner}: {counts}: {verdict}\n")
    return ExitCode.ERROR if any(each.difference for each in results) else ExitCode.DONE


def _compare(
    paths: Sequence[Path], other: Path, tolerances: tuple[int, float], *, as_json: bool
) -> int:
    read_results(other)
    draft = other / ".taps"
    try:
        write_lived(draft, TappedRun(paths))
        orders = read_table(draft / ORDERS), read_table(other / ORDERS)
        fills = read_table(draft / FILLS), read_table(other / FILLS)
    finally:
        for path in draft.glob("*"):
            path.unlink()
        draft.rmdir()
    parity = compare(orders, fills, *tolerances)
    text = json.dumps(parity.as_json(), indent=1) + "\n" if as_json else _shown(parity)
    sys.stdout.write(text)
    return ExitCode.DONE


def _shown(parity: Parity) -> str:
    classes = Counter((each.run, each.reason) for each in parity.unmatched)
    rows = [
        ["", "taps", "backtest", "matched"],
        ["orders", *map(str, parity.orders), str(parity.matched_orders)],
        ["fills", *map(str, parity.fills), str(parity.matched_fills)],
    ]
    names = {"left": "in the taps alone", "right": "in the backtest alone"}
    lines = [aligned(rows), f"\n{parity.share:.1%} of the fills match"]
    if parity.apart_bps:
        lines.append(f"their prices are {parity.apart_bps:.3f} bps apart in the mean")
    lines += [f"{count} fills {names[run]}: {reason}" for (run, reason), count in classes.items()]
    return "\n".join(lines) + "\n"
