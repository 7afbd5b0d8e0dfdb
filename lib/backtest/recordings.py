"""Recordings as a backtest's market: our own format fast, every other as the venue reads it."""

import heapq
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

from lib.backtest.agenda import NEVER
from lib.backtest.batch import Batch, batch_of
from lib.backtest.exchange_order import batches_by_exchange
from lib.backtest.minutes import Minute
from lib.backtest.moments import moment_ns
from lib.backtest.settings import Settings
from lib.constants import NS_PER_MINUTE, NS_PER_MS
from lib.errors import ConfigError
from lib.recording.reader import RecordingReader, is_recording
from lib.venue.candles import Candle
from lib.venue.market import Levels, MarketEvent
from lib.venue.recorded_blocks import block_events
from lib.venue.recorded_files import Source as RawSource
from lib.venue.recorded_files import candle_prints, open_source, peek, read
from lib.venue.replay_symbol import ReplaySymbol
from lib.venue.symbols import SymbolInfo, info

RAW_BATCH = 4096
_time_of = attrgetter("time_ns")


class RecordedSource:
    """Recorded markets, merged by their receive times, which are the run's times.

    Where latencies are known by the moment, the run's times are the exchange's: the way from it
    is among what was measured, and must not be counted twice.

    Args:
        settings: Files, symbols, start and end.

    Raises:
        ConfigError: A file is no recording, or a symbol is in none.
    """

    def __init__(self, settings: Settings) -> None:
        """Look into each file."""
        self._facts = {
            "feed": "recording",
            "files": [
                {"name": Path(name).name, "bytes": Path(name).stat().st_size}
                for name in settings.files
            ],
        }
        paths = [Path(name) for name in settings.files]
        self._own = [RecordingReader(path) for path in paths if is_recording(path)]
        self._raw = [open_source(str(path)) for path in paths if not is_recording(path)]
        self._batches_of = batches_by_exchange if settings.moments else own_batches
        if settings.moments and self._raw:
            raise ConfigError("backtest.latency.moments needs recordings in our own format, *.tvr")
        self.rules = {symbol: info(symbol) for symbol in settings.symbols}
        self._peeked = {source: peek(source) for source in self._raw}
        self._check(settings.symbols)
        first_ns = self._first_ns()
        self.start_ns = moment_ns(settings.start, first_ns) if settings.start else first_ns
        self.end_ns = moment_ns(settings.end, self.start_ns) if settings.end else NEVER
        if self.end_ns <= self.start_ns:
            raise ConfigError(f"the backtest ends ({settings.end}) before it starts")
        last_ns = max((reader.last_ns for reader in self._own), default=NEVER)
        self.last_ns = min(self.end_ns, NEVER if self._raw else last_ns)

    def describe(self) -> dict[str, Any]:
        """Return which files it is made of."""
        return dict(self._facts)

    def history(self, symbol: str) -> list[Minute]:
        """Return the recorded candles of the minutes before the start."""
        rows = [*self._own_candles(symbol), *self._raw_candles(symbol)]
        last_ns = self.start_ns - NS_PER_MINUTE
        found = {row.open_ns: row for row in rows if row.open_ns <= last_ns}
        return [found[open_ns] for open_ns in sorted(found)]

    def batches(self) -> Iterator[Batch]:
        """Yield the events, from the recordings' beginning on."""
        parts = [self._batches_of(reader, self.rules, self.end_ns) for reader in self._own]
        if self._raw:
            parts.append(self._raw_batches())
        return merge_batches(parts)

    def _check(self, symbols: tuple[str, ...]) -> None:
        there = {symbol for reader in self._own for symbol in reader.symbols}
        for source, rows in self._peeked.items():
            there |= {source.symbol} if source.symbol else {_symbol(event) for _, event in rows}
        missing = [symbol for symbol in symbols if symbol not in there]
        if missing:
            held = ", ".join(sorted(there)) or "nothing"
            raise ConfigError(f"venue.files hold no {', '.join(missing)}; they hold {held}")

    def _first_ns(self) -> int:
        times = [reader.first_ns for reader in self._own if reader.pieces]
        times += [rows[0][0] for rows in self._peeked.values() if rows]
        if not times:
            raise ConfigError("venue.files hold no market data")
        return min(times)

    def _own_candles(self, symbol: str) -> Iterator[Minute]:
        for reader in self._own:
            for block in reader.blocks(0, self.start_ns):
                rows = block.kinds.get("candle")
                if rows is None:
                    continue
                numbers = map(rows.numbers, ("open", "high", "low", "close", "volume"))
                values = zip(rows.integers("open_ns"), *numbers, strict=True)
                for name, row in zip(rows.symbols(), values, strict=True):
                    if name == symbol:
                        yield Minute(*row)

    def _raw_candles(self, symbol: str) -> Iterator[Minute]:
        for source in self._raw:
            if source.kind != "klines" or source.symbol != symbol:
                continue
            for time_ns, event in read(source):
                if time_ns >= self.start_ns:
                    break
                if isinstance(event, Candle):
                    yield minute_of(event)

    def _raw_batches(self) -> Iterator[Batch]:
        symbols = {symbol: ReplaySymbol(rules) for symbol, rules in self.rules.items()}
        with_snapshot = {
            _symbol(event)
            for rows in self._peeked.values()
            for _, event in rows
            if isinstance(event, Levels) and event.snapshot
        }
        for symbol, market in symbols.items():
            market.waits_for_snapshot = symbol in with_snapshot
            market.rewind()
        readers = [self._prepared(source, symbols) for source in self._raw]
        events: list[MarketEvent] = []
        for time_ns, event in heapq.merge(*readers, key=lambda row: row[0]):
            if time_ns >= self.end_ns:
                break
            events += symbols[event.symbol].play(event, time_ns, quiet=False)
            if len(events) >= RAW_BATCH:
                yield batch_of(events)
                events = []
        if events:
            yield batch_of(events)

    def _prepared(
        self, source: RawSource, symbols: Mapping[str, ReplaySymbol]
    ) -> Iterator[tuple[int, MarketEvent]]:
        for time_ns, event in read(source):
            symbol = source.symbol or _symbol(event)
            if symbol not in symbols:
                continue
            if not isinstance(event, Candle):
                yield time_ns, event
            elif time_ns >= self.start_ns:
                # Candles from before the start are history.
                for each in candle_prints(symbol, event, symbols[symbol].next_trade_id()):
                    yield each.time_ns, each


def _symbol(event: MarketEvent | Candle) -> str:
    return str(getattr(event, "symbol", ""))


def minute_of(candle: Candle) -> Minute:
    """Return a venue's candle as a minute."""
    return Minute(
        candle.open_ms * NS_PER_MS,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
    )


def own_batches(
    reader: RecordingReader, wanted: Mapping[str, SymbolInfo], end_ns: int
) -> Iterator[Batch]:
    """Yield a recording's events, block by block, of the wanted symbols only."""
    for block in reader.blocks(0, end_ns):
        events = block_events(block)
        if not set(block.head.symbols) <= wanted.keys():
            events = (event for event in events if event.symbol in wanted)
        yield Batch(block.head.last_ns, block.head.rows, events)


def merge_batches(sources: list[Iterator[Batch]]) -> Iterator[Batch]:
    """Merge ascending sources into one, keeping the order of the sources where times are equal."""
    if len(sources) == 1:
        yield from sources[0]
        return
    waiting = [_next_list(source) for source in sources]
    while any(waiting):
        horizon_ns = min(events[-1].time_ns for events in waiting if events)
        merged: list[MarketEvent] = []
        for number, events in enumerate(waiting):
            if not events:
                continue
            count = bisect_right(events, horizon_ns, key=_time_of)
            merged += events[:count]
            waiting[number] = events[count:] or _next_list(sources[number])
        # Runs that ascend already: sorting them is merging them.
        merged.sort(key=_time_of)
        yield batch_of(merged)


def _next_list(source: Iterator[Batch]) -> list[MarketEvent]:
    for batch in source:
        if events := list(batch.events):
            return events
    return []
