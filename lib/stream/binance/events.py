"""Binance USD-M's market events, as they stand on the wire.

Fields have the exchange's own names, only those that are used; others are ignored. `E` is when the
exchange sent the event, ms, and `T`, but for candles and mark prices, when it happened. Source: https://developers.binance.com/docs/derivatives/
usds-margined-futures, "Websocket Market Streams", read 2026-05-28.
"""

from typing import Annotated

import msgspec

MARKET_ORDER = "MARKET"
"""`X` of a trade out of the order book; others (INSURANCE_FUND, …) may carry price and qty 0."""


class BookTicker(msgspec.Struct, tag_field="e", tag="bookTicker", gc=False):
    """Best bid and ask."""

    u: int
    s: str
    b: str
    B: str
    a: str
    A: str
    E: int
    T: int = 0


class AggTrade(msgspec.Struct, tag_field="e", tag="aggTrade", gc=False):
    """Trades of one taker order at one price."""

    a: int
    s: str
    p: str
    q: str
    m: bool
    E: int
    T: int = 0


class SingleTrade(msgspec.Struct, tag_field="e", tag="trade", gc=False):
    """One trade."""

    t: int
    s: str
    p: str
    q: str
    m: bool
    E: int
    X: str = MARKET_ORDER
    T: int = 0


class KlineBody(msgspec.Struct, gc=False):
    """The candle inside a kline event."""

    t: int
    i: str
    o: str
    h: str
    l: str  # noqa: E741 - the exchange's name
    c: str
    v: str
    x: bool


class Kline(msgspec.Struct, tag_field="e", tag="kline", gc=False):
    """A candle, growing or closed (`x`)."""

    s: str
    E: int
    k: KlineBody


class MarkPrice(msgspec.Struct, tag_field="e", tag="markPriceUpdate", gc=False):
    """Mark price, index price, funding."""

    s: str
    p: str
    E: int
    i: str = "0"
    r: str = "0"
    T: int = 0


Level = Annotated[list[str], msgspec.Meta(min_length=2, max_length=2)]


class DepthUpdate(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """Changed levels, or the best ones of partial depth."""

    s: str
    E: int
    U: int
    u: int
    b: list[Level]
    a: list[Level]
    pu: int = -1
    T: int = 0


Event = BookTicker | AggTrade | SingleTrade | Kline | MarkPrice | DepthUpdate


class Combined(msgspec.Struct):
    """An event in the combined stream's envelope."""

    stream: str
    data: Event


decode_combined = msgspec.json.Decoder(Combined).decode
decode_any = msgspec.json.Decoder().decode
KNOWN = frozenset({"bookTicker", "aggTrade", "trade", "kline", "markPriceUpdate", "depthUpdate"})
