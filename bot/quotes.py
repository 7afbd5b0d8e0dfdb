"""Where the quoter wants its two orders, and when the present ones are too far off (pure)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.constants import Side
from lib.errors import ConfigError
from lib.helpers import round_up

DEFAULTS = {
    "width": "0.0005",
    "hysteresis": "0.9",
    "notional": "110",
    "qty": "0",
    "max_position": "0",
}
MAX_POSITION_QUOTES = 5


@dataclass(frozen=True, slots=True)
class QuoterConfig:
    """The quoter's own keys.

    Args:
        width: Distance of each order from the mid, as a fraction of it.
        hysteresis: Fraction of that distance by which an order may be off before it is replaced.
        notional: Value of one order in the quote asset, at least, when `qty` is 0.
        qty: Base quantity of one order; 0 = the smallest that is worth `notional`.
        max_position: Largest position, base, unsigned; 0 = five orders.
    """

    width: Decimal
    hysteresis: Decimal
    notional: Decimal
    qty: Decimal
    max_position: Decimal

    @classmethod
    def read(cls, config: dict[str, Any]) -> "QuoterConfig":
        """Return the checked keys of a bot's config.

        Raises:
            ConfigError: A value is no number, or not one that makes sense.
        """
        values = {key: _number(key, config.get(key, default)) for key, default in DEFAULTS.items()}
        if not 0 < values["width"] < 1:
            raise ConfigError(f"width {values['width']} must lie between 0 and 1 (0.0005 = 5 bps)")
        return cls(**values)

    def quantity(self, mid: Decimal, min_qty: Decimal) -> Decimal:
        """Return the base quantity of one order."""
        return self.qty or max(min_qty, round_up(self.notional / mid, min_qty))

    def limit(self, qty: Decimal) -> Decimal:
        """Return the largest position for orders of `qty`."""
        return self.max_position or MAX_POSITION_QUOTES * qty

    def price(self, side: Side, mid: Decimal) -> Decimal:
        """Return where the order of a side belongs, before rounding."""
        return mid * (1 - self.width if side is Side.BUY else 1 + self.width)

    def is_off(self, side: Side, price: Decimal, mid: Decimal) -> bool:
        """Return whether an order at `price` is to be replaced."""
        return abs(price - self.price(side, mid)) > self.hysteresis * self.width * mid


def _number(key: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError as error:
        raise ConfigError(f"{key} {value!r} is not a number") from error
    if not number.is_finite() or number < 0:
        raise ConfigError(f"{key} {value!r} must be a number that is not negative")
    return number
