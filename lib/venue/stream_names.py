"""Names of market streams: what each means, and on which route it is delivered."""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from lib.constants import Channel
from lib.venue.candles import INTERVALS_MS, SECOND


class Route(StrEnum):
    """The three doors of the websocket host, and the old one without a name."""

    PUBLIC = "public"
    MARKET = "market"
    PRIVATE = "private"
    LEGACY = ""


class Kind(StrEnum):
    """What a stream carries."""

    BOOK_TICKER = "bookTicker"
    TRADE = "trade"
    AGG_TRADE = "aggTrade"
    DIFF = "depth"
    PARTIAL = "partial"
    KLINE = "kline"
    CONTINUOUS = "continuousKline"
    MARK = "markPrice"
    TICKER = "ticker"
    MINI_TICKER = "miniTicker"
    FORCE = "forceOrder"
    CONTRACT = "contractInfo"
    QUIET = "quiet"
    """Known to the exchange, never moving here (index and session streams)."""


CHANNELS = {
    Kind.BOOK_TICKER: Channel.BOOK,
    Kind.TRADE: Channel.TRADE,
    Kind.AGG_TRADE: Channel.TRADE,
    Kind.DIFF: Channel.DEPTH,
    Kind.PARTIAL: Channel.DEPTH,
    Kind.KLINE: Channel.CANDLE,
    Kind.CONTINUOUS: Channel.CANDLE,
    Kind.MARK: Channel.MARK,
}
"""The bus's names of what the kinds carry; faults understand both."""
PUBLIC_KINDS = {Kind.BOOK_TICKER, Kind.TRADE, Kind.DIFF, Kind.PARTIAL}


class Stream(NamedTuple):
    """A stream's meaning.

    `symbol` is empty for all symbols; `interval` belongs to candles, `levels` to partial books;
    `speed_ms` is the pace, 0 for every event.
    """

    name: str
    kind: Kind
    symbol: str
    interval: str = ""
    levels: int = 0
    speed_ms: int = 0

    @property
    def route(self) -> Route:
        """The route that delivers it."""
        return Route.PUBLIC if self.kind in PUBLIC_KINDS else Route.MARKET

    def delivered_on(self, route: Route) -> bool:
        """Return whether a connection of `route` gets it; others are acknowledged and silent."""
        return route is self.route or (route is Route.LEGACY and self.route is Route.PUBLIC)


DEPTH = re.compile(r"(depth|rpiDepth)(5|10|20)?(?:@(0|100|250|500)ms)?")
INTERVALS = {*INTERVALS_MS, SECOND}
PLAIN = {
    "bookTicker": (Kind.BOOK_TICKER, 0),
    "trade": (Kind.TRADE, 0),
    "aggTrade": (Kind.AGG_TRADE, 0),
    "ticker": (Kind.TICKER, 2000),
    "miniTicker": (Kind.MINI_TICKER, 2000),
    "forceOrder": (Kind.FORCE, 1000),
    "markPrice": (Kind.MARK, 3000),
    "markPrice@1s": (Kind.MARK, 1000),
    "compositeIndex": (Kind.QUIET, 0),
}
ALL_SYMBOLS = {
    "!bookTicker": (Kind.BOOK_TICKER, 5000),
    "!ticker@arr": (Kind.TICKER, 1000),
    "!miniTicker@arr": (Kind.MINI_TICKER, 1000),
    "!markPrice@arr": (Kind.MARK, 3000),
    "!markPrice@arr@1s": (Kind.MARK, 1000),
    "!forceOrder@arr": (Kind.FORCE, 1000),
    "!contractInfo": (Kind.CONTRACT, 0),
    "!assetIndex@arr": (Kind.QUIET, 0),
    "tradingSession": (Kind.QUIET, 0),
}


@lru_cache(maxsize=65_536)
def parse(name: str) -> Stream | None:
    """Return the meaning of a stream's name, None for a name that means nothing.

    Symbols are lower case in stream names; an upper-case one means nothing, as on the exchange.
    """
    if name in ALL_SYMBOLS:
        kind, speed = ALL_SYMBOLS[name]
        return Stream(name, kind, "", speed_ms=speed)
    symbol, at, rest = name.partition("@")
    if not at or not symbol or symbol != symbol.lower():
        return None
    if rest in PLAIN:
        kind, speed = PLAIN[rest]
        return Stream(name, kind, symbol.upper(), speed_ms=speed)
    return _candles(name, symbol, rest) or _depth(name, symbol, rest)


def _candles(name: str, symbol: str, rest: str) -> Stream | None:
    head, _, interval = rest.partition("_")
    if interval not in INTERVALS:
        return None
    if head == "kline" and interval != SECOND:
        return Stream(name, Kind.KLINE, symbol.upper(), interval, speed_ms=250)
    if head == "continuousKline":
        pair, _, contract = symbol.partition("_")
        if contract == "perpetual":
            return Stream(name, Kind.CONTINUOUS, pair.upper(), interval, speed_ms=250)
    return None


def _depth(name: str, symbol: str, rest: str) -> Stream | None:
    match = DEPTH.fullmatch(rest)
    if match is None:
        return None
    kind = Kind.PARTIAL if match[2] else Kind.DIFF
    speed = int(match[3]) if match[3] else 250
    return Stream(name, kind, symbol.upper(), levels=int(match[2] or 0), speed_ms=speed)
