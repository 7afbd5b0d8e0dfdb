"""Binance USD-M market data: books, trades, candles, marks and depth of any number of symbols."""

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from lib.bus.protocol import KIND_OF, Candle
from lib.constants import KEY, Channel
from lib.errors import ConfigError, ExchangeError
from lib.freshness import Freshness
from lib.ping import measure_offset
from lib.stream.abstract_stream import AbstractStream, Sink
from lib.stream.binance.candle_gaps import CandleGaps
from lib.stream.binance.depth_books import DepthBooks
from lib.stream.binance.links import Links
from lib.stream.binance.newest import MarketMessage, Newest
from lib.stream.binance.parser import Parser
from lib.stream.binance.recorder import Recorder
from lib.stream.binance.rest import MarketRest
from lib.stream.binance.subscriptions import DIFF
from lib.stream.latency import Latencies
from lib.stream.order_book import Diff
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

CLOCK_SECONDS = 60.0
"""Between two looks at the exchange's clock: a host's clock drifts some ms a minute at worst."""
CLOCK_RETRY_SECONDS = 2.0
"""After a failure, and after the first measurement, which shared the loop with the connects."""
REPAIR_SECONDS = 0.5
"""Between two repairs: at most two snapshots a second, half the weight of one address."""
FIGURES_SECONDS = 60.0
DEFAULT_CHANNELS = (Channel.BOOK, Channel.TRADE, Channel.CANDLE)
PARTIAL, LOCAL = "partial", "diff"
"""Where depth comes from: the exchange's best 20, or a local book kept from the diff stream."""


class BinanceMarketStream(AbstractStream):
    """Public market data over as many connections as the symbols need.

    Args:
        config: `rest_url`, `ws_url`, `symbols`; and, with defaults, `exchange` (its name),
            `channels`, `live_candles` (unfinished ones, too), `limits` (channel -> seconds of
            silence after which a connection is replaced), `store` (channels written to the
            database), `depth` (`partial` or `diff`), `renew` (seconds), `streams_per_connection`,
            `by_transaction` (for recordings: date events by when they happened, not were sent).
        factory: Gives logger and database.
        timer: The process's timer.

    Raises:
        ConfigError: Something of it is missing or cannot be.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Plan the connections; nothing is connected before `Run`."""
        super().__init__(config, factory, timer)
        self._log = factory.Logger(config, factory, timer)
        self._exchange = str(config.get(KEY.EXCHANGE, "BINANCE.FUTURES"))
        self._symbols: list[str] = list(config.get("symbols", ()))
        self._watched = frozenset(self._symbols)
        self._channels: tuple[str, ...] = tuple(config.get("channels", DEFAULT_CHANNELS))
        self._live_candles = bool(config.get("live_candles", False))
        self._parser = Parser(
            self._exchange,
            live_candles=True,
            partial_depth=False,
            by_transaction=bool(config.get("by_transaction", False)),
        )
        self._newest = Newest()
        self._gaps = CandleGaps()
        self._latencies = Latencies()
        self._books: DepthBooks | None = None
        self._freshness = Freshness(timer.Monotonic(), self._expected())
        self._offset_ns = 0
        self._frames = 0
        self._sink: Sink = _nowhere
        self._recorder = _recorder(config, factory, timer)
        self._links = Links(config, self._wire_channels(), timer, self._log, self._take)

    async def Run(self, sink: Sink) -> None:
        """Hand every new message to `sink`, reconnecting for ever, until cancelled."""
        self._sink = sink
        rest = MarketRest(str(self.config[KEY.REST_URL]))
        try:
            async with asyncio.TaskGroup() as group:
                self._links.run(group)
                group.create_task(self._keep_clock(rest), name="clock")
                group.create_task(self._keep_whole(rest), name="repair")
                if self._recorder is not None:
                    group.create_task(self._write_figures(self._recorder), name="figures")
        finally:
            await rest.close()

    def is_connected(self) -> bool:
        """Return whether every connection stands."""
        return self._links.are_up

    def quiet(self) -> list[str]:
        """Return the symbols whose first channel has not brought its first data."""
        counts = self._freshness.counts()
        first = self._channels[0]
        return [symbol for symbol in self._symbols if not counts.get(f"{first}:{symbol}")]

    def ages(self) -> dict[str, dict[str, int]]:
        """Return channel -> symbol -> age in ns of the newest new data."""
        return self._freshness.ages(self.timer.Monotonic())

    def links(self) -> dict[str, int]:
        """Return connection -> age in ns of its newest message of any kind."""
        return self._links.ages()

    def counts(self) -> dict[str, int]:
        """Return "channel:symbol" -> new messages so far."""
        return self._freshness.counts()

    def stats(self) -> dict[str, int]:
        """Return counters, and the measured times in ns."""
        parser = self._parser
        return {
            "frames": self._frames,
            "events": self._freshness.events,
            "repeats": self._newest.repeats,
            "malformed": parser.malformed,
            "unusable": parser.unusable,
            "unknown": parser.unknown.total(),
            "refusals": parser.refusals.total(),
            "connects": self._links.connects,
            "book_breaks": self._books.breaks if self._books else 0,
            "candle_gaps": self._gaps.found,
            "lost_trades": self._newest.lost_trades,
            "offset_ns": self._offset_ns,
            "latency_p50_ns": self._latencies.percentile(0.5),
            "latency_p99_ns": self._latencies.percentile(0.99),
        }

    def resubscribe(self, symbols: Collection[str] = ()) -> None:
        """Subscribe symbols anew, and take whatever comes next of them as new."""
        self._newest.forget(symbols)
        if self._books:
            self._books.invalidate(symbols)
        self._links.resubscribe(symbols)

    def reconnect(self, symbols: Collection[str] = ()) -> None:
        """Replace the connections of symbols, the new ones first."""
        self._links.reconnect(symbols)

    def configure(self, part: dict[str, Any]) -> None:
        """Take in other `symbols`, `limits` and `live_candles`; what stays notices nothing."""
        now_ns = self.timer.Monotonic()
        symbols: list[str] = list(part["symbols"])
        for symbol in self._watched.difference(symbols):
            self._freshness.forget(symbol)
        for symbol in symbols:
            if symbol not in self._watched:
                self._freshness.expect([(channel, symbol) for channel in self._channels], now_ns)
        self._symbols, self._watched = symbols, frozenset(symbols)
        self._live_candles = bool(part.get("live_candles", False))
        if self._books:
            self._books.watch(symbols)
        self._links.change(symbols, part.get("limits", {}))

    def _take(self, frame: bytes) -> None:
        self._frames += 1
        received_ns = self.timer.Timestamp()
        for parsed in self._parser.parse(frame, received_ns, self._offset_ns):
            message = self._from_diff(parsed) if isinstance(parsed, Diff) else parsed
            if message is not None:
                self._give(message)

    def _give(self, message: MarketMessage) -> None:
        if message.symbol not in self._watched or not self._newest.is_new(message):
            return
        now_ns = self.timer.Monotonic()
        if type(message) is Candle:
            self._gaps.see(message, now_ns)
            if not (message.finished or self._live_candles):
                return
        self._freshness.see(KIND_OF[type(message)], message.symbol, now_ns)
        self._latencies.see(message.latency_ns)
        self._sink(message)
        if self._recorder is not None:
            self._recorder.record(message)

    def _from_diff(self, diff: Diff) -> MarketMessage | None:
        return self._books.apply(diff) if self._books else None

    async def _keep_clock(self, rest: MarketRest) -> None:
        wait = CLOCK_RETRY_SECONDS
        failures = 0
        while True:
            try:
                measured = await measure_offset(rest.time_ms, self.timer)
            except ExchangeError as error:
                failures += 1
                wait = min(CLOCK_SECONDS, CLOCK_RETRY_SECONDS * failures)
                if failures == 1:
                    self._log.warning("cannot read the exchange's clock", error=str(error))
            else:
                failures = 0
                self._offset_ns = measured.offset_ns
                self._log.debug("measured the exchange's clock", **measured._asdict())
            await self.timer.SleepAsync(wait)
            wait = CLOCK_SECONDS

    async def _keep_whole(self, rest: MarketRest) -> None:
        lost = 0
        while True:
            await self.timer.SleepAsync(REPAIR_SECONDS)
            if self._newest.lost_trades > lost:
                self._log.warning("lost trades", trades=self._newest.lost_trades - lost)
                lost = self._newest.lost_trades
            try:
                await self._fill_candles(rest)
                await self._load_book(rest)
            except ExchangeError as error:
                self._log.warning("cannot repair a gap", error=str(error))

    async def _fill_candles(self, rest: MarketRest) -> None:
        for symbol, first_ns, last_ns in self._gaps.due(self.timer.Monotonic()):
            candles = await rest.candles(symbol, first_ns, last_ns, self._exchange)
            self._log.warning("filled missing candles", symbol=symbol, candles=len(candles))
            for candle in candles:
                self._give(candle)

    async def _load_book(self, rest: MarketRest) -> None:
        symbol = self._books.wanting(self.timer.Monotonic()) if self._books else None
        if symbol is None or self._books is None:
            return
        self._log.info("loading a book", symbol=symbol)
        message = self._books.load(symbol, *await rest.depth(symbol))
        if message is not None:
            self._give(message)

    async def _write_figures(self, recorder: Recorder) -> None:
        while True:
            await self.timer.SleepAsync(FIGURES_SECONDS)
            recorder.write("stream", self.stats())

    def _expected(self) -> list[tuple[str, str]]:
        return [(channel, symbol) for channel in self._channels for symbol in self._symbols]

    def _wire_channels(self) -> tuple[str, ...]:
        depth = self.config.get("depth", PARTIAL)
        if depth not in (PARTIAL, LOCAL):
            raise ConfigError(f"stream: depth is {depth!r}, not {PARTIAL} or {LOCAL}")
        if depth == PARTIAL or Channel.DEPTH not in self._channels:
            return self._channels
        self._books = DepthBooks(self._symbols, self._exchange)
        return tuple(DIFF if one == Channel.DEPTH else one for one in self._channels)


def _nowhere(_message: object) -> None:
    return


def _recorder(
    config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
) -> Recorder | None:
    store = frozenset(config.get("store", ()))
    return Recorder(factory.Database(config, factory, timer), timer, store) if store else None
