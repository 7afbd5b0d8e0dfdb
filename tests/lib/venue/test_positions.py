from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lib.venue.brackets import BRACKETS, cap, maintenance
from lib.venue.positions import Position
from tests.lib.venue.trader import d


def position(*fills: tuple[str, str, str]) -> tuple[Position, list[Decimal]]:
    made = Position("X", "BOTH")
    return made, [made.apply(d(qty), d(price), d(fee)) for qty, price, fee in fills]


def test_the_captured_long_of_2024_gives_the_captured_numbers() -> None:
    long, _ = position(("0.002", "91739.90", "0.0917399"))

    assert long.break_even == d("91785.76995")
    realised = long.apply(d("-0.002"), d("90853.20"), d("0.0908532"))

    assert realised == d("-1.7734")
    assert d("642.85271069") - d("0.0917399") + realised - d("0.0908532") == d("640.89671759")


def test_the_entry_price_is_weighted_when_growing_and_kept_when_shrinking() -> None:
    held, realised = position(("1", "100", "0"), ("3", "104", "0"), ("-2", "110", "0"))

    assert (held.qty, held.entry) == (d(2), d(103))
    assert realised == [d(0), d(0), d(14)]


def test_a_flip_starts_again_at_the_fill_price() -> None:
    held, realised = position(("1", "100", "0.1"), ("-3", "90", "0.27"))

    assert (held.qty, held.entry, realised[1]) == (d(-2), d(90), d(-10))
    assert held.break_even == d(90) - d("0.09")


def test_a_flat_position_has_no_prices() -> None:
    held, _ = position(("1", "100", "0.1"), ("-1", "90", "0.1"))

    assert (held.entry, held.break_even, held.realised) == (d(0), d(0), d(-10))


FILLS = st.lists(
    st.tuples(
        st.integers(-50, 50).filter(bool).map(lambda n: d(n) / 1000),
        st.integers(1, 5_000).map(lambda n: d(n) / 10),
    ),
    min_size=1,
    max_size=30,
)


@given(FILLS)
def test_realised_and_open_result_equal_what_the_fills_paid(
    fills: list[tuple[Decimal, Decimal]],
) -> None:
    held = Position("X", "BOTH")
    for change, price in fills:
        held.apply(change, price, Decimal(0))

    mark = d(100)
    paid = sum((-change * price for change, price in fills), Decimal(0))
    worth = paid + held.qty * mark
    assert held.qty == sum(change for change, _ in fills)
    assert abs(held.realised + held.unrealised(mark) - worth) < d("0.000001") * len(fills)


def test_brackets_join_without_a_step() -> None:
    for lower, upper in pairwise(BRACKETS):
        edge = Decimal(lower.cap)
        assert upper.floor == lower.cap
        assert edge * lower.ratio - lower.deduction == edge * upper.ratio - upper.deduction
    assert [each.deduction for each in BRACKETS[:4]] == [0, 300, 1500, 12000]


def test_maintenance_grows_with_the_notional_beyond_the_last_bracket() -> None:
    assert maintenance(d(100_000)) == 400
    assert maintenance(d(800_000)) == 3_700
    assert maintenance(d(600_000_000)) > maintenance(d(500_000_000))
    assert (cap(125), cap(100), cap(20), cap(1)) == (300_000, 800_000, 20_000_000, 500_000_000)
