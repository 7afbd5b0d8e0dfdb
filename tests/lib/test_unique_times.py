"""No two records of a series have one time."""

from hypothesis import given
from hypothesis import strategies as st

from lib.unique_times import UniqueTimes


@given(st.lists(st.integers(0, 30), max_size=60))
def test_times_of_a_series_are_all_different(times: list[int]) -> None:
    unique = UniqueTimes()

    found = [unique.make("trades", time_ns) for time_ns in times]

    assert len(set(found)) == len(found)
    assert all(moved >= time_ns for moved, time_ns in zip(found, times, strict=True))


def test_a_time_of_its_own_stays() -> None:
    unique = UniqueTimes()

    assert [unique.make("a", 5), unique.make("b", 5), unique.make("a", 6)] == [5, 5, 6]
    assert [unique.make("a", 5), unique.make("a", 5)] == [7, 8]


def test_memory_is_bounded() -> None:
    unique = UniqueTimes(remembered=10)

    for time_ns in range(1_000):
        unique.make("a", time_ns)

    assert len(unique._next) <= 10
