"""Plays recordings: merged by receive time, shifted to now, at any speed, in a loop."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.errors import ConfigError
from lib.helpers import round_down
from lib.venue.candles import Candle
from lib.venue.feeds import Feed
from lib.venue.market import Levels, MarketEvent, Print
from lib.venue.recorded_files import (
    Source,
    Timed,
    candle_prints,
    open_source,
    peek,
    read,
)
from lib.venue.replay_symbol import ReplaySymbol
from lib.venue.symbols import SymbolInfo, info, with_price

HISTORY = 1500
LOOP_PAUSE_NS = 100 * NS_PER_MS
SKIPPED_ROWS = 1_000
"""Rows before the start offset that are read in one turn: whoever plays must go on living."""


def make_recording(config: Mapping[str, Any], symbols: list[str]) -> "RecordingFeed":
    """Return the feed of a venue section with `feed: recording`.

    Raises:
        ConfigError: A file is missing or unreadable, or a symbol is in none of them.
    """
    names = config.get("files") or config.get("file") or []
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise ConfigError("venue.feed recording needs venue.files: a list of recordings")
    return RecordingFeed(
        [open_source(str(name)) for name in names],
        symbols,
        speed=float(config.get("speed", 1.0)),
        loop=bool(config.get("loop", True)),
        skip_ns=round(float(config.get("start", 0.0)) * NS_PER_SECOND),
    )


class RecordingFeed(Feed):
    """Recorded markets.

    An event received x seconds after the recording's first is played x/speed seconds after the
    start, and its time is the time at which it is played. Ids grow across the loop's seam, where
    each book is led from its last state to its first by one event.

    Args:
        sources: The recordings; merged by their receive times.
        symbols: What to play of them; empty: everything.
        speed: 2.0 plays twice as fast.
        loop: Start again at the end.
        skip_ns: Where the first round begins, counted from the first event; what came before
            makes the book and the candle history.
    """

    def __init__(
        self,
        sources: list[Source],
        symbols: list[str],
        *,
        speed: float = 1.0,
        loop: bool = True,
        skip_ns: int = 0,
    ) -> None:
        """Look into each file for its symbols."""
        if speed <= 0:
            raise ConfigError(f"venue.speed {speed} is not positive")
        self._sources = sources
        self._speed = speed
        self._loop = loop
        self._skip_ns = skip_ns
        self._symbols: dict[str, ReplaySymbol] = {}
        self._listed: dict[str, SymbolInfo] = {}
        self._seen: set[str] = set()
        self._history: dict[str, list[Candle]] = {}
        self._rows: Iterator[Timed] = iter(())
        self._next: tuple[int, list[MarketEvent]] | None = None
        self._start_ns = 0
        self._first_ns = 0
        for source in sources:
            self._look(source, set(symbols))
        missing = set(symbols) - set(self._listed)
        if missing or not self._listed:
            raise ConfigError(
                f"venue.files hold no {', '.join(sorted(missing)) or 'market data'}; "
                f"they hold {', '.join(sorted(self._seen)) or 'nothing'}"
            )

    def listed(self) -> dict[str, SymbolInfo]:
        """Return the recorded symbols."""
        return self._listed

    def start(self, now_ns: int) -> None:
        """Begin the first round."""
        self._begin(now_ns)

    def play(self, symbol: str, now_ns: int) -> None:
        """Recorded symbols play from the start."""

    def history(self, symbol: str) -> list[Candle]:
        """Return the recorded candles from before the start offset, shifted to end now."""
        return self._history.get(symbol, [])

    def due(self) -> int | None:
        """Return when the next recorded event is played."""
        return self._next[0] if self._next else None

    def take(self, now_ns: int) -> list[MarketEvent]:
        """Return what is due."""
        events: list[MarketEvent] = []
        while self._next is not None and self._next[0] <= now_ns:
            played = self._next[1]
            events.extend(played)
            self._step()
            if not played:
                break  # still on the way to the start offset
        return events

    def shift(self, delta_ns: int) -> None:
        """Play the rest later."""
        self._start_ns += delta_ns
        if self._next is not None:
            due_ns = self._next[0] + delta_ns
            self._next = (due_ns, [event._replace(time_ns=due_ns) for event in self._next[1]])

    def _look(self, source: Source, wanted: set[str]) -> None:
        snapshot: set[str] = set()
        trades: set[str] = set()
        for _, event in peek(source):
            symbol = source.symbol or getattr(event, "symbol", "")
            self._seen.add(symbol)
            if wanted and symbol not in wanted:
                continue
            if symbol not in self._listed:
                self._listed[symbol] = _rules(symbol, event)
                self._symbols[symbol] = ReplaySymbol(self._listed[symbol])
            if isinstance(event, Levels) and event.snapshot:
                snapshot.add(symbol)
            if isinstance(event, Print):
                trades.add(symbol)
        for symbol in snapshot:
            self._symbols[symbol].waits_for_snapshot = True

    def _begin(self, now_ns: int) -> None:
        self._first_ns = 0
        readers = [self._named(source) for source in self._sources]
        self._rows = heapq.merge(*readers, key=lambda row: row[0])
        first = next(self._rows, None)
        if first is None:
            self._next = None
            return
        # Later rounds play all of it: nobody could wait for the way to a far offset once more.
        self._first_ns = first[0] + (0 if self._start_ns else self._skip_ns)
        self._start_ns = now_ns
        for market in self._symbols.values():
            market.rewind()
        self._rows = _chain(first, self._rows)
        self._step()

    def _named(self, source: Source) -> Iterator[Timed]:
        for time_ns, event in read(source):
            symbol = source.symbol or getattr(event, "symbol", "")
            if symbol not in self._symbols:
                continue
            if isinstance(event, Candle):
                if time_ns < self._first_ns:
                    self._remember(symbol, event)
                    continue
                market = self._symbols[symbol]
                for each in candle_prints(symbol, event, market.next_trade_id()):
                    yield each.time_ns, each
            else:
                yield time_ns, event

    def _step(self) -> None:
        for count, (time_ns, event) in enumerate(self._rows, 1):
            market = self._symbols[event.symbol]  # type: ignore[union-attr]
            due_ns = self._start_ns + round((time_ns - self._first_ns) / self._speed)
            quiet = time_ns < self._first_ns
            events = market.play(event, due_ns, quiet=quiet)  # type: ignore[arg-type]
            if events:
                self._next = (due_ns, events)
                return
            if quiet and count >= SKIPPED_ROWS:
                self._next = (self._start_ns, [])
                return
        before = self._next[0] if self._next else self._start_ns
        self._next = None
        if self._loop and self._start_ns:
            self._begin(before + LOOP_PAUSE_NS)

    def _remember(self, symbol: str, candle: Candle) -> None:
        # The history ends where the playing begins.
        rows = self._history.setdefault(symbol, [])
        shift_ms = (self._start_ns - self._first_ns) // NS_PER_MS
        open_ms = (candle.open_ms + shift_ms) // 60_000 * 60_000
        if not rows or open_ms > rows[-1].open_ms:
            close_ms = open_ms + candle.close_ms - candle.open_ms
            rows.append(replace(candle, open_ms=open_ms, close_ms=close_ms))
            del rows[:-HISTORY]


def _chain(first: Timed, rest: Iterator[Timed]) -> Iterator[Timed]:
    yield first
    yield from rest


def _rules(symbol: str, event: object) -> SymbolInfo:
    rules = info(symbol)
    price = getattr(event, "price", None) or getattr(event, "bid", None)
    if isinstance(event, Candle):
        price = event.open
    if isinstance(price, Decimal) and price > 0:
        return with_price(rules, round_down(price, rules.tick))
    return rules
