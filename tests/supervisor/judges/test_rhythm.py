"""What a channel's rhythm teaches; time is an argument."""

from random import Random

from lib.constants import NS_PER_SECOND
from supervisor.judges.rhythm import FLOOR, SURE_NS, Rhythm


def seconds(value: float) -> int:
    return round(value * NS_PER_SECOND)


def taught(gaps: list[float]) -> Rhythm:
    """Return what one event after each gap teaches."""
    rhythm, now = Rhythm(0), 0.0
    for count, gap in enumerate(gaps, 1):
        now += gap
        rhythm.see(count, seconds(now), seconds(now))
    return rhythm


def test_nothing_is_known_of_a_few_events() -> None:
    assert taught([1.0] * 19).limit() == 0


def test_a_lively_symbol_may_be_quiet_for_the_floor() -> None:
    assert taught([0.1] * 1000).limit() == FLOOR


def test_a_quiet_symbol_may_be_quiet_for_many_of_its_gaps() -> None:
    assert taught([20.0] * 60).limit() == 500


def test_one_or_two_freezes_teach_no_patience() -> None:
    gaps = [0.1] * 5000
    gaps[1000] = gaps[3000] = 60.0

    assert taught(gaps).limit() <= 2 * FLOOR


def test_bursts_teach_their_pauses_not_only_their_mean() -> None:
    random = Random(1)
    gaps = [random.expovariate(1 / 30) if n % 50 == 0 else 0.01 for n in range(5000)]

    assert taught(gaps).limit() > 200


def test_what_was_learned_fades_within_an_hour_or_two() -> None:
    lively_again = taught([60.0] * 360 + [0.1] * 80_000)

    assert lively_again.limit() == FLOOR


def test_a_new_life_s_first_gap_is_not_learned() -> None:
    rhythm = taught([0.1] * 1000)

    rhythm.reborn()
    rhythm.see(1, seconds(1000), seconds(1000))

    assert rhythm.limit() < 30


def test_a_count_that_begins_anew_in_the_same_life_is_taken_as_it_is() -> None:
    rhythm = taught([0.1] * 1000)

    for count in range(10):
        now = seconds(400 + count / 10)
        rhythm.see(count, now, now)

    assert 0 < rhythm.limit() < 30, "the time in which it was not subscribed is no gap"


def test_it_takes_an_hour_to_be_sure() -> None:
    rhythm = Rhythm(0)

    assert not rhythm.is_sure(SURE_NS - 1)
    assert rhythm.is_sure(SURE_NS)
