"""Liveness, freshness and the ladder; time is an argument."""

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_SECOND
from supervisor.watch import LEARNED, PUBLISHER_RUNGS, Ladder, Rung, Watch


def seconds(value: float) -> int:
    return round(value * NS_PER_SECOND)


def beat(events: int = 0, age: float = 0.0, count: int = 0) -> Heartbeat:
    return Heartbeat(
        worker="stream",
        state="ready",
        lag_ns=0,
        events=events,
        dropped=0,
        ages={"book": {"BTCUSDT": seconds(age)}},
        links={},
        counts={"book:BTCUSDT": count},
        note="",
    )


def watch(**limits: float) -> Watch:
    made = Watch(limits, heartbeat_limit=1.0, start_timeout=30.0)
    made.born(0)
    return made


def test_a_worker_is_hung_when_its_beats_stop() -> None:
    made = watch()
    made.beat(beat(), seconds(5))

    assert made.hung(seconds(6)) == ""
    assert "1.01" in made.hung(seconds(6.01))


def test_before_the_first_beat_the_start_timeout_counts() -> None:
    made = watch()

    assert made.hung(seconds(29)) == ""
    assert made.hung(seconds(31)).startswith("no first heartbeat")


def test_the_supervisors_own_sleep_is_not_held_against_a_worker() -> None:
    made = watch()
    made.beat(beat(), seconds(5))

    made.forgive(seconds(15))

    assert made.hung(seconds(15.5)) == ""
    assert made.hung(seconds(16.1)) != ""


def test_ages_grow_between_two_beats() -> None:
    made = watch(book=3.0)
    made.beat(beat(age=2.5), seconds(5))

    assert made.stale(seconds(5.4)) == []
    [stale] = made.stale(seconds(5.6))
    assert (stale.channel, stale.symbol) == ("book", "BTCUSDT")
    assert str(stale) == "book BTCUSDT 3.1 s old, limit 3 s"


def test_a_channel_without_a_limit_is_not_watched() -> None:
    made = watch(trade=1.0)
    made.beat(beat(age=100), seconds(5))

    assert made.stale(seconds(5)) == []


def test_a_learned_limit_follows_the_mean_gap_and_has_a_floor() -> None:
    made = watch(book=LEARNED)

    made.beat(beat(count=10), seconds(10))
    assert made.limit("book", "BTCUSDT", seconds(10)) == 0
    made.beat(beat(count=1000), seconds(10))
    assert made.limit("book", "BTCUSDT", seconds(10)) == 3
    made.beat(beat(count=20), seconds(20))
    assert made.limit("book", "BTCUSDT", seconds(20)) == 25


def test_event_rate_is_measured_over_whole_seconds() -> None:
    made = watch()
    for step in range(1, 9):
        made.beat(beat(events=step * 25), seconds(step / 4))

    assert made.events_per_s == 100


def test_the_ladder_is_climbed_one_rung_at_a_time_and_left_when_data_is_fresh() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)

    rungs = [(now / 10, ladder.stale(seconds(now / 10))) for now in range(31)]
    climbed = [(now, rung) for now, rung in rungs if rung][:3]
    assert climbed == [(0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (2.0, Rung.RESTART)]

    ladder.fresh()
    assert ladder.stale(seconds(9)) is Rung.RESUBSCRIBE


def test_a_life_that_was_never_ready_may_be_silent_longer() -> None:
    made = watch()
    made.beat(beat()._replace(state="starting"), seconds(1))

    assert made.hung(seconds(5.9)) == ""
    assert made.hung(seconds(6.1)) != ""
