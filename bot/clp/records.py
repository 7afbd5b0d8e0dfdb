"""What an operator finds in the database, as fields of records (pure)."""

from decimal import Decimal
from typing import Any

from bot.clp.guard import Guard
from bot.clp.pauses import Change
from bot.clp.reconcile import Replaced
from bot.clp.view import View
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.database.record import SERIES

QUOTES = "quotes"
SUMMARY = "clp"
PAUSES = "pauses"
PLACES = 10
"""Decimal places of what comes out of a division."""


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
        "centre": round(prices.centre, PLACES),
        "mid": mid,
        "buy_distance": round((mid - prices.buy) / mid, PLACES),
        "sell_distance": round((prices.sell - mid) / mid, PLACES),
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


def summary_record(view: View, mode: str, guard: Guard, open_quotes: int) -> dict[str, Any]:
    """Return the record that is written every so often; `spread` is a fraction of the mid."""
    qty = guard.position.qty
    return {
        SERIES: SUMMARY,
        "mode": mode,
        "position": qty,
        "inventory_usd": qty * view.mid,
        "mid": view.mid,
        "spread": round(view.spread / view.mid, PLACES),
        "latency_ms": view.latency_ns / NS_PER_MS,
        "atr": None if view.atr is None else round(view.atr, PLACES),
        "stop": guard.stop.price,
        "zero": None if guard.zero is None else round(guard.zero, PLACES),
        "open_quotes": open_quotes,
        "profit": view.profit_usd,
    }


def note_text(mode: str, pause: str, quotes: int, guard: Guard, profit: Decimal | None) -> str:
    """Return the one line that `supervisor status` shows."""
    parts = [f"{mode} ({pause})" if pause else f"{mode}"]
    parts += [f"{quotes} quotes", f"position {guard.position.qty.normalize():f}"]
    if guard.stop.price is not None:
        parts.append(f"stop {guard.stop.price.normalize():f}")
    if profit is not None:
        parts.append(f"profit {profit:.2f}")
    return ", ".join(parts)
