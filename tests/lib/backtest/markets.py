"""Small recorded markets, and bots that note what they are told."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from bot.abstract_bot import AbstractBot
from lib.backtest.backtest import Outcome, run_backtest
from lib.backtest.settings import BotPlan, Settings, load_settings
from lib.constants import NS_PER_SECOND, Side
from lib.models import Update
from lib.recording.writer import RecordingWriter

START_NS = 1_767_225_600 * NS_PER_SECOND
"""2026-01-01T00:00:00Z."""
MS = 1_000_000


def write_market(path: Path, rows: Iterable[tuple[Any, ...]], symbol: str = "BTCUSDT") -> Path:
    """Write a recording.

    Args:
        path: The file.
        rows: ("quote", seconds, bid, ask[, bid qty, ask qty]) or ("trade", seconds, price, qty,
            "BUY" or "SELL" as aggressor), or ("mark", seconds, price).
        symbol: Whose.
    """
    writer = RecordingWriter(path, {"made_by": "test"})
    for number, (kind, at, *values) in enumerate(rows, 1):
        time_ns = START_NS + round(at * 1000) * MS
        if kind == "quote":
            bid, ask, *sizes = values
            bid_qty, ask_qty = sizes or ("5", "5")
            writer.book(time_ns, time_ns, symbol, number, (bid, bid_qty, ask, ask_qty))
        elif kind == "trade":
            price, qty, side = values
            writer.trade(time_ns, time_ns, symbol, number, (price, qty, side == "SELL"))
        else:
            funding_ns = START_NS + 8 * 3600 * NS_PER_SECOND
            prices = (values[0], values[0], "0.0001")
            writer.mark(time_ns, time_ns, symbol, funding_ns, prices)
    writer.close()
    return path


def steady(seconds: int, bid: str = "60000.0", ask: str = "60000.1") -> list[tuple[Any, ...]]:
    """Return a quote every 100 ms."""
    return [("quote", number / 10, bid, ask) for number in range(seconds * 10)]


class NotingBot(AbstractBot):
    """Notes every call in `NotingBot.notes`; a test puts what it does into `scripts`."""

    notes: ClassVar[list[tuple[Any, ...]]] = []
    scripts: ClassVar[dict[str, Any]] = {}

    def onTime(self, timestamp: int) -> None:
        self._note("time", timestamp)

    def onOrderbook(
        self,
        askPrice: Decimal,
        askQty: Decimal,
        bidPrice: Decimal,
        bidQty: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        self._note("book", symbol, bidPrice, askPrice, timestamp, latency)

    def onTrade(
        self,
        price: Decimal,
        qty: Decimal,
        side: Side,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        self._note("trade", symbol, price, qty, side, timestamp)

    def onCandle(
        self,
        open: Decimal,
        high: Decimal,
        low: Decimal,
        close: Decimal,
        volume: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        finished: bool,
    ) -> None:
        self._note("candle", symbol, (open, high, low, close, volume), timestamp, finished)

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        self._note("account", symbol, price, qty)

    def onOrder(self, update: Update) -> None:
        self._note("order", update)

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        self._note("status", component, healthy, reason)

    def Clean(self) -> None:
        self._note("clean")

    def _note(self, kind: str, *values: Any) -> None:
        self.notes.append((kind, self.timer.Timestamp(), *values))
        script = self.scripts.get(kind)
        if script is not None:
            script(self, *values)


def told(kind: str) -> list[tuple[Any, ...]]:
    """Return the notes of one kind, without the kind: (bot's clock, values…)."""
    return [note[1:] for note in NotingBot.notes if note[0] == kind]


def settings_for(
    folder: Path, files: list[Path], symbols: tuple[str, ...] = ("BTCUSDT",), **section: Any
) -> Settings:
    """Return the settings of a noting bot over recordings; `section` is the backtest's."""
    config = folder / "config.yaml"
    names = ", ".join(str(file) for file in files)
    config.write_text(
        "project: t\n"
        f"venue: {{feed: recording, files: [{names}]}}\n"
        "bots: [{name: noting, bot: QuoterBot, symbols: [BTCUSDT]}]\n"
    )
    params = [f"backtest.{key}={value}" for key, value in section.items()]
    found = load_settings([config], params)
    target = f"{NotingBot.__module__}:{NotingBot.__qualname__}"
    plans = tuple(
        BotPlan("noting", target, symbol, (symbol,), {**found.bots[0].config, "symbol": symbol})
        for symbol in symbols
    )
    return replace(found, bots=plans)


def run_noting(settings: Settings, out: Path | None = None, **scripts: Any) -> Outcome:
    """Run noting bots anew."""
    NotingBot.notes.clear()
    NotingBot.scripts.clear()
    NotingBot.scripts.update(scripts)
    return run_backtest(settings, out)
