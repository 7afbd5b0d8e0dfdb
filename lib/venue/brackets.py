"""Leverage brackets: how much may be held at which leverage, and its maintenance margin."""

from decimal import Decimal
from typing import NamedTuple


class Bracket(NamedTuple):
    """One step; caps are quote notionals, `deduction` makes the maintenance margin continuous."""

    number: int
    leverage: int
    floor: int
    cap: int
    ratio: Decimal
    deduction: Decimal


STEPS = (
    (125, 300_000, "0.004"),
    (100, 800_000, "0.005"),
    (75, 3_000_000, "0.0065"),
    (50, 12_000_000, "0.01"),
    (20, 20_000_000, "0.025"),
    (10, 50_000_000, "0.05"),
    (5, 100_000_000, "0.1"),
    (4, 150_000_000, "0.125"),
    (2, 250_000_000, "0.25"),
    (1, 500_000_000, "0.5"),
)
"""(leverage, notional cap, maintenance ratio): the first four as the exchange publishes them."""


def _brackets() -> tuple[Bracket, ...]:
    brackets: list[Bracket] = []
    floor, ratio, deduction = 0, Decimal(0), Decimal(0)
    for number, (leverage, cap, text) in enumerate(STEPS, 1):
        deduction += floor * (Decimal(text) - ratio) if number > 1 else Decimal(0)
        ratio = Decimal(text)
        brackets.append(Bracket(number, leverage, floor, cap, ratio, deduction))
        floor = cap
    return tuple(brackets)


BRACKETS = _brackets()
MAX_LEVERAGE = BRACKETS[0].leverage


def cap(leverage: int) -> int:
    """Return the largest notional that may be held at a leverage."""
    return max(each.cap for each in BRACKETS if each.leverage >= leverage)


def maintenance(notional: Decimal) -> Decimal:
    """Return the maintenance margin of an unsigned notional."""
    for bracket in BRACKETS:
        if notional <= bracket.cap:
            return notional * bracket.ratio - bracket.deduction
    return notional * BRACKETS[-1].ratio - BRACKETS[-1].deduction
