"""Recordings on disk as streams of timed market events; docs/data.md describes the formats."""

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from lib.constants import NS_PER_MS
from lib.errors import ConfigError
from lib.helpers import decimal
from lib.recording.reader import is_recording
from lib.venue.candles import Candle
from lib.venue.market import MarketEvent, Print, Quote
from lib.venue.recorded_blocks import read_blocks
from lib.venue.wire_events import read_frame, read_snapshot

Timed = tuple[int, MarketEvent | Candle]
"""When it was received (ns, the recorder's clock) and what."""
PEEKED_LINES = 3000
GZIP = b"\x1f\x8b"
CSV_NAME = re.compile(
    r"(?P<symbol>[A-Z0-9]+(?:_[A-Z0-9]+)?)-"
    r"(?P<kind>aggTrades|trades|bookTicker|klines|\d+[mhdw])(?:-|\.)"
)
KLINES_NAME = re.compile(r"klines-(?P<symbol>[A-Z0-9_]+)-\d+[mhdwM]-")
SYMBOL_QUERY = re.compile(r"depth\?.*symbol=([A-Z0-9_]+)")
QUARTERS = (0, 20_000, 40_000, 59_000)
"""Where in a candle's minute (or their share of it) its four prices are played, ms."""


class Source(NamedTuple):
    """One recording: its file, how it is read, and the symbol that a table is about."""

    path: Path
    kind: str
    symbol: str = ""


def open_source(name: str) -> Source:
    """Return what a file name means.

    Raises:
        ConfigError: The file is missing or of no known format.
    """
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigError(f"venue.files: no file {name}")
    if is_recording(path):
        return Source(path, "blocks")
    if path.name.endswith((".zip", ".csv", ".csv.gz")):
        match = KLINES_NAME.search(path.name)
        if match:
            return Source(path, "klines", match["symbol"])
        match = CSV_NAME.search(path.name)
        if match:
            known = match["kind"] in {"aggTrades", "trades", "bookTicker"}
            return Source(path, match["kind"] if known else "klines", match["symbol"])
        raise ConfigError(
            f"venue.files: {path.name} does not tell what it holds; "
            "right would be a name like BTCUSDT-aggTrades-2024-10-18.zip"
        )
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return Source(path, "session")
    return Source(path, "lines")


def read(source: Source) -> Iterator[Timed]:
    """Yield the events of a recording in the order of their receive times.

    Raises:
        ConfigError: A line is not what the format says.
    """
    if source.kind == "blocks":
        return read_blocks(source.path)
    if source.kind == "lines":
        return _read_lines(source)
    if source.kind == "session":
        return _read_session(source)
    return _read_table(source)


def peek(source: Source) -> list[Timed]:
    """Return the first events of a recording."""
    with closing(read(source)) as events:  # type: ignore[type-var]
        return [event for _, event in zip(range(PEEKED_LINES), events, strict=False)]


def text_lines(path: Path) -> Iterator[str]:
    """Yield the lines of a plain or gzip file, as far as it is whole: it may still be written."""
    with path.open("rb") as start:
        opener: Any = gzip.open if start.read(2) == GZIP else open
    with opener(path, "rt", encoding="utf-8") as file:
        try:
            yield from file
        except (EOFError, zlib.error):
            return


def _read_lines(source: Source) -> Iterator[Timed]:
    symbol = ""
    for number, line in enumerate(text_lines(source.path), 1):
        stamp, _, text = line.partition(" ")
        try:
            time_ns, frame = int(stamp), orjson.loads(text)
        except ValueError as error:
            if not line.endswith("\n"):
                return
            raise ConfigError(
                "not `<receive time in ns> <JSON>`", f"{source.path}:{number}"
            ) from error
        if "lastUpdateId" in frame:
            # A REST snapshot names no symbol; it belongs to the file's.
            yield time_ns, read_snapshot(frame, str(frame.get("symbol") or symbol), time_ns)
            continue
        for event in read_frame(frame, time_ns):
            symbol = event.symbol
            yield time_ns, event


def _read_session(source: Source) -> Iterator[Timed]:
    for number, line in enumerate(text_lines(source.path), 1):
        try:
            row = orjson.loads(line)
            kind, time_ns = row["kind"], int(row["recv_ns"])
        except (ValueError, KeyError, TypeError) as error:
            if not line.endswith("\n"):
                return
            where = f"{source.path}:{number}"
            raise ConfigError('not `{"recv_ns":…,"kind":…,"raw":…}`', where) from error
        raw = row.get("raw")
        if isinstance(raw, str):
            raw = orjson.loads(raw)
        if kind == "ws":
            yield from ((time_ns, event) for event in read_frame(raw, time_ns))
        elif kind == "rest":
            match = SYMBOL_QUERY.search(str(row.get("url", "")))
            if match and isinstance(raw, dict) and "lastUpdateId" in raw:
                yield time_ns, read_snapshot(raw, match[1], time_ns)


def _read_table(source: Source) -> Iterator[Timed]:
    for number, row in enumerate(_rows(source.path), 1):
        if not row or not row[0].isdigit():
            # Newer files begin with the names of their columns.
            continue
        try:
            yield from _table_events(source, row)
        except (ValueError, IndexError, ArithmeticError) as error:
            where = f"{source.path}:{number}"
            raise ConfigError(f"not a row of {source.kind}: {','.join(row)}", where) from error


def _rows(path: Path) -> Iterator[list[str]]:
    if path.suffix != ".zip":
        yield from csv.reader(text_lines(path))
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                yield from csv.reader(io.TextIOWrapper(file, encoding="utf-8"))


def _table_events(source: Source, row: list[str]) -> Iterator[Timed]:
    match source.kind:
        case "aggTrades":
            time_ns = stamp_ns(row[5])
            price, qty = decimal(row[1]), decimal(row[2])
            maker = row[6].lower() == "true"
            yield time_ns, Print(source.symbol, price, qty, maker, int(row[4]), time_ns)
        case "trades":
            time_ns = stamp_ns(row[4])
            price, qty = decimal(row[1]), decimal(row[2])
            maker = row[5].lower() == "true"
            yield time_ns, Print(source.symbol, price, qty, maker, int(row[0]), time_ns)
        case "bookTicker":
            time_ns = stamp_ns(row[6])
            bid, bid_qty, ask, ask_qty = (decimal(text) for text in row[1:5])
            quote = Quote(source.symbol, bid, bid_qty, ask, ask_qty, int(row[0]), time_ns)
            yield time_ns, quote
        case _:
            candle = read_candle(row)
            yield candle.open_ms * NS_PER_MS, candle


def read_candle(row: list[str]) -> Candle:
    """Return the candle of a klines row; short rows hold only prices and volume."""
    open_ms = stamp_ns(row[0]) // NS_PER_MS
    first, high, low, last = (decimal(text) for text in row[1:5])
    candle = Candle(open_ms, open_ms + 59_999, first, high, low, last, decimal(row[5]))
    if len(row) > 10:
        candle.close_ms = stamp_ns(row[6]) // NS_PER_MS
        candle.quote_volume, candle.count = decimal(row[7]), int(row[8])
        candle.taker_volume, candle.taker_quote = decimal(row[9]), decimal(row[10])
    else:
        candle.estimate()
    return candle


def stamp_ns(text: str) -> int:
    """Return a table's time in ns; files since 2025 count microseconds, older ones ms."""
    value = int(text)
    return value * 1000 if value > 10**14 else value * NS_PER_MS


def candle_prints(symbol: str, candle: Candle, first_id: int) -> list[Print]:
    """Return four trades that walk through a candle: open, the two extremes, close."""
    rising = candle.close >= candle.open
    middle = (candle.low, candle.high) if rising else (candle.high, candle.low)
    share = candle.volume / 4 if candle.volume else Decimal(0)
    length_ms = candle.close_ms - candle.open_ms + 1
    prints = []
    for step, price in enumerate((candle.open, *middle, candle.close)):
        time_ns = (candle.open_ms + QUARTERS[step] * length_ms // 60_000) * NS_PER_MS
        prints.append(Print(symbol, price, share, step % 2 == 0, first_id + step, time_ns))
    return prints
