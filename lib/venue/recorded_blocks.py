"""Recordings of our own format (`lib.recording`) as timed market events."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from lib.constants import NS_PER_MS
from lib.recording.layout import BOOK, CANDLE, DEPTH, MARK, TRADE
from lib.recording.reader import Block, RecordingReader
from lib.venue.candles import Candle
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote

Row = MarketEvent | Candle
MINUTE_MS = 60_000
_CANDLE = bytes((CANDLE,))
# Makes a named tuple of any iterable, without the checks and the cost of its own constructor.
_new: Callable[[type[Any], Iterable[Any]], Any] = tuple.__new__


@dataclass(slots=True)
class RecordedCandle(Candle):
    """A candle that says whose it is."""

    symbol: str = ""


def read_blocks(path: Path) -> Iterator[tuple[int, Row]]:
    """Yield (receive time in ns, event) of each row in order.

    Candles stand at their beginning, and only if the recording has nothing else: beside trades or
    quotes they would be the same market once more.

    Raises:
        ConfigError: The file is damaged.
    """
    candles_only: bool | None = None
    for block in RecordingReader(path).blocks():
        if candles_only is None:
            candles_only = not block.order.strip(_CANDLE)
        if candles_only and "candle" in block.kinds:
            yield from ((row.open_ms * NS_PER_MS, row) for row in _candles(block))
        yield from ((row.time_ns, row) for row in block_events(block))


def block_events(block: Block, clock: str = "time_ns") -> Iterator[MarketEvent]:
    """Yield a block's rows as events, in order of receipt; candles are left out.

    `clock` is the column that the events are dated by: when a row was received, or the exchange's
    own `event_ns`. Each event is made when it is asked for: a million of them in a list would keep
    the garbage collector busy.
    """
    readers: dict[int, Iterator[MarketEvent]] = {}
    for kind, name, make in (
        (BOOK, "book", _quotes),
        (TRADE, "trade", _prints),
        (MARK, "mark", _marks),
        (DEPTH, "depth", _depths),
    ):
        if name in block.kinds:
            readers[kind] = make(block, clock)
    if len(readers) == 1 and len(block.kinds) == 1:
        return next(iter(readers.values()))
    order = block.order if "candle" not in block.kinds else block.order.replace(_CANDLE, b"")
    return map(next, map(readers.__getitem__, order))


def _quotes(block: Block, clock: str) -> Iterator[Quote]:
    rows = block.kinds["book"]
    prices = map(rows.numbers, ("bid", "bid_qty", "ask", "ask_qty"))
    integers = map(rows.integers, ("update_id", clock))
    return map(_new, repeat(Quote), zip(rows.symbols(), *prices, *integers, strict=True))


def _prints(block: Block, clock: str) -> Iterator[Print]:
    rows = block.kinds["trade"]
    makers = map(bool, rows.integers("buyer_is_maker"))
    numbers = map(rows.numbers, ("price", "qty"))
    integers = map(rows.integers, ("trade_id", clock))
    return map(_new, repeat(Print), zip(rows.symbols(), *numbers, makers, *integers, strict=True))


def _marks(block: Block, clock: str) -> Iterator[MarkPrice]:
    rows = block.kinds["mark"]
    numbers = map(rows.numbers, ("mark", "index", "funding_rate"))
    integers = map(rows.integers, ("next_funding_ns", clock))
    return map(_new, repeat(MarkPrice), zip(rows.symbols(), *numbers, *integers, strict=True))


def _depths(block: Block, clock: str) -> Iterator[Levels]:
    rows = block.kinds["depth"]
    levels = rows.levels()
    names = ("bids", "asks", "first_id", "last_id", "previous_id", clock, "snapshot")
    for symbol, bids, asks, first, last, previous, time_ns, snapshot in zip(
        rows.symbols(), *map(rows.integers, names), strict=True
    ):
        below, above = list(islice(levels, bids)), list(islice(levels, asks))
        yield Levels(symbol, below, above, first, last, previous, time_ns, bool(snapshot))


def _candles(block: Block) -> Iterator[Candle]:
    rows = block.kinds["candle"]
    numbers = map(rows.numbers, ("open", "high", "low", "close", "volume"))
    columns = zip(rows.symbols(), rows.integers("open_ns"), *numbers, strict=True)
    for symbol, open_ns, first, high, low, last, volume in columns:
        open_ms = open_ns // NS_PER_MS
        prices = first, high, low, last
        candle = RecordedCandle(
            open_ms, open_ms + MINUTE_MS - 1, *prices, volume=volume, symbol=symbol
        )
        candle.estimate()
        yield candle
