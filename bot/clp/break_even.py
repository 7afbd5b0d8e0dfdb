"""The price at which a position is worth its fees (pure)."""

from decimal import Decimal


def zero_price(qty: Decimal, entry: Decimal, maker_fee: Decimal, taker_fee: Decimal) -> Decimal:
    """Return the exit price that pays for both fees: entered as maker, left as taker.

    Long: Z (1 - taker) = E (1 + maker); short: Z (1 + taker) = E (1 - maker).

    Args:
        qty: Signed position; its sign counts.
        entry: Entry price.
        maker_fee: Fraction of the value at entry.
        taker_fee: Fraction of the value at exit.
    """
    if qty > 0:
        return entry * (1 + maker_fee) / (1 - taker_fee)
    return entry * (1 - maker_fee) / (1 + taker_fee)
