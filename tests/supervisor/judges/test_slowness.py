"""Slow workers, and machines; time is an argument."""

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_MS, NS_PER_SECOND
from supervisor.judges.slowness import SlowLimits, Slowness, is_crowd

LIMITS = SlowLimits(lag=0.5, delay=2.0, dropped=0.5, restart_after=60.0)
STEP_NS = NS_PER_SECOND // 4


def beat(lag_ms: int = 0, delay_ms: int = 0, events: int = 0, dropped: int = 0) -> Heartbeat:
    return Heartbeat(
        worker="bot:x:BTCUSDT",
        state="ready",
        lag_ns=lag_ms * NS_PER_MS,
        events=events,
        dropped=dropped,
        ages={},
        links={},
        counts={},
        note="",
        delay_ns=delay_ms * NS_PER_MS,
    )


def run(slowness: Slowness, beats: list[Heartbeat], begin: int = 0) -> int:
    """Send a beat each 250 ms; return the time after the last."""
    for number, one in enumerate(beats, begin):
        slowness.beat(one, number * STEP_NS)
    return (begin + len(beats)) * STEP_NS


def evidence(slowness: Slowness) -> str:
    found = slowness.finding()
    return found.evidence if found else ""


def test_a_loop_that_is_late_for_seconds_is_slow_with_its_evidence() -> None:
    slowness = Slowness(LIMITS)

    run(slowness, [beat(lag_ms=700)] * 20)
    assert slowness.finding() is None
    run(slowness, [beat(lag_ms=700)] * 2, begin=20)

    assert evidence(slowness) == "its loop comes round 700 ms late, limit 500 ms"


def test_single_late_beats_are_nothing() -> None:
    slowness = Slowness(LIMITS)

    run(slowness, [beat(lag_ms=900), beat()] * 200)

    assert slowness.finding() is None


def test_old_data_and_many_dropped_events_are_slow_too() -> None:
    late, dropping = Slowness(LIMITS), Slowness(LIMITS)

    run(late, [beat(delay_ms=2500)] * 22)
    run(dropping, [beat(events=10 * n, dropped=90 * n) for n in range(1, 30)])

    assert evidence(late) == "its data is 2500 ms old when handled, limit 2000 ms"
    assert evidence(dropping) == "it drops 90% of its events, limit 50%"


def test_it_is_well_again_after_as_long_a_time() -> None:
    slowness = Slowness(LIMITS)
    run(slowness, [beat(lag_ms=700)] * 30)

    run(slowness, [beat()] * 19, begin=30)
    assert slowness.finding() is not None
    run(slowness, [beat()] * 2, begin=49)

    assert slowness.finding() is None


def test_it_is_restarted_only_when_it_lasts() -> None:
    slowness = Slowness(LIMITS)
    now_ns = run(slowness, [beat(lag_ms=700)] * 22)

    assert not slowness.needs_restart(now_ns + 58 * NS_PER_SECOND)
    assert slowness.needs_restart(now_ns + 61 * NS_PER_SECOND)


def test_zero_means_off() -> None:
    slowness = Slowness(SlowLimits())

    now_ns = run(slowness, [beat(lag_ms=9000, delay_ms=9000, dropped=9000)] * 100)

    assert slowness.finding() is None
    assert not slowness.needs_restart(now_ns)


def test_the_supervisor_s_own_sleep_between_two_beats_counts_little() -> None:
    slowness = Slowness(LIMITS)
    slowness.beat(beat(), 0)

    slowness.beat(beat(lag_ms=700), 3600 * NS_PER_SECOND)

    assert slowness.finding() is None


def test_half_of_the_workers_slow_at_once_is_the_machine() -> None:
    assert is_crowd(slow=4, workers=8)
    assert not is_crowd(slow=3, workers=8)
    assert not is_crowd(slow=1, workers=1)
