"""Market events as the arguments of a bot's handlers (pure)."""

from typing import Any

from lib.backtest.minutes import Minute
from lib.constants import Side
from lib.venue.market import Print, Quote


def book_arguments(event: Quote, exchange: str, now_ns: int) -> tuple[Any, ...]:
    """Return what `onOrderbook` gets at bot time `now_ns`."""
    return (
        event.ask,
        event.ask_qty,
        event.bid,
        event.bid_qty,
        event.symbol,
        exchange,
        event.time_ns,
        now_ns - event.time_ns,
    )


def trade_arguments(event: Print, exchange: str, now_ns: int) -> tuple[Any, ...]:
    """Return what `onTrade` gets at bot time `now_ns`."""
    return (
        event.price,
        event.qty,
        Side.SELL if event.buyer_is_maker else Side.BUY,
        event.symbol,
        exchange,
        event.time_ns,
        now_ns - event.time_ns,
    )


def candle_arguments(row: Minute, symbol: str, exchange: str, *, finished: bool) -> tuple[Any, ...]:
    """Return what `onCandle` gets."""
    return (
        row.open,
        row.high,
        row.low,
        row.close,
        row.volume,
        symbol,
        exchange,
        row.open_ns,
        finished,
    )
