from decimal import Decimal

import pytest

from bot.clp.position import SETTLED_NS, Position, same_entry
from lib.constants import Side

ONE, TWO = Decimal(1), Decimal(2)


def held(qty: Decimal = ONE, timestamp: int = 100) -> Position:
    position = Position()
    position.on_account(Decimal(50), qty, timestamp)
    return position


def test_nothing_is_known_before_the_account_speaks() -> None:
    assert not Position().is_known
    assert held().is_known


def test_a_fill_after_the_accounts_word_counts_at_once() -> None:
    position = held()
    position.on_fill(ONE, 101, 0)

    assert position.qty == 1
    assert position.estimate(0) == 2


@pytest.mark.parametrize("timestamp", [99, 100])
def test_a_fill_that_the_account_contains_is_not_counted_twice(timestamp: int) -> None:
    position = held()
    position.on_fill(ONE, timestamp, 0)

    assert position.estimate(0) == 1


@pytest.mark.parametrize(
    ("fills", "estimate"),
    [
        ([ONE], 2),  # the account had told this one
        ([ONE, ONE], 3),  # and not this one
        ([ONE, -ONE], 1),  # the other way: another trade of the same instant
        ([-ONE], 1),
    ],
)
def test_of_fills_at_the_accounts_own_time_it_contains_what_it_changed_by(
    fills: list[Decimal], estimate: int
) -> None:
    position = held()
    position.on_account(Decimal(50), TWO, 200)
    for fill in fills:
        position.on_fill(fill, 200, 0)

    assert position.estimate(0) == estimate
    assert position.estimate(SETTLED_NS + 1) == 2


def test_two_words_of_one_instant_add_up() -> None:
    position = held()
    position.on_fill(ONE, 200, 0)
    position.on_account(Decimal(50), TWO, 200)
    position.on_fill(ONE, 200, 0)
    assert position.estimate(0) == 3

    position.on_account(Decimal(50), Decimal(3), 200)
    assert position.estimate(0) == 3


def test_the_accounts_next_word_settles_the_fills_up_to_its_time() -> None:
    position = held()
    position.on_fill(ONE, 101, 0)
    position.on_fill(ONE, 102, 0)
    position.on_account(Decimal(50), TWO, 101)

    assert position.estimate(0) == 3


def test_a_fill_that_nobody_confirms_is_dropped_after_a_while() -> None:
    position = held()
    position.on_fill(ONE, 101, 0)

    assert position.estimate(SETTLED_NS) == 2
    assert position.estimate(SETTLED_NS + 1) == 1


@pytest.mark.parametrize(
    ("fill", "buy", "sell"),
    [
        (ONE, 2, -1),  # long 1 or 2: no more than 2 long; at worst -1 on the other side
        (-TWO, 1, 1),  # long 1 or short 1
    ],
)
def test_the_worst_of_both_words_counts_on_each_side(fill: Decimal, buy: int, sell: int) -> None:
    position = held()
    position.on_fill(fill, 101, 0)

    assert position.worst(Side.BUY, 0) == buy
    assert position.worst(Side.SELL, 0) == sell


@pytest.mark.parametrize(
    ("other", "same"),
    [("50000", True), ("50000.00001", True), ("50000.1", False), ("0", False)],
)
def test_a_price_that_was_rounded_twice_is_the_same_entry(other: str, same: bool) -> None:
    assert same_entry(Decimal(50_000), Decimal(other)) is same
