"""What an operator finds in the database, as fields of records (pure)."""

from decimal import Decimal
from typing import Any

from bot.clp.pauses import Change
from bot.clp.reconcile import Replaced
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.database.record import SERIES

QUOTES = "quotes"
SUMMARY = "clp"
PAUSES = "pauses"


def quote_record(replaced: Replaced, mid: Decimal) -> dict[str, Any]:
    """Return the record of one level that stands anew.

    `level` is a tag; distances are fractions of the mid; `held_s` is how long the former prices
    stood.
    """
    prices = replaced.level.prices
    if prices is None:
        return {}
    return {
        SERIES: QUOTES,
        "level": replaced.level.config.name,
        "reason": replaced.reason,
        "buy": prices.buy,
        "sell": prices.sell,
        "centre": prices.centre,
        "mid": mid,
        "buy_distance": (mid - prices.buy) / mid,
        "sell_distance": (prices.sell - mid) / mid,
        "held_s": replaced.held_ns / NS_PER_SECOND,
    }


def pause_record(change: Change) -> dict[str, Any]:
    """Return the record of a pause that began, goes on for other causes, or ended."""
    return {
        SERIES: PAUSES,
        "paused": bool(change.reason),
        "causes": change.causes,
        "reason": change.reason,
        "lasted_s": change.lasted_ns / NS_PER_SECOND,
    }


def summary_record(
    *,
    mode: str,
    qty: Decimal,
    mid: Decimal,
    spread: Decimal,
    latency_ns: int,
    stop: Decimal | None,
    zero: Decimal | None,
    atr: Decimal | None,
    open_quotes: int,
    profit: Decimal,
    fees: Decimal,
    pause: str,
) -> dict[str, Any]:
    """Return the record that is written every so often.

    Args:
        mode: What the bot is doing.
        qty: Signed position, base.
        mid: Of the book.
        spread: Best ask - best bid.
        latency_ns: Of the newest book.
        stop: Stop price.
        zero: Break-even price of the position.
        atr: Average true range, a fraction.
        open_quotes: Own orders that add risk.
        profit: Of the day, in the quote asset.
        fees: Of the day, in the quote asset.
        pause: Why quoting pauses.
    """
    return {
        SERIES: SUMMARY,
        "mode": mode,
        "position": qty,
        "inventory_usd": qty * mid,
        "mid": mid,
        "spread": spread / mid,
        "latency_ms": latency_ns / NS_PER_MS,
        "stop": stop,
        "zero": zero,
        "atr": atr,
        "open_quotes": open_quotes,
        "profit": profit,
        "fees": fees,
        "pause": pause,
    }
