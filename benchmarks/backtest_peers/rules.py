"""The strategy that all engines run, in numbers, and the files between us and a peer.

On a quote whose prices have changed, for each side: without an order, post one `WIDTH` from the
middle, rounded away from it, unless that could take the position beyond `LIMIT`; with one that is
`OFF` or more away from where it would be posted now, cancel it. On a quote that fills an own order,
do nothing: some engines tell the fill before the quote, others after it. Orders rest until the
opposite quote reaches them, and fill at their own price. Nothing takes time. Prices are whole
ticks, quantities whole lots.
"""

import json
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

SYMBOL = "BTCUSDT"
TICK, LOT = "0.1", "0.001"
TICKS_PER_UNIT, LOTS_PER_UNIT = 10, 1000
WIDTH, OFF = 40, 20
"""Ticks."""
QTY, LIMIT = 2, 10
"""Lots."""
MAKER_FEE = "0.0002"
CASH = 1_000_000
MARKET, RESULT = "market.bin", "result.json"
WARM_UP = 2_000
"""Quotes that an engine may play before it is measured, so that it can compile."""

Fill = tuple[int, str, int]
"""Time in ns, `BUY` or `SELL`, price in ticks."""


class Quotes(NamedTuple):
    """Columns of equal length; times grow."""

    time_ns: "array[int]"
    bid: "array[int]"
    bid_qty: "array[int]"
    ask: "array[int]"
    ask_qty: "array[int]"

    def first(self, count: int) -> "Quotes":
        """Return the first rows."""
        return Quotes(*(column[:count] for column in self))


class Played(NamedTuple):
    """What an engine has come to; `profit` is in the quote asset, at the last middle price."""

    fills: list[Fill]
    profit: float


def write_quotes(folder: Path, quotes: Quotes) -> None:
    """Write the market where peers find it."""
    with (folder / MARKET).open("wb") as file:
        for column in quotes:
            column.tofile(file)


def read_quotes(folder: Path) -> Quotes:
    """Return the market."""
    path = folder / MARKET
    rows = path.stat().st_size // (8 * len(Quotes._fields))
    columns = []
    with path.open("rb") as file:
        for _ in Quotes._fields:
            column = array("q")
            column.fromfile(file, rows)
            columns.append(column)
    return Quotes(*columns)


def wanted(bid: int, ask: int) -> tuple[int, int]:
    """Return where a bid and an ask would be posted now, in ticks."""
    return (bid + ask) // 2 - WIDTH, -(-(bid + ask) // 2) + WIDTH


def main(arguments: list[str], prepare: Callable[..., None], play: Callable[..., Played]) -> None:
    """Be a peer: write the engine's own kind of file, or play it and tell how long it took.

    Args:
        arguments: `prepare` or `play`, and the folder.
        prepare: Called with folder and quotes; not measured.
        play: Called with the folder and whether it is the warm-up, which is not measured either.
    """
    action, folder = arguments[0], Path(arguments[1])
    if action == "prepare":
        quotes = read_quotes(folder)
        prepare(folder, quotes, warm_up=False)
        prepare(folder, quotes.first(WARM_UP), warm_up=True)
        return
    play(folder, warm_up=True)
    begun = time.process_time()
    played = play(folder, warm_up=False)
    tell(folder, played, time.process_time() - begun)


def tell(folder: Path, played: Played, seconds: float) -> None:
    """Write what a peer has come to."""
    told: dict[str, Any] = played._asdict() | {"seconds": seconds, "peak_mb": peak_mb()}
    (folder / RESULT).write_text(json.dumps(told), "utf-8")


def peak_mb() -> float:
    """Return the most memory that this process has used; `getrusage` would count its parent's."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
