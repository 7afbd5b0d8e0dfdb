"""What a pause condition may look at (pure)."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class View:
    """The market and the bot at one instant.

    Args:
        timestamp: Time since the epoch, ns.
        spread: Best ask - best bid.
        mid: Of the book.
        latency_ns: From the exchange's event of the newest book to its handler.
        age_ns: Since the newest book came.
        atr: Average true range as a fraction of the price, None while unknown.
        inventory_usd: Worth of the position, unsigned.
        profit_usd: Profit of the day (UTC), negative for a loss.
        online: What `isOnline` says.
        trouble: Why it is not online, if it is known.
    """

    timestamp: int
    spread: Decimal
    mid: Decimal
    latency_ns: int
    age_ns: int
    atr: Decimal | None
    inventory_usd: Decimal
    profit_usd: Decimal
    online: bool
    trouble: str = ""
