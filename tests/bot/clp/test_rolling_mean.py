from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.clp.rolling_mean import RollingMean


def test_the_oldest_value_goes() -> None:
    mean = RollingMean(3)
    found = []
    for value in (3, 6, 9, 12):
        mean.add(Decimal(value))
        found.append(mean.mean)

    assert found == [3, Decimal("4.5"), 6, 9]


def test_there_is_no_mean_of_too_few_values() -> None:
    mean = RollingMean(5, least=2)
    mean.add(Decimal(1))
    assert mean.mean is None

    mean.add(Decimal(2))
    assert mean.mean == Decimal("1.5")


@given(st.lists(st.decimals(0, 1000, places=4), min_size=1, max_size=40), st.integers(1, 10))
def test_it_is_the_mean_of_the_newest_values(values: list[Decimal], window: int) -> None:
    mean = RollingMean(window)
    for value in values:
        mean.add(value)

    newest = values[-window:]
    assert mean.mean == sum(newest, Decimal(0)) / len(newest)
