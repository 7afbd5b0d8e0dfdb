"""The market of the backtest benchmark: recorded quotes, repeated until there are enough."""

import os
import random
from array import array
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from benchmarks.backtest_peers.rules import LOTS_PER_UNIT, SYMBOL, TICKS_PER_UNIT, Quotes
from lib.backtest.convert import rows_of
from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.recording.writer import RecordingWriter
from lib.venue.market import Quote

RECORDING = "ws_raw_20240808/usdm_btcusdt_20240808.gz"
START_NS = 1_767_226_200_000_000_000
"""2026-01-01T00:10:00Z: far from any funding, which not every engine knows."""


def make_quotes(count: int) -> tuple[str, Quotes]:
    """Return what they are, and `count` quotes in ticks and lots, each at a millisecond of its own.

    Equal times would leave it to each engine what comes first.
    """
    rows = list(recorded_quotes())
    title = "recorded quotes" if rows else "quotes of a random walk"
    rows = rows or list(walked_quotes(50_000))
    found = Quotes(*(array("q") for _ in Quotes._fields))
    offset_ns, last_ns = START_NS - rows[0].time_ns, 0
    for number in range(count):
        place = number % len(rows)
        row = rows[place]
        if not place and number:
            offset_ns = last_ns - row.time_ns + 100 * NS_PER_MS
        time_ns = (row.time_ns + offset_ns) // NS_PER_MS * NS_PER_MS
        last_ns = max(time_ns, last_ns + NS_PER_MS)
        sides = (
            row.bid * TICKS_PER_UNIT,
            row.bid_qty * LOTS_PER_UNIT,
            row.ask * TICKS_PER_UNIT,
            row.ask_qty * LOTS_PER_UNIT,
        )
        for column, value in zip(found, (last_ns, *map(int, sides)), strict=True):
            column.append(value)
    return title, found


def write_recording(path: Path, quotes: Quotes) -> None:
    """Write quotes in our own format."""
    writer = RecordingWriter(path, {"made_by": "benchmark"}, block_ns=0)
    texts: dict[tuple[int, int], str] = {}
    units = (TICKS_PER_UNIT, LOTS_PER_UNIT, TICKS_PER_UNIT, LOTS_PER_UNIT)
    for number, (time_ns, *values) in enumerate(zip(*quotes, strict=True), 1):
        row = []
        for key in zip(values, units, strict=True):
            if key not in texts:
                texts[key] = plain(Decimal(key[0]) / key[1])
            row.append(texts[key])
        writer.book(time_ns, time_ns, SYMBOL, number, row)
    writer.close()


def recorded_quotes() -> Iterator[Quote]:
    """Yield the quotes of the recording, none where it is not there."""
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    path = Path(os.environ.get("TICKVISOR_DATA", default)) / RECORDING
    if path.exists():
        yield from (event for _, _, event in rows_of(path) if isinstance(event, Quote))


def walked_quotes(count: int) -> Iterator[Quote]:
    """Yield the quotes of a seeded random walk with jumps, 5 ms apart."""
    draw = random.Random(1)
    tick, price = Decimal(1) / TICKS_PER_UNIT, Decimal(60_000)
    for number in range(count):
        price += tick * draw.choices((-60, -1, 0, 1, 60), (1, 20, 58, 20, 1))[0]
        bid_qty, ask_qty = (Decimal(draw.randint(1, 900)) / 100 for _ in range(2))
        time_ns = START_NS + number * 5 * NS_PER_MS
        yield Quote(SYMBOL, price, bid_qty, price + tick, ask_qty, number, time_ns)
