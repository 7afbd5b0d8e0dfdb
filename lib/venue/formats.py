"""How the venue writes numbers: padded to a precision, stripped of zeros, or as money."""

from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from lib.constants import NS_PER_MS

CENT = Decimal("0.00000001")
ZERO = Decimal(0)


@lru_cache(maxsize=64)
def quantum(precision: int) -> Decimal:
    """Return the smallest number with `precision` decimals."""
    return Decimal(1).scaleb(-precision)


def padded(value: Decimal, precision: int) -> str:
    """Return a number with exactly `precision` decimals."""
    return format(value.quantize(quantum(precision), ROUND_HALF_UP), "f")


def money(value: Decimal) -> Decimal:
    """Return an amount rounded to the ledger's eight decimals."""
    return value.quantize(CENT, ROUND_HALF_UP)


def amount(value: Decimal) -> str:
    """Return an amount with eight decimals."""
    return format(money(value), "f")


def stripped(value: Decimal) -> str:
    """Return a number without needless zeros, at most eight decimals, never an exponent."""
    if not value:
        return "0"
    text = format(money(value), "f").rstrip("0").rstrip(".")
    return text if text not in ("", "-", "-0") else "0"


def milliseconds(time_ns: int) -> int:
    """Return whole milliseconds of a time in ns."""
    return time_ns // NS_PER_MS
