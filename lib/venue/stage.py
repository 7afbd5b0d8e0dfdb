"""Where the market plays: the feed's events reach engine, tapes and streams in one order."""

from typing import Protocol

from lib.venue.feeds import Feed
from lib.venue.hub import Hub
from lib.venue.market import Level, MarketEvent, MarkPrice, Print, Quote
from lib.venue.market_streams import MarketStreams
from lib.venue.symbols import SymbolInfo
from lib.venue.tape import Tape


class Book(Protocol):
    """What the stage needs of the engine."""

    def on_market(self, event: MarketEvent) -> None:
        """Take an event."""

    def depth(self, symbol: str) -> tuple[list[Level], list[Level], int]:
        """Return the book."""


class Stage:
    """The public market of the venue; pure, told the time.

    Args:
        feed: What is played.
        engine: Matches our accounts' orders against it.
        hub: Takes the streams.
    """

    def __init__(self, feed: Feed, engine: Book, hub: Hub) -> None:
        """Prepare; nothing plays before `start`."""
        self.feed = feed
        self.engine = engine
        self.tapes: dict[str, Tape] = {}
        self.streams = MarketStreams(hub, self.tapes, engine.depth)
        self.events = 0
        self.lag_ns = 0

    @property
    def listing(self) -> dict[str, SymbolInfo]:
        """Every listed symbol."""
        return self.feed.listed()

    def start(self, now_ns: int) -> None:
        """Begin to play."""
        self.feed.start(now_ns)
        self.advance(now_ns)

    def ensure(self, symbol: str, now_ns: int) -> Tape | None:
        """Return the tape of a symbol, beginning to play it; None when it is not listed."""
        tape = self.tapes.get(symbol)
        if tape is None and symbol in self.listing:
            self.feed.play(symbol, now_ns)
            tape = self._open(symbol, now_ns)
            self.advance(now_ns)
        return tape

    def advance(self, now_ns: int) -> None:
        """Play everything that is due."""
        due_ns = self.feed.due()
        if due_ns is None or due_ns > now_ns:
            return
        self.lag_ns = now_ns - due_ns
        prints: dict[str, list[Print]] = {}
        for event in self.feed.take(now_ns):
            self._show(event, now_ns)
            if isinstance(event, Print):
                prints.setdefault(event.symbol, []).append(event)
        for symbol, trades in prints.items():
            self.streams.on_prints(symbol, trades, now_ns)

    def _show(self, event: MarketEvent, now_ns: int) -> None:
        tape = self.tapes.get(event.symbol) or self._open(event.symbol, now_ns)
        self.events += 1
        match event:
            case Quote():
                tape.on_quote(event)
            case Print():
                tape.on_print(event)
            case MarkPrice():
                tape.on_mark(event)
            case _:
                pass
        self.engine.on_market(event)
        self.streams.on_event(event, now_ns)

    def _open(self, symbol: str, now_ns: int) -> Tape:
        tape = Tape(self.listing[symbol], self.feed.history(symbol))
        tape.minutes.roll(now_ns)
        tape.minutes.take_closed()
        self.tapes[symbol] = tape
        return tape
