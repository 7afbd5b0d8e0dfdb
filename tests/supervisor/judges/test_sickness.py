"""Sick workers: errors, memory, CPU, descriptors; time is an argument."""

from lib.constants import NS_PER_SECOND
from supervisor.judges.sickness import Limits, Sickness, Used

MB = 1_000_000
WELL = Used(memory=20 * MB, cpu=0.1, descriptors=20, allowed=1024)


def evidence(sickness: Sickness) -> str:
    found = sickness.finding()
    return found.evidence if found else ""


def used(sickness: Sickness, used: Used, begin: int = 0, seconds: int = 1) -> str:
    for second in range(begin, begin + seconds):
        sickness.use(used, second * NS_PER_SECOND)
    return evidence(sickness)


def test_more_errors_than_the_limit_within_the_window_are_sick_until_they_are_old() -> None:
    sickness = Sickness(Limits(), errors=50, window=60.0)

    for second in range(40):
        sickness.beat(second, second * NS_PER_SECOND)
    assert evidence(sickness) == ""
    sickness.beat(100, 41 * NS_PER_SECOND)
    assert evidence(sickness) == "100 errors in 60 s, limit 50"

    for second in range(42, 120):
        sickness.beat(100, second * NS_PER_SECOND)
    assert evidence(sickness) == ""


def test_few_errors_for_ever_are_well() -> None:
    sickness = Sickness(Limits(), errors=50, window=60.0)

    for second in range(10_000):
        sickness.beat(second // 2, second * NS_PER_SECOND)
        assert evidence(sickness) == ""


def test_memory_over_the_soft_limit_is_sick_and_over_the_hard_one_deadly() -> None:
    sickness = Sickness(Limits(memory=100 * MB, memory_max=200 * MB), 0, 0)

    assert used(sickness, WELL._replace(memory=99 * MB)) == ""
    assert used(sickness, WELL._replace(memory=150 * MB)) == "150 MB of memory, limit 100 MB"
    assert used(sickness, WELL._replace(memory=200 * MB)) == "200 MB of memory, limit 200 MB"
    found = sickness.finding()
    assert found is not None
    assert found.is_hard


def test_descriptors_count_against_the_limit_or_what_the_system_allows() -> None:
    given, default = Sickness(Limits(descriptors=50), 0, 0), Sickness(Limits(), 0, 0)
    leaking = WELL._replace(descriptors=930)

    assert used(given, leaking) == "930 open descriptors, limit 50"
    assert used(default, leaking) == "930 open descriptors, limit 921"
    assert used(default, WELL) == ""


def test_a_busy_core_must_stay_busy_to_be_sick() -> None:
    sickness = Sickness(Limits(cpu=0.8), 0, 0)
    busy = WELL._replace(cpu=0.99)

    assert used(sickness, busy, seconds=29) == ""
    assert used(sickness, WELL, begin=29) == ""
    assert used(sickness, busy, begin=30, seconds=32).startswith("99% of a core for 30 s")


def test_a_new_life_starts_well() -> None:
    sickness = Sickness(Limits(memory=100 * MB), errors=5, window=60.0)
    sickness.beat(9, 0)
    used(sickness, WELL._replace(memory=150 * MB))

    sickness.born()
    sickness.beat(0, NS_PER_SECOND)

    assert used(sickness, WELL) == ""
