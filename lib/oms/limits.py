"""Risk limits as the configuration states them (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from lib.defaults import default
from lib.oms.ids import split_owner

ACCOUNT = "account"
BOTS = "bots"
COUNTS = frozenset({"max_open_orders", "max_refusals"})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one bot, or the whole account, may risk; 0 = no limit.

    Args:
        max_position_usd: Worst-case position of one symbol at the book's price, quote asset.
        max_position_qty: The same in base quantity.
        max_order_usd: Notional of one order, quote asset.
        max_order_qty: Base quantity of one order.
        max_open_orders: Orders that may still trade, stops not counted.
        max_orders_per_second: Orders sent within any second.
        price_band: Largest distance of a limit price from the book, as a share of it.
        max_daily_loss_usd: Loss since 00:00 UTC, open positions included, quote asset.
        max_refusals: Refused orders within ten seconds that pause a bot.
    """

    max_position_usd: Decimal
    max_position_qty: Decimal
    max_order_usd: Decimal
    max_order_qty: Decimal
    max_open_orders: int
    max_orders_per_second: Decimal
    price_band: Decimal
    max_daily_loss_usd: Decimal
    max_refusals: int


class RiskLimits:
    """The limits of every bot, and of the account.

    Args:
        section: The exchange's `risk` section: limits of each bot, `account` for all together,
            `bots` for single ones by name.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        """Fill in the defaults."""
        self.learn(section)

    def learn(self, section: Mapping[str, Any]) -> None:
        """Go by other limits from now on."""
        own = {key: value for key, value in section.items() if key not in (ACCOUNT, BOTS)}
        self._each = _merged(_defaults("EXCHANGE.risk"), own)
        self._bots = {
            name: _merged(self._each, limits) for name, limits in section.get(BOTS, {}).items()
        }
        self.account = _merged(_defaults("EXCHANGE.risk.account"), section.get(ACCOUNT, {}))

    def of(self, owner: str) -> Limits:
        """Return the limits of one owner."""
        return self._bots.get(split_owner(owner)[0], self._each)


def _defaults(place: str) -> Limits:
    return Limits(
        **{field.name: _number(field.name, default(f"{place}.{field.name}"))
           for field in fields(Limits)}
    )  # fmt: skip


def _merged(base: Limits, section: Mapping[str, Any]) -> Limits:
    return replace(base, **{key: _number(key, value) for key, value in section.items()})


def _number(name: str, value: Any) -> Any:
    return int(value) if name in COUNTS else Decimal(str(value))
