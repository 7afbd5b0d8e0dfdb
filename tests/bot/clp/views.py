"""What conditions look at, with a quiet market unless a test says otherwise."""

from decimal import Decimal
from typing import Any

from bot.clp.view import View

QUIET: dict[str, Any] = {
    "timestamp": 0, "spread": "0.1", "mid": 100, "latency_ns": 0, "age_ns": 0, "atr": "0.001",
    "inventory_usd": 0, "profit_usd": 0, "online": True, "trouble": "",
}  # fmt: skip
DECIMALS = ("spread", "mid", "atr", "inventory_usd", "profit_usd")


def view(**changes: Any) -> View:
    values = QUIET | changes
    for name in DECIMALS:
        if values[name] is not None:
            values[name] = Decimal(values[name])
    return View(**values)
