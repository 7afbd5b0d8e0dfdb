"""Turns recordings into one another: anything the venue reads, our format, raw frames."""

import gzip
import heapq
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from lib.constants import NS_PER_MS
from lib.errors import ConfigError
from lib.recording.layout import SUFFIX
from lib.recording.reader import RecordingReader, is_recording
from lib.recording.writer import RecordingWriter
from lib.venue.candles import Candle
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.recorded_blocks import block_events
from lib.venue.recorded_files import open_source, read

Row = tuple[int, str, MarketEvent | Candle]
"""(receive time, symbol, event)."""
_KINDS: dict[type[Any], str] = {
    Quote: "book",
    Print: "trade",
    MarkPrice: "mark",
    Levels: "depth",
    Candle: "candle",
}


def kind_of(event: MarketEvent | Candle) -> str:
    """Return what our format calls an event."""
    return _KINDS[type(event)]


@lru_cache(maxsize=65_536)
def text_of(value: Decimal) -> str:
    """Return a number as exact text without exponent."""
    return format(value, "f")


def rows_of(path: Path) -> Iterator[Row]:
    """Yield what a recording of any known format holds, as it was recorded.

    Raises:
        ConfigError: It is of no known format, or damaged.
    """
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    if is_recording(path):
        for block in RecordingReader(path).blocks():
            for own in block_events(block):
                yield own.time_ns, own.symbol, own
        return
    source = open_source(str(path))
    for time_ns, event in read(source):
        yield time_ns, source.symbol or str(getattr(event, "symbol", "")), event


def convert(inputs: list[Path], output: Path, symbols: Iterable[str] = ()) -> dict[str, Any]:
    """Merge recordings into a new one; return figures about it.

    Args:
        inputs: Files of any known format, merged by receive time.
        output: `*.tvr` for our format, `*.gz` for raw frames that a venue plays, too.
        symbols: Only these; none: all.

    Raises:
        ConfigError: A file is wrong, is there already, or nothing is in it.
    """
    if output.exists():
        raise ConfigError(f"{output} is there already; name another file, or remove it")
    wanted = set(symbols)
    merged = heapq.merge(*(rows_of(path) for path in inputs), key=_time_of)
    rows = (row for row in merged if not wanted or row[1] in wanted)
    draft = output.with_name(f".{output.name}.part")
    draft.unlink(missing_ok=True)
    try:
        if output.suffix == SUFFIX:
            counts = _write_own(rows, draft, [path.name for path in inputs])
        elif output.suffix == ".gz":
            counts = _write_frames(rows, draft)
        else:
            raise ConfigError(f"{output.name}: right would be a name that ends in {SUFFIX} or .gz")
        if not counts:
            named = f" of {', '.join(sorted(wanted))}" if wanted else ""
            raise ConfigError(f"there is no market data{named} in the input")
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    return {"file": str(output), "bytes": output.stat().st_size, "rows": counts}


def _time_of(row: Row) -> int:
    return row[0]


def _write_own(rows: Iterable[Row], path: Path, names: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    with ExitStack() as stack:
        writer = RecordingWriter(path, {"made_by": "convert", "from": names}, block_ns=0)
        stack.callback(writer.close)
        for time_ns, symbol, event in rows:
            write_row(writer, time_ns, symbol, event)
            kind = kind_of(event)
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def write_row(
    writer: RecordingWriter, time_ns: int, symbol: str, event: MarketEvent | Candle
) -> None:
    """Write one event; its exchange time is not known apart from the receive time."""
    match event:
        case Quote():
            quote = [text_of(value) for value in event[1:5]]
            writer.book(time_ns, time_ns, symbol, event.update_id, quote)
        case Print():
            trade = text_of(event.price), text_of(event.qty), event.buyer_is_maker
            writer.trade(time_ns, time_ns, symbol, event.trade_id, trade)
        case MarkPrice():
            prices = [text_of(value) for value in event[1:4]]
            writer.mark(time_ns, time_ns, symbol, event.next_funding_ns, prices)
        case Levels():
            sides = _texts(event.bids), _texts(event.asks)
            ids = event.first_id, event.last_id, event.previous_id
            writer.depth(time_ns, time_ns, symbol, ids, sides, snapshot=event.snapshot)
        case Candle():
            values = [
                text_of(value)
                for value in (event.open, event.high, event.low, event.close, event.volume)
            ]
            open_ns = event.open_ms * NS_PER_MS
            end_ns = (event.close_ms + 1) * NS_PER_MS
            writer.candle(end_ns, end_ns, symbol, open_ns, values)


def _texts(rows: Iterable[tuple[Decimal, Decimal]]) -> list[tuple[str, str]]:
    return [(text_of(price), text_of(qty)) for price, qty in rows]


def _write_frames(rows: Iterable[Row], path: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
        for time_ns, symbol, event in rows:
            if isinstance(event, Candle):
                continue
            frame = _frame(event, symbol, time_ns)
            file.write(f"{time_ns} {json.dumps(frame, separators=(',', ':'))}\n")
            kind = kind_of(event)
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _frame(event: MarketEvent, symbol: str, time_ns: int) -> dict[str, Any]:
    """Return an event as the exchange's frame that says the same."""
    now_ms = time_ns // NS_PER_MS
    head = {"E": now_ms, "T": now_ms, "s": symbol}
    match event:
        case Quote():
            values = dict(zip("bBaA", map(text_of, event[1:5]), strict=True))
            return {"e": "bookTicker", "u": event.update_id, **head, **values}
        case Print():
            return {
                "e": "trade",
                **head,
                "t": event.trade_id,
                "p": text_of(event.price),
                "q": text_of(event.qty),
                "X": "MARKET",
                "m": event.buyer_is_maker,
            }
        case MarkPrice():
            mark, index, rate = map(text_of, event[1:4])
            funding_ms = event.next_funding_ns // NS_PER_MS
            return {"e": "markPriceUpdate", **head, "p": mark, "i": index, "r": rate} | {
                "T": funding_ms
            }
        case Levels(snapshot=True):
            sides = {"bids": _texts(event.bids), "asks": _texts(event.asks)}
            return {"lastUpdateId": event.last_id, "symbol": symbol, "E": now_ms, **sides}
        case Levels():
            ids = {"U": event.first_id, "u": event.last_id, "pu": event.previous_id}
            sides = {"b": _texts(event.bids), "a": _texts(event.asks)}
            return {"e": "depthUpdate", **head, **ids, **sides}
