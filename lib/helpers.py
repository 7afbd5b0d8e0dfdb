"""Small pure helpers that have no better home."""

from decimal import ROUND_DOWN, ROUND_UP, Decimal
from functools import lru_cache

from lib.constants import Side
from lib.loading import class_by_file, class_by_name
from lib.serialize import dump, load

__all__ = [
    "class_by_file",
    "class_by_name",
    "decimal",
    "dump",
    "load",
    "plain",
    "round_down",
    "round_up",
    "side_of",
    "sign",
]


@lru_cache(maxsize=65_536)
def decimal(text: str) -> Decimal:
    """Return the exact `Decimal` of a wire string; cached, since prices repeat."""
    return Decimal(text)


def plain(value: Decimal) -> str:
    """Return a Decimal without exponent, as the exchange wants it."""
    return format(value, "f")


def sign(value: Decimal | int | float) -> int:
    """Return -1, 0 or 1."""
    return (value > 0) - (value < 0)


def side_of(qty: Decimal) -> Side:
    """Return the side that a signed quantity means."""
    return Side.BUY if qty > 0 else Side.SELL


def round_down(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` rounded towards zero to a multiple of `step` (unchanged for step 0)."""
    return (value / step).to_integral_value(ROUND_DOWN) * step if step else value


def round_up(value: Decimal, step: Decimal) -> Decimal:
    """Return `value` rounded away from zero to a multiple of `step` (unchanged for step 0)."""
    return (value / step).to_integral_value(ROUND_UP) * step if step else value
