"""What anybody may ask of Binance USD-M: rules, best prices, candles."""

from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from lib.constants import NS_PER_MINUTE, NS_PER_MS
from lib.exchange.binance import codec
from lib.exchange.binance.answers import listed, read
from lib.exchange.binance.link import BinanceLink
from lib.exchange.binance.rules import parse_limits, parse_rules
from lib.helpers import plain
from lib.models import Rules
from lib.oms.budget import Limit


class Book(NamedTuple):
    """Best levels, as strings."""

    ask_price: str
    ask_qty: str
    bid_price: str
    bid_qty: str
    event_ns: int


class BinanceMarket(BinanceLink):
    """Public reads; constructed like `BinanceLink`."""

    async def exchange_info(self) -> tuple[dict[str, Rules], list[Limit]]:
        """Return symbol -> rules, and the exchange's rate limits."""
        info = await self._read_public(lambda: self.client.futures_exchange_info())
        return read(lambda info: (parse_rules(info), parse_limits(info)), info)

    async def symbol_statuses(self) -> dict[str, str]:
        """Return symbol -> `TRADING`, `SETTLING`, …."""
        info = await self._read_public(lambda: self.client.futures_exchange_info())
        return read(lambda info: {row["symbol"]: row["status"] for row in info["symbols"]}, info)

    async def book(self, symbol: str) -> Book:
        """Return the best levels of one symbol."""
        body = await self._read_public(lambda: self.client.futures_orderbook_ticker(symbol=symbol))
        return read(_book_of, body)

    async def candles(self, symbol: str, start_ns: int, end_ns: int) -> list[list[Any]]:
        """Return 1-minute candles that start in [start_ns, end_ns), oldest first.

        Rows are `[open_ns, open, high, low, close, volume]`; gaps stay gaps.
        """
        rows: list[list[Any]] = []
        page_ns = codec.CANDLES_PER_PAGE * NS_PER_MINUTE
        for from_ns in range(start_ns, end_ns, page_ns):
            until_ns = min(from_ns + page_ns, end_ns)
            page = await self._read_public(
                partial(
                    self.client.futures_klines,
                    symbol=symbol,
                    interval="1m",
                    startTime=-(-from_ns // NS_PER_MS),
                    endTime=(until_ns - 1) // NS_PER_MS,
                    limit=codec.CANDLES_PER_PAGE,
                )
            )
            rows += listed(codec.parse_candle, page)
        return rows


def _book_of(row: dict[str, Any]) -> Book:
    return Book(
        _number(row["askPrice"]),
        _number(row["askQty"]),
        _number(row["bidPrice"]),
        _number(row["bidQty"]),
        int(row.get("time") or 0) * NS_PER_MS,
    )


def _number(text: str) -> str:
    # whoever gets it takes it for a number
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(f"no number: {text!r}")
    return plain(value)
