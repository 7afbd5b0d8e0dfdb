"""Binance's public frames read into market events: for recordings and for the live relay."""

import re
from typing import Any

from lib.constants import NS_PER_MS
from lib.helpers import decimal
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote

PARTIAL = re.compile(r"@depth(5|10|20)\b")
NO_PRICE = "0"


def read_frame(frame: Any, time_ns: int) -> list[MarketEvent]:
    """Return the events of one websocket frame, combined or raw.

    Args:
        frame: The parsed JSON.
        time_ns: When it was received; the events carry it.
    """
    stream, data = "", frame
    if isinstance(frame, dict) and "stream" in frame:
        stream, data = str(frame["stream"]), frame.get("data")
    rows = data if isinstance(data, list) else [data]
    events = (_event(row, stream, time_ns) for row in rows if isinstance(row, dict))
    return [event for event in events if event is not None]


def read_snapshot(body: dict[str, Any], symbol: str, time_ns: int) -> Levels:
    """Return the book that a REST depth answer holds."""
    last = int(body["lastUpdateId"])
    bids, asks = _levels(body["bids"]), _levels(body["asks"])
    return Levels(symbol, bids, asks, last, last, last, time_ns, snapshot=True)


def _event(row: dict[str, Any], stream: str, time_ns: int) -> MarketEvent | None:
    symbol = str(row.get("s", ""))
    match row.get("e") or stream.rpartition("@")[2]:
        case "bookTicker":
            bid, bid_qty, ask, ask_qty = (decimal(row[name]) for name in "bBaA")
            return Quote(symbol, bid, bid_qty, ask, ask_qty, int(row["u"]), time_ns)
        case "depthUpdate":
            return _depth(row, symbol, time_ns, whole=PARTIAL.search(stream) is not None)
        case "trade":
            if row.get("X", "MARKET") != "MARKET":
                return None
            price, qty = decimal(row["p"]), decimal(row["q"])
            return Print(symbol, price, qty, bool(row["m"]), int(row["t"]), time_ns)
        case "aggTrade":
            price, qty = decimal(row["p"]), decimal(row["q"])
            return Print(symbol, price, qty, bool(row["m"]), int(row["l"]), time_ns)
        case "markPriceUpdate":
            return _mark(row, symbol, time_ns)
        case _:
            return None


def _depth(row: dict[str, Any], symbol: str, time_ns: int, *, whole: bool) -> Levels:
    first, last = int(row["U"]), int(row["u"])
    previous = int(row.get("pu", first - 1))
    bids, asks = _levels(row["b"]), _levels(row["a"])
    return Levels(symbol, bids, asks, first, last, previous, time_ns, snapshot=whole)


def _mark(row: dict[str, Any], symbol: str, time_ns: int) -> MarkPrice:
    mark, index = decimal(row["p"]), decimal(row.get("i") or row["p"])
    rate = decimal(row.get("r") or NO_PRICE)
    return MarkPrice(symbol, mark, index, rate, int(row.get("T") or 0) * NS_PER_MS, time_ns)


def _levels(rows: list[list[str]]) -> list[Level]:
    return [(decimal(price), decimal(qty)) for price, qty, *_ in rows]
