"""Market events of Binance USD-M into bus messages (pure logic, hot path).

Each builder returns None for what is of no use, and raises ValueError for values that cannot be.
"""

from collections.abc import Callable
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from lib.bus.protocol import Book, Candle, Depth, Mark, Trade
from lib.constants import NS_PER_MS, Side
from lib.stream.binance.events import (
    MARKET_ORDER,
    AggTrade,
    BookTicker,
    DepthUpdate,
    Kline,
    MarkPrice,
    SingleTrade,
)
from lib.stream.order_book import Diff

PARTIAL = ("@depth5", "@depth10", "@depth20")
"""Partial depth has the diff stream's very shape: only the stream's name tells them apart."""
BUY, SELL = Side.BUY.value, Side.SELL.value
"""Looked up once: an enum's `value` costs as much as the rest of a trade's building."""

Parsed = Book | Trade | Candle | Mark | Depth | Diff

# Values are only looked at here, and a NaN compares false: float() is cheaper than a Decimal.
# Prices repeat, and a cached one costs a third.
_price = lru_cache(maxsize=16_384)(float)


def _book(event: BookTicker, exchange: str, received_ns: int, _stream: str) -> Book:
    ask, ask_qty, bid, bid_qty = event.a, event.A, event.b, event.B
    if not 0 < _price(bid) < _price(ask) < inf:
        raise ValueError("crossed or empty book")
    if not (0 < float(ask_qty) < inf and 0 < float(bid_qty) < inf):
        raise ValueError("quantity")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    return Book(event.s, ask, ask_qty, bid, bid_qty, exchange, event_ns, event.u, latency_ns)


def _agg_trade(event: AggTrade, exchange: str, received_ns: int, _stream: str) -> Trade:
    return _trade_of(event, event.a, exchange, received_ns)


def _trade(event: SingleTrade, exchange: str, received_ns: int, _stream: str) -> Trade | None:
    if event.X != MARKET_ORDER:
        return None
    return _trade_of(event, event.t, exchange, received_ns)


def _trade_of(event: AggTrade | SingleTrade, number: int, exchange: str, received_ns: int) -> Trade:
    price, qty = event.p, event.q
    if not (0 < float(price) < inf and 0 < float(qty) < inf):
        raise ValueError("price or quantity")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    # the buyer was the maker: the seller was the aggressor
    side = SELL if event.m else BUY
    return Trade(event.s, price, qty, side, exchange, event_ns, number, latency_ns)


def _candle(event: Kline, exchange: str, received_ns: int, _stream: str) -> Candle | None:
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


def _mark(event: MarkPrice, exchange: str, received_ns: int, _stream: str) -> Mark:
    # delivery contracts have no funding: an empty rate
    price, index, rate = event.p, event.i, event.r or "0"
    if not (0 < float(price) < inf and isfinite(float(index)) and isfinite(float(rate))):
        raise ValueError("price or rate")
    event_ns = event.E * NS_PER_MS
    latency_ns = received_ns - event_ns
    funding_ns = event.T * NS_PER_MS
    return Mark(event.s, price, index, rate, funding_ns, exchange, event_ns, latency_ns)


def _depth(event: DepthUpdate, exchange: str, received_ns: int, stream: str) -> Depth | Diff:
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


Builder = Callable[[Any, str, int, str], Parsed | None]

BUILDERS: dict[type, Builder] = {
    BookTicker: _book,
    AggTrade: _agg_trade,
    SingleTrade: _trade,
    Kline: _candle,
    MarkPrice: _mark,
    DepthUpdate: _depth,
}


def _happened(build: Builder) -> Builder:
    def dated(event: Any, exchange: str, received_ns: int, stream: str) -> Parsed | None:
        message = build(event, exchange, received_ns, stream)
        if message is None or not event.T:
            return message
        return message._replace(event_ns=event.T * NS_PER_MS)

    return dated


BUILDERS_BY_TRANSACTION = BUILDERS | {
    kind: _happened(BUILDERS[kind]) for kind in (BookTicker, AggTrade, SingleTrade, DepthUpdate)
}
"""The same, dated by when things happened (`T`), not by when they were sent; latencies are not."""
