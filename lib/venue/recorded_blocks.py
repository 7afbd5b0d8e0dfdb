"""Recordings of our own format (`lib.recording`) as timed market events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lib.constants import NS_PER_MS
from lib.recording.layout import BOOK, CANDLE, DEPTH, MARK, TRADE
from lib.recording.reader import Block, RecordingReader
from lib.venue.candles import Candle
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote

Row = MarketEvent | Candle
MINUTE_MS = 60_000


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
            candles_only = not block.order.strip(bytes((CANDLE,)))
        for row in _rows(block):
            if not isinstance(row, Candle):
                yield row.time_ns, row
            elif candles_only:
                yield row.open_ms * NS_PER_MS, row


def _rows(block: Block) -> Iterator[Row]:
    makers: dict[int, tuple[str, Callable[[Block], Iterator[Row]]]] = {
        BOOK: ("book", _quotes),
        TRADE: ("trade", _prints),
        MARK: ("mark", _marks),
        DEPTH: ("depth", _depths),
        CANDLE: ("candle", _candles),
    }
    readers = {kind: make(block) for kind, (name, make) in makers.items() if name in block.kinds}
    return map(next, map(readers.__getitem__, block.order))


def _quotes(block: Block) -> Iterator[Quote]:
    rows = block.kinds["book"]
    prices = map(rows.numbers, ("bid", "bid_qty", "ask", "ask_qty"))
    return map(Quote, rows.symbols(), *prices, *map(rows.integers, ("update_id", "time_ns")))


def _prints(block: Block) -> Iterator[Print]:
    rows = block.kinds["trade"]
    numbers = map(rows.numbers, ("price", "qty"))
    makers = map(bool, rows.integers("buyer_is_maker"))
    integers = map(rows.integers, ("trade_id", "time_ns"))
    return map(Print, rows.symbols(), *numbers, makers, *integers)


def _marks(block: Block) -> Iterator[MarkPrice]:
    rows = block.kinds["mark"]
    numbers = map(rows.numbers, ("mark", "index", "funding_rate"))
    return map(
        MarkPrice, rows.symbols(), *numbers, *map(rows.integers, ("next_funding_ns", "time_ns"))
    )


def _depths(block: Block) -> Iterator[Levels]:
    rows = block.kinds["depth"]
    levels = rows.levels()
    names = ("bids", "asks", "first_id", "last_id", "previous_id", "time_ns", "snapshot")
    columns = map(rows.integers, names)
    for symbol, bids, asks, first, last, previous, time_ns, snapshot in zip(
        rows.symbols(), *columns, strict=True
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
