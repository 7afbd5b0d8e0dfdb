"""Turns market events into stream payloads: at once, or at each stream's pace."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS
from lib.venue import payloads
from lib.venue.candles import Candle
from lib.venue.hub import Hub
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.stream_names import Kind, Stream
from lib.venue.symbols import SymbolInfo
from lib.venue.tape import Tape

PULSE_NS = 50 * NS_PER_MS
"""How often paced streams are looked at."""
ROLL_NS = 250 * NS_PER_MS
FORCE_NS = 1000 * NS_PER_MS
CANDLES = {Kind.KLINE, Kind.CONTINUOUS}
DepthReader = Callable[[str], tuple[list[Level], list[Level], int]]


class DepthDiff:
    """Level changes of one symbol since the last event of one stream speed."""

    def __init__(self, last_id: int) -> None:
        """Start the chain at the book's last update id."""
        self.previous_id = last_id
        self.clear()

    def clear(self) -> None:
        """Forget the changes."""
        self.first_id = 0
        self.last_id = 0
        self.time_ns = 0
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}

    def add(self, event: Levels) -> None:
        """Take changes in; later ones win."""
        self.first_id = self.first_id or event.first_id
        self.last_id = event.last_id
        self.time_ns = event.time_ns
        self.bids.update(event.bids)
        self.asks.update(event.asks)

    def take(self, symbol: str, now_ns: int) -> bytes:
        """Return the event of the changes so far and start the next."""
        bids = sorted(self.bids.items(), reverse=True)
        ids = (self.first_id, self.last_id, self.previous_id)
        times = (self.time_ns, now_ns)
        payload = payloads.depth(symbol, bids, sorted(self.asks.items()), ids, times)
        self.previous_id = self.last_id
        self.clear()
        return payload


class MarketStreams:
    """Publishes the market to the hub; encodes nothing that nobody listens to.

    Args:
        hub: Where payloads go.
        tapes: Public state of every playing symbol, shared with the server.
        depth: Reads the book (bids, asks, last update id) of a symbol.
    """

    def __init__(self, hub: Hub, tapes: dict[str, Tape], depth: DepthReader) -> None:
        """Start with nothing paced."""
        self._hub = hub
        self._tapes = tapes
        self._depth = depth
        self._diffs: dict[str, dict[str, DepthDiff]] = {}
        self._paced: dict[str, tuple[Stream, int]] = {}
        self._seen: dict[str, int] = {}
        self._force: dict[str, dict[str, Any]] = {}
        self._force_due_ns = 0
        self._roll_due_ns = 0

    def watch(self, stream: Stream, now_ns: int) -> None:
        """Begin to pace a stream that someone subscribed to."""
        if stream.kind is Kind.DIFF:
            diffs = self._diffs.setdefault(stream.symbol, {})
            if stream.name not in diffs:
                diffs[stream.name] = DepthDiff(self._depth(stream.symbol)[2])
        if stream.kind in CANDLES and stream.symbol in self._tapes:
            self._tapes[stream.symbol].watch(stream.interval)
        if stream.speed_ms and stream.kind is not Kind.FORCE and stream.name not in self._paced:
            self._paced[stream.name] = (stream, now_ns)

    def on_event(self, event: MarketEvent, now_ns: int) -> None:
        """Publish what is not paced; remember what is."""
        subscribers = self._hub.subscribers
        tape = self._tapes[event.symbol]
        match event:
            case Quote():
                name = tape.name + "@bookTicker"
                if name in subscribers:
                    self._hub.publish(name, payloads.book_ticker(event, now_ns))
            case Levels():
                if event.symbol in self._diffs:
                    self._on_levels(event, now_ns)
            case Print():
                name = tape.name + "@trade"
                if name in subscribers:
                    self._hub.publish(name, payloads.trade(event, now_ns))
            case MarkPrice():
                pass

    def on_prints(self, symbol: str, trades: list[Print], now_ns: int) -> None:
        """Publish the aggregate of a run of trades."""
        tape = self._tapes[symbol]
        name = tape.name + "@aggTrade"
        for row in tape.aggregate(trades):
            if name in self._hub.subscribers:
                self._hub.publish(name, payloads.aggregate(symbol, row, now_ns))

    def on_force_order(self, body: dict[str, Any]) -> None:
        """Keep the largest liquidation of a symbol until the next second."""
        order = body["o"]
        before = self._force.get(order["s"])
        if before is None or Decimal(before["o"]["q"]) < Decimal(order["q"]):
            self._force[order["s"]] = body

    def on_listing(self, rules: SymbolInfo, now_ns: int) -> None:
        """Tell that a symbol's status or rules have changed."""
        self._hub.publish("!contractInfo", payloads.contract_info(rules, now_ns))

    def pulse(self, now_ns: int) -> None:
        """Publish the paced streams that are due."""
        if now_ns >= self._roll_due_ns:
            self._roll_due_ns = now_ns + ROLL_NS
            self._close_candles(now_ns)
        for name, (stream, due_ns) in tuple(self._paced.items()):
            if due_ns > now_ns:
                continue
            if name not in self._hub.subscribers:
                self._forget(stream)
                continue
            period_ns = stream.speed_ms * NS_PER_MS
            self._paced[name] = (stream, max(due_ns + period_ns, now_ns + period_ns // 2))
            self._publish(stream, now_ns)
        if self._force and now_ns >= self._force_due_ns:
            self._force_due_ns = now_ns + FORCE_NS
            self._publish_force()

    def shift(self, delta_ns: int) -> None:
        """Move all paces: the venue's clock was set."""
        self._paced = {name: (each, due + delta_ns) for name, (each, due) in self._paced.items()}
        self._force_due_ns += delta_ns
        self._roll_due_ns += delta_ns

    def _on_levels(self, event: Levels, now_ns: int) -> None:
        for name, diff in self._diffs[event.symbol].items():
            if event.snapshot:
                diff.previous_id = event.last_id
                continue
            diff.add(event)
            if name not in self._paced:
                self._hub.publish(name, diff.take(event.symbol, now_ns))

    def _close_candles(self, now_ns: int) -> None:
        for symbol, tape in self._tapes.items():
            for interval, series in tape.series.items():
                series.roll(now_ns)
                if not series.closed:
                    continue
                for row in series.take_closed():
                    self._publish_candle(tape, symbol, interval, row, now_ns, closed=True)

    def _publish_open_candle(self, stream: Stream, tape: Tape, now_ns: int) -> None:
        rows = tape.watch(stream.interval).rows
        if rows and self._changed(stream, tape.trades[-1].trade_id if tape.trades else 0):
            symbol = stream.symbol
            self._publish_candle(tape, symbol, stream.interval, rows[-1], now_ns, closed=False)

    def _publish_candle(
        self, tape: Tape, symbol: str, interval: str, row: Candle, now_ns: int, *, closed: bool
    ) -> None:
        name = f"{tape.name}@kline_{interval}"
        if name in self._hub.subscribers:
            self._hub.publish(name, payloads.kline(symbol, interval, row, closed, now_ns))
        name = f"{tape.name}_perpetual@continuousKline_{interval}"
        if name in self._hub.subscribers:
            body = payloads.continuous_kline(tape, interval, row, closed, now_ns)
            self._hub.publish(name, body)

    def _publish_force(self) -> None:
        for symbol, body in self._force.items():
            payload = payloads.encode(body)
            self._hub.publish(f"{symbol.lower()}@forceOrder", payload)
            self._hub.publish("!forceOrder@arr", payload)
        self._force.clear()

    def _forget(self, stream: Stream) -> None:
        del self._paced[stream.name]
        self._diffs.get(stream.symbol, {}).pop(stream.name, None)

    def _publish(self, stream: Stream, now_ns: int) -> None:
        tape = self._tapes.get(stream.symbol)
        if not stream.symbol:
            self._publish_all(stream, now_ns)
        elif tape is None:
            return
        elif stream.kind in CANDLES:
            self._publish_open_candle(stream, tape, now_ns)
        elif stream.kind is Kind.PARTIAL:
            self._publish_partial(stream, now_ns)
        elif stream.kind is Kind.DIFF:
            self._publish_diff(stream, now_ns)
        else:
            body = self._body(stream.kind, tape, now_ns)
            if body is not None:
                self._hub.publish(stream.name, payloads.encode(body))

    def _publish_diff(self, stream: Stream, now_ns: int) -> None:
        diff = self._diffs.get(stream.symbol, {}).get(stream.name)
        if diff is not None and diff.last_id:
            self._hub.publish(stream.name, diff.take(stream.symbol, now_ns))

    def _publish_all(self, stream: Stream, now_ns: int) -> None:
        if stream.kind is Kind.BOOK_TICKER:
            for tape in self._tapes.values():
                if tape.quote is not None:
                    self._hub.publish(stream.name, payloads.book_ticker(tape.quote, now_ns))
            return
        bodies = [self._body(stream.kind, tape, now_ns) for tape in self._tapes.values()]
        rows = [body for body in bodies if body is not None]
        if rows:
            self._hub.publish(stream.name, payloads.encode(rows))

    def _body(self, kind: Kind, tape: Tape, now_ns: int) -> dict[str, Any] | None:
        if kind is Kind.MARK:
            return payloads.mark_price(tape.mark, now_ns) if tape.mark else None
        if kind is Kind.TICKER:
            return payloads.ticker(tape, now_ns)
        if kind is Kind.MINI_TICKER:
            return payloads.mini_ticker(tape, now_ns)
        return None

    def _publish_partial(self, stream: Stream, now_ns: int) -> None:
        bids, asks, last_id = self._depth(stream.symbol)
        previous = self._seen.get(stream.name, last_id)
        if previous == last_id and stream.name in self._seen:
            return
        self._seen[stream.name] = last_id
        top = stream.levels
        ids = (min(previous + 1, last_id), last_id, previous)
        body = payloads.depth(stream.symbol, bids[:top], asks[:top], ids, (now_ns, now_ns))
        self._hub.publish(stream.name, body)

    def _changed(self, stream: Stream, key: int) -> bool:
        if self._seen.get(stream.name) == key:
            return False
        self._seen[stream.name] = key
        return True
