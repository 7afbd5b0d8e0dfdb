"""Raw websocket frames of Binance USD-M in, bus messages out (pure logic, hot path).

Frames come raw or in the combined envelope; fields that we do not know are ignored. What cannot be
used is counted and dropped, never raised. Event time `E` (when the exchange sent it) is what
latency is measured from; `T`, where there is one, is when it happened.
"""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from math import inf, isfinite
from typing import Annotated, Any

import msgspec

from lib.bus.protocol import Book, Candle, Depth, Mark, Trade
from lib.constants import NS_PER_MS, Side
from lib.stream.order_book import Diff

MARKET_ORDER = "MARKET"
"""`X` of a trade out of the order book; others (INSURANCE_FUND, …) may carry price and qty 0."""
PARTIAL = ("@depth5", "@depth10", "@depth20")
"""Partial depth has the diff stream's very shape: only the stream's name tells them apart."""

BUY, SELL = Side.BUY.value, Side.SELL.value
"""Looked up once: an enum's `value` costs as much as the rest of a trade's building."""

Parsed = Book | Trade | Candle | Mark | Depth | Diff


class _BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    E: int


class _AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade", gc=False):
    a: int
    s: str
    p: str
    q: str
    m: bool
    E: int


class _Trade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    t: int
    s: str
    p: str
    q: str
    m: bool
    E: int
    X: str = MARKET_ORDER


class _KlineBody(msgspec.Struct, gc=False):
    t: int
    i: str
    o: str
    h: str
    l: str  # noqa: E741 - the exchange's name
    c: str
    v: str
    x: bool


class _Kline(msgspec.Struct, tag_field="e", tag="kline", gc=False):
    s: str
    E: int
    k: _KlineBody


class _MarkPrice(msgspec.Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    s: str
    p: str
    E: int
    i: str = "0"
    r: str = "0"
    T: int = 0


_Level = Annotated[list[str], msgspec.Meta(min_length=2, max_length=2)]


class _DepthUpdate(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    s: str
    E: int
    U: int
    u: int
    b: list[_Level]
    a: list[_Level]
    pu: int = -1


_Event = _BookTicker | _AggTrade | _Trade | _Kline | _MarkPrice | _DepthUpdate


class _Combined(msgspec.Struct):
    stream: str
    data: _Event


_decode_combined = msgspec.json.Decoder(_Combined).decode
_decode_any = msgspec.json.Decoder().decode
_KNOWN = frozenset({"bookTicker", "aggTrade", "trade", "kline", "markPriceUpdate", "depthUpdate"})


class Parser:
    """Turns frames into messages.

    Args:
        exchange: Name that the messages carry.
        live_candles: Give unfinished candles, too.
        partial_depth: What a `depthUpdate` without a stream's name is: partial depth, or (False)
            a diff.
    """

    def __init__(
        self, exchange: str, *, live_candles: bool = False, partial_depth: bool = True
    ) -> None:
        """Start with all counters at 0."""
        self._exchange = exchange
        self._live_candles = live_candles
        self._unnamed = "@depth20" if partial_depth else ""
        self.malformed = 0
        """Frames that are not JSON, or lack what their event must have."""
        self.unusable = 0
        """Events of the right shape whose values cannot be: crossed book, price 0 or no number."""
        self.unknown: Counter[str] = Counter()
        """Events that we have no use for, by name."""
        self.refusals: Counter[str] = Counter()
        """Control messages that the exchange refused, by its words."""

    def parse(self, frame: bytes | str, received_ns: int, offset_ns: int = 0) -> list[Parsed]:
        """Return the messages of one frame: one, or none.

        Args:
            frame: As received.
            received_ns: Local receive time, ns since the epoch.
            offset_ns: Exchange's minus local clock; a latency is receive time plus this, minus
                event time.
        """
        try:
            combined = _decode_combined(frame)
        except (msgspec.MsgspecError, UnicodeError):
            return self._explain(frame, received_ns + offset_ns)
        return self._build(combined.data, received_ns + offset_ns, combined.stream)

    def _build(self, event: _Event, received_ns: int, stream: str) -> list[Parsed]:
        # `received_ns` is by the exchange's clock from here on
        try:
            message = _BUILDERS[type(event)](event, self._exchange, received_ns, stream)
        except ValueError:
            self.unusable += 1
            return []
        if message is None or (
            type(message) is Candle and not (message.finished or self._live_candles)
        ):
            return []
        return [message]

    def _explain(self, frame: bytes | str, received_ns: int) -> list[Parsed]:
        # off the hot path: raw frames, control answers, events we have no use for, nonsense
        try:
            value = _decode_any(frame)
        except (msgspec.MsgspecError, UnicodeError):
            self.malformed += 1
            return []
        stream = self._unnamed
        if isinstance(value, dict) and isinstance(value.get("stream"), str) and "data" in value:
            stream, value = value["stream"], value["data"]
        if not self._is_ours(value):
            return []
        try:
            event = msgspec.convert(value, _Event)
        except msgspec.MsgspecError:
            self.malformed += 1
            return []
        return self._build(event, received_ns, stream)

    def _is_ours(self, value: Any) -> bool:
        if isinstance(value, list):
            self.unknown["array"] += 1
            return False
        if not isinstance(value, dict):
            self.malformed += 1
            return False
        event = value.get("e")
        if isinstance(event, str):
            if event not in _KNOWN:
                self.unknown[event] += 1
            return event in _KNOWN
        self._note_control(value)
        return False

    def _note_control(self, value: dict[str, Any]) -> None:
        error = value.get("error", value)
        if isinstance(error, dict) and "code" in error:
            self.refusals[f"{error['code']}: {error.get('msg', '')}"] += 1
        elif not ("id" in value and "result" in value):
            self.malformed += 1


# Values are only looked at here, and a NaN compares false: float() is cheaper than a Decimal.
# Prices repeat, and a cached one costs a third.
_price = lru_cache(maxsize=16_384)(float)


def _book(event: _BookTicker, exchange: str, received_ns: int, _stream: str) -> Book:
    ask, ask_qty, bid, bid_qty = event.a, event.A, event.b, event.B
    if not 0 < _price(bid) < _price(ask) < inf:
        raise ValueError("crossed or empty book")
    if not (0 < float(ask_qty) < inf and 0 < float(bid_qty) < inf):
        raise ValueError("quantity")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    return Book(event.s, ask, ask_qty, bid, bid_qty, exchange, event_ns, event.u, latency_ns)


def _agg_trade(event: _AggTrade, exchange: str, received_ns: int, _stream: str) -> Trade:
    return _trade_of(event, event.a, exchange, received_ns)


def _trade(event: _Trade, exchange: str, received_ns: int, _stream: str) -> Trade | None:
    if event.X != MARKET_ORDER:
        return None
    return _trade_of(event, event.t, exchange, received_ns)


def _trade_of(event: _AggTrade | _Trade, number: int, exchange: str, received_ns: int) -> Trade:
    price, qty = event.p, event.q
    if not (0 < float(price) < inf and 0 < float(qty) < inf):
        raise ValueError("price or quantity")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    # the buyer was the maker: the seller was the aggressor
    side = SELL if event.m else BUY
    return Trade(event.s, price, qty, side, exchange, event_ns, number, latency_ns)


def _candle(event: _Kline, exchange: str, received_ns: int, _stream: str) -> Candle | None:
    k = event.k
    if k.i != "1m":
        return None
    prices = (float(k.o), float(k.h), float(k.l), float(k.c))
    if not all(0 < price < inf for price in prices) or not 0 <= float(k.v) < inf:
        raise ValueError("price or volume")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    open_ns = k.t * NS_PER_MS
    return Candle(event.s, open_ns, k.o, k.h, k.l, k.c, k.v, k.x, exchange, event_ns, latency_ns)


def _mark(event: _MarkPrice, exchange: str, received_ns: int, _stream: str) -> Mark:
    # delivery contracts have no funding: an empty rate
    price, index, rate = event.p, event.i, event.r or "0"
    if not (0 < float(price) < inf and isfinite(float(index)) and isfinite(float(rate))):
        raise ValueError("price or rate")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    funding_ns = event.T * NS_PER_MS
    return Mark(event.s, price, index, rate, funding_ns, exchange, event_ns, latency_ns)


def _depth(event: _DepthUpdate, exchange: str, received_ns: int, stream: str) -> Depth | Diff:
    bids, asks = event.b, event.a
    for price, qty in (*bids, *asks):
        if not (0 < float(price) < inf and 0 <= float(qty) < inf):
            raise ValueError("price or quantity")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    if not any(name in stream for name in PARTIAL):
        return Diff(event.s, event.U, event.u, event.pu, bids, asks, event_ns, latency_ns)
    if bids and asks and float(bids[0][0]) >= float(asks[0][0]):
        raise ValueError("crossed book")
    return Depth(event.s, bids, asks, exchange, event_ns, event.u, latency_ns)


_BUILDERS: dict[type, Callable[[Any, str, int, str], Parsed | None]] = {
    _BookTicker: _book,
    _AggTrade: _agg_trade,
    _Trade: _trade,
    _Kline: _candle,
    _MarkPrice: _mark,
    _DepthUpdate: _depth,
}
