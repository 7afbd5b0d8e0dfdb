from lib.constants import NS_PER_SECOND
from lib.stream.binance.backoff import CAP_SECONDS, STABLE_NS, Backoff, ConnectBudget


def waits(backoff: Backoff, count: int) -> list[float]:
    return [backoff.next_seconds() for _ in range(count)]


def test_waits_double_up_to_the_cap() -> None:
    backoff = Backoff(lambda: 0.0)

    assert waits(backoff, 9) == [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, CAP_SECONDS]


def test_jitter_only_shortens() -> None:
    assert waits(Backoff(lambda: 0.999), 4)[1:] < waits(Backoff(lambda: 0.0), 4)[1:]
    assert min(waits(Backoff(lambda: 0.999), 4)[1:]) >= 0.025


def test_outage_of_days_does_not_overflow() -> None:
    assert waits(Backoff(lambda: 0.0), 50_000)[-1] == CAP_SECONDS


def test_only_a_long_life_starts_over() -> None:
    backoff = Backoff(lambda: 0.0)
    waits(backoff, 3)

    backoff.lived(STABLE_NS - 1)
    assert backoff.next_seconds() == 0.2
    backoff.lived(STABLE_NS)
    assert backoff.next_seconds() == 0.0


def test_connects_beyond_the_limit_wait_for_the_window() -> None:
    budget = ConnectBudget(limit=3, window_ns=10 * NS_PER_SECOND)

    first = [budget.take(second * NS_PER_SECOND) for second in (0, 1, 2)]
    held = [budget.take(3 * NS_PER_SECOND) for _ in range(3)]

    assert first == [0, 0, 0]
    assert held == [7 * NS_PER_SECOND, 8 * NS_PER_SECOND, 9 * NS_PER_SECOND]
    assert budget.take(100 * NS_PER_SECOND) == 0
