from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.config import InventoryConfig
from bot.clp.liquidation import PATIENCE_NS, Liquidation, Progress
from lib.constants import NS_PER_SECOND
from lib.models import ZERO
from tests.bot.clp.test_trailing_stop import CONFIG

MIN_QTY = Decimal("0.001")
STEP_NS = CONFIG.step_ns


def begun(qty: str, config: InventoryConfig = CONFIG, steps: int = 0) -> Liquidation:
    liquidation = Liquidation(config, MIN_QTY)
    liquidation.begin(Progress(Decimal(qty), steps))
    return liquidation


def run(liquidation: Liquidation, qty: str) -> list[Decimal]:
    """Return the orders when each is filled at once."""
    left, sent, now_ns = Decimal(qty), [], 0
    while (order := liquidation.next(left, now_ns)) is not None:
        liquidation.sent("order", now_ns)
        liquidation.on_final("order", abs(order))
        left += order
        sent.append(order)
        now_ns += STEP_NS
    assert left == 0
    assert liquidation.progress is None
    return sent


@pytest.mark.parametrize(
    ("qty", "first", "second", "orders"),
    [
        ("1", "0.5", "0.3", ["-0.5", "-0.3", "-0.2"]),
        ("-1", "0.5", "0.3", ["0.5", "0.3", "0.2"]),
        ("0.007", "0.5", "0.3", ["-0.003", "-0.002", "-0.002"]),  # 0.0035 and 0.0021, rounded down
        ("0.003", "0.1", "0.1", ["-0.001", "-0.001", "-0.001"]),  # never below the smallest
        ("0.001", "0.5", "0.3", ["-0.001"]),
        ("1", "1", "0", ["-1"]),
        ("1", "0.5", "0", ["-0.5", "-0.5"]),
        ("1.0005", "0.5", "0.5", ["-0.5", "-0.5005"]),  # no rest that is too small to close
    ],
)
def test_a_position_is_closed_in_three_steps(
    qty: str, first: str, second: str, orders: list[str]
) -> None:
    config = replace(CONFIG, first_liquidation=Decimal(first), second_liquidation=Decimal(second))

    assert run(begun(qty, config), qty) == [Decimal(order) for order in orders]


def test_steps_keep_their_distance_in_time() -> None:
    liquidation = begun("1")
    assert liquidation.next(Decimal(1), 0) == Decimal("-0.5")
    liquidation.sent("order", 0)
    liquidation.on_final("order", Decimal("0.5"))

    assert liquidation.next(Decimal("0.5"), STEP_NS - 1) is None
    assert liquidation.next(Decimal("0.5"), STEP_NS) == Decimal("-0.3")


def test_an_order_of_unknown_fate_is_waited_for_but_not_for_ever() -> None:
    liquidation = begun("1")
    liquidation.sent("order", 0)

    assert liquidation.next(Decimal(1), PATIENCE_NS - 1) is None
    assert liquidation.next(Decimal(1), PATIENCE_NS) == Decimal("-0.3")


def test_an_order_that_closed_nothing_is_sent_again() -> None:
    liquidation = begun("1")
    liquidation.sent("order", 0)
    liquidation.on_final("order", ZERO)

    assert liquidation.progress == Progress(Decimal(1), 0)
    assert liquidation.next(Decimal(1), STEP_NS) == Decimal("-0.5")


def test_what_could_not_be_sent_is_tried_again_later() -> None:
    liquidation = begun("1")
    liquidation.failed(0)

    assert liquidation.next(Decimal(1), STEP_NS - 1) is None
    assert liquidation.next(Decimal(1), STEP_NS) == Decimal("-0.5")


def test_another_orders_end_means_nothing() -> None:
    liquidation = begun("1")
    liquidation.sent("order", 0)
    liquidation.on_final("quote", ZERO)

    assert liquidation.progress == Progress(Decimal(1), 1)
    assert liquidation.next(Decimal(1), STEP_NS) is None


def test_a_next_life_goes_on_with_the_next_step() -> None:
    assert run(begun("1", steps=1), "0.5") == [Decimal("-0.3"), Decimal("-0.2")]


def test_the_rest_is_all_that_is_left_whatever_was_added_meanwhile() -> None:
    assert begun("1", steps=2).next(Decimal("1.7"), 0) == Decimal("-1.7")


@pytest.mark.parametrize("qty", ["0", "-0.3"])
def test_it_is_over_when_the_position_is_gone_or_turned(qty: str) -> None:
    liquidation = begun("1")

    assert liquidation.next(Decimal(qty), 0) is None
    assert liquidation.progress is None


def test_a_rest_that_does_not_close_is_tried_until_it_does() -> None:
    liquidation, now_ns = begun("1", steps=2), 0
    for _ in range(3):
        assert liquidation.next(Decimal("0.2"), now_ns) == Decimal("-0.2")
        liquidation.sent("order", now_ns)
        liquidation.on_final("order", ZERO)
        now_ns += NS_PER_SECOND


@given(
    qty=st.integers(1, 5_000),
    is_long=st.booleans(),
    first=st.integers(1, 100),
    second=st.integers(0, 100),
)
def test_any_position_is_closed_exactly_in_at_most_three_steps(
    qty: int, is_long: bool, first: int, second: int
) -> None:
    config = replace(
        CONFIG,
        first_liquidation=Decimal(first) / 100,
        second_liquidation=Decimal(min(second, 100 - first)) / 100,
    )
    position = qty * MIN_QTY * (1 if is_long else -1)

    orders = run(begun(str(position), config), str(position))

    assert len(orders) <= 3
    assert sum(orders) == -position
