from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.clp.profit import NS_PER_DAY, REMEMBERED, SETTLED_NS, Account, Profit
from lib.models import ZERO

DAY_NS = 20_000 * NS_PER_DAY
HUNDRED = Decimal(100)


def begun() -> Profit:
    profit = Profit()
    profit.begin(ZERO, HUNDRED, DAY_NS)
    return profit


def test_profit_is_cash_and_position_less_fees() -> None:
    profit = begun()
    profit.on_fill(Decimal("0.01"), Decimal(50_000), Decimal("0.1"), 1)
    assert profit.value(Decimal(50_050)) == Decimal("0.4")  # 0.01 x 50 - 0.1

    profit.on_fill(Decimal("-0.01"), Decimal(50_100), Decimal("0.1002"), 2)
    assert profit.value(Decimal(1)) == Decimal("0.7998")  # 1 - 0.2002, whatever the price is now
    assert profit.fees == Decimal("0.2002")


def test_a_fill_that_is_told_twice_counts_once() -> None:
    profit = begun()

    assert profit.on_fill(Decimal(1), HUNDRED, ZERO, 7)
    assert not profit.on_fill(Decimal(1), HUNDRED, ZERO, 7)
    assert profit.value(Decimal(101)) == 1


def test_a_late_fill_counts_and_one_from_long_ago_does_not() -> None:
    profit = begun()
    for trade_id in range(10, 10 + REMEMBERED):
        profit.on_fill(ZERO, HUNDRED, ZERO, 2 * trade_id)

    assert profit.on_fill(Decimal(1), HUNDRED, ZERO, 23)
    assert not profit.on_fill(Decimal(1), HUNDRED, ZERO, 20)


def test_a_fill_without_a_number_counts_each_time() -> None:
    profit = begun()
    profit.on_fill(Decimal(1), HUNDRED, ZERO, 0)
    profit.on_fill(Decimal(1), HUNDRED, ZERO, 0)

    assert profit.value(Decimal(101)) == 2


def test_a_new_day_begins_at_nothing_with_the_position_at_its_price() -> None:
    profit = begun()
    profit.on_fill(Decimal(1), HUNDRED, Decimal("0.1"), 1)

    profit.settle(Decimal(1), Decimal(110), DAY_NS + NS_PER_DAY, 0)

    assert profit.value(Decimal(110)) == 0
    assert profit.value(Decimal(111)) == 1
    assert profit.fees == 0


def test_what_others_traded_is_neither_profit_nor_loss() -> None:
    profit = begun()
    profit.on_fill(Decimal(1), HUNDRED, ZERO, 1)

    assert not profit.settle(Decimal(3), Decimal(110), DAY_NS, 1)
    assert not profit.settle(Decimal(3), Decimal(110), DAY_NS, SETTLED_NS)
    assert profit.settle(Decimal(3), Decimal(110), DAY_NS, SETTLED_NS + 1)
    assert profit.value(Decimal(110)) == 10
    assert profit.value(Decimal(111)) == 13


def test_a_difference_that_passes_changes_nothing() -> None:
    profit = begun()
    profit.settle(Decimal(1), HUNDRED, DAY_NS, 1)
    profit.on_fill(Decimal(1), HUNDRED, ZERO, 1)
    profit.settle(Decimal(1), HUNDRED, DAY_NS, 2)

    assert not profit.settle(Decimal(2), HUNDRED, DAY_NS, SETTLED_NS + 1)
    assert profit.image().qty == 1


def test_the_next_life_goes_on_where_the_last_one_was() -> None:
    profit, after = begun(), Profit()
    profit.on_fill(Decimal(1), HUNDRED, Decimal("0.1"), 1)
    after.restore(profit.image())
    after.begin(Decimal(1), Decimal(105), DAY_NS)

    assert not after.on_fill(Decimal(1), HUNDRED, Decimal("0.1"), 1)
    assert after.value(Decimal(105)) == Decimal("4.9")
    assert after.image() == profit.image()
    assert after.image() == Account(20_000, Decimal("-100.1"), Decimal(1), Decimal("0.1"), (1,))


@given(
    st.lists(
        st.tuples(
            st.decimals(-5, 5, places=3),
            st.decimals(1, 1000, places=2),
            st.decimals(0, 1, places=4),
        ),
        max_size=20,
    )
)
def test_profit_is_exact(fills: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    profit = begun()
    for number, (qty, price, fee) in enumerate(fills, 1):
        profit.on_fill(qty, price, fee, number)

    expected = sum((qty * (HUNDRED - price) - fee for qty, price, fee in fills), ZERO)
    assert profit.value(HUNDRED) == expected
