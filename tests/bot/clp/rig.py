"""A CLP in a market that stands until a test moves it; it can be killed and born again."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

from bot.clp.clp import CLP
from bot.clp.state import Mode
from lib.constants import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND, Side
from lib.factory import AbstractFactory, SandboxFactory
from lib.models import Update
from lib.state import MemoryState
from lib.timer import VirtualTimer
from tests.bot.clp.paper import SYMBOL, PaperExchange, PaperVenue, make_candles
from tests.bot.market import MemoryLogger

START_NS = 1_800_000_000 * NS_PER_SECOND
MID = Decimal(50_000)
REACH = Decimal(50)
"""Of each minute: the ATR is 0.1 %."""
LEVEL = {"width": "0.001", "gap": "0", "qty": "0.01", "hysteresis": "0.5", "force": "0.8"}
CONFIG: dict[str, Any] = {
    "symbol": SYMBOL,
    "name": "clp",
    "spread": {"inner": LEVEL},
    "hold": "2s",
    "max_exposure_usd": "2000",
    "inventory": {"stoploss_coeff": "5", "cooldown": "10s"},
    "volatility": {"window": 3},
    "conditions": ["offline", {"stale": {"max_age": "2s"}}],
    "records": 0,
}


class KeptState(MemoryState):
    """State that outlives its object, as a file does."""

    texts: ClassVar[dict[str, str]] = {}
    pushes: ClassVar[int] = 0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._text = self.texts.get(self.namespace, "")

    def Push(self, state: dict[str, Any]) -> None:
        super().Push(state)
        self.texts[self.namespace] = self._text
        KeptState.pushes += 1


class Rig:
    """The bot's process, in a test's hands."""

    def __init__(self, bot_class: type[CLP] = CLP, **config: Any) -> None:
        KeptState.texts.clear()
        KeptState.pushes = 0
        MemoryLogger.lines = []
        self.bot_class = bot_class
        self.config = CONFIG | config
        self.timer = VirtualTimer(START_NS)
        self.venue = PaperVenue()
        self.venue.now_ns = START_NS
        self.venue.candles = make_candles(START_NS, 10, MID, REACH)
        self.factory: AbstractFactory = SandboxFactory({})
        self.factory.Logger = MemoryLogger
        self.factory.State = KeptState
        self.factory.Exchange = PaperExchange.at(self.venue)
        self.bot = self.make_bot()

    def make_bot(self) -> CLP:
        return self.bot_class(dict(self.config), self.factory, self.timer)

    # --- what the process does

    def sync(self) -> None:
        """Tell what a snapshot tells: position and open orders."""
        self.venue.events.clear()
        self.bot.onAccount(self.venue.entry, self.venue.position, SYMBOL, "X", self.venue.now_ns)
        for order in self.venue.open_orders():
            self.bot.onOrder(order)

    def deliver(self) -> None:
        """Tell what waits, and what comes of that."""
        while self.venue.events:
            self._tell(self.venue.events.popleft())

    def deliver_one(self) -> None:
        """Tell the oldest thing that waits."""
        if self.venue.events:
            self._tell(self.venue.events.popleft())

    def book(
        self, mid: Decimal | int | str = MID, spread: str = "0.2", latency_ms: int = 5
    ) -> None:
        """Move the market and tell."""
        self.venue.move(Decimal(mid), Decimal(spread))
        self.show(latency_ms)
        self.deliver()

    def show(self, latency_ms: int = 5) -> None:
        """Tell the book as it is."""
        venue, size = self.venue, Decimal(1)
        self.bot.onOrderbook(
            venue.ask, size, venue.bid, size, SYMBOL, "X", venue.now_ns, latency_ms * NS_PER_MS
        )

    def pass_time(self, seconds: float, *, with_book: bool = True) -> None:
        """Let time pass second by second, with the book told and `onTime` called."""
        for part in _seconds(seconds):
            before = self.timer.Timestamp()
            self.timer.advance(part)
            self.venue.now_ns = self.timer.Timestamp()
            self._candles(before)
            if with_book:
                self.show()
            self.bot.onTime(self.venue.now_ns)
            self.deliver()

    def start(self, mid: Decimal | int | str = MID) -> "Rig":
        """Synchronise and show a first book."""
        self.sync()
        self.book(mid)
        return self

    def kill(self) -> None:
        """End this life without a word: the exchange worker cancels what adds risk."""
        self.venue.cancel([order.id for order in self.venue.quotes()])
        self.venue.work()

    def rebirth(self, mid: Decimal | int | str | None = None) -> CLP:
        """Begin a new life."""
        if mid is not None:
            self.venue.move(Decimal(mid))
        self.bot = self.make_bot()
        self.sync()
        self.show()
        self.deliver()
        return self.bot

    # --- to look at

    def prices(self, side: Side) -> list[Decimal]:
        return [order.price for order in self.venue.quotes(side)]

    @property
    def mode(self) -> Mode:
        return self.bot._mode

    @property
    def stop(self) -> Decimal | None:
        return self.bot._guard.stop.price

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [fields for _, text, fields in MemoryLogger.lines if text == message]

    def _tell(self, event: Update | tuple[Decimal, Decimal, int]) -> None:
        if isinstance(event, Update):
            self.bot.onOrder(event)
        else:
            entry, qty, timestamp = event
            self.bot.onAccount(entry, qty, SYMBOL, "X", timestamp)

    def _candles(self, before_ns: int) -> None:
        minute = self.timer.Timestamp() // NS_PER_MINUTE
        if minute == before_ns // NS_PER_MINUTE:
            return
        (candle,) = make_candles(
            minute * NS_PER_MINUTE, 1, (self.venue.bid + self.venue.ask) / 2, REACH
        )
        self.venue.candles.append(candle)
        self.bot.onCandle(
            candle.close, candle.high, candle.low, candle.close, Decimal(1), SYMBOL, "X",
            candle.start_ns, True,
        )  # fmt: skip


def _seconds(seconds: float) -> Iterator[float]:
    while seconds > 1:
        yield 1.0
        seconds -= 1
    yield seconds
