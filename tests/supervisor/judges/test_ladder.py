"""The rungs of healing; time is an argument."""

from lib.constants import NS_PER_SECOND
from supervisor.judges.ladder import PUBLISHER_RUNGS, SUBSCRIBER_RUNGS, Ladder, Rung, Step

BTC, XRP = frozenset({"book BTCUSDT"}), frozenset({"book XRPUSDT"})


def seconds(value: float) -> int:
    return round(value * NS_PER_SECOND)


def climb(
    ladder: Ladder, stale: frozenset[str], begin: float, end: float, *, is_whole: bool
) -> list[tuple[float, Rung]]:
    """Be stale from `begin` to `end`, a beat each 100 ms; return the rungs with their times."""
    beats = [tenth / 10 for tenth in range(round(begin * 10), round(end * 10))]
    return [
        (at, step.rung)
        for at in beats
        for step in ladder.stale(seconds(at), stale, is_whole=is_whole)
    ]


def test_a_frozen_worker_climbs_one_rung_at_a_time() -> None:
    rungs = climb(Ladder(PUBLISHER_RUNGS), BTC, 0, 2.1, is_whole=True)

    assert rungs == [(0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (2.0, Rung.RESTART)]


def test_fresh_data_ends_the_climb() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, BTC, 0, 3, is_whole=True)

    ladder.fresh()

    assert ladder.stale(seconds(9), BTC, is_whole=True) == [Step(Rung.RESUBSCRIBE, BTC)]


def test_a_symbol_among_fresh_ones_never_restarts_the_worker_and_is_escalated_once() -> None:
    rungs = climb(Ladder(PUBLISHER_RUNGS), XRP, 0, 60, is_whole=False)

    assert rungs == [(0.0, Rung.RESUBSCRIBE), (0.7, Rung.RECONNECT), (10.0, Rung.ESCALATE)]


def test_a_symbol_that_is_often_quiet_makes_its_neighbours_reconnect_ever_more_seldom() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    reconnects = []
    for minute in range(120):
        rungs = climb(ladder, XRP, minute * 60, minute * 60 + 2, is_whole=False)
        reconnects += [at for at, rung in rungs if rung is Rung.RECONNECT]
        ladder.fresh()

    assert len(reconnects) <= 8


def test_another_symbol_that_falls_silent_gets_its_own_climb() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, XRP, 0, 20, is_whole=False)

    rungs = climb(ladder, BTC | XRP, 20, 22, is_whole=False)

    assert [rung for _, rung in rungs] == [Rung.RESUBSCRIBE, Rung.RECONNECT]


def test_the_rest_of_the_symbols_falling_silent_goes_on_to_the_restart() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, XRP, 0, 1.5, is_whole=False)

    assert climb(ladder, BTC | XRP, 1.5, 2.1, is_whole=True) == [(2.0, Rung.RESTART)]


def test_a_channel_that_was_silent_as_a_whole_leaves_each_symbol_its_climb() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, BTC, 0, 0.2, is_whole=False)
    climb(ladder, BTC | XRP, 0.2, 3, is_whole=True)
    ladder.fresh()

    rungs = climb(ladder, BTC, 10, 12, is_whole=False)

    assert [rung for _, rung in rungs] == [Rung.RESUBSCRIBE, Rung.RECONNECT]


def test_a_refused_restart_is_escalated_once() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, BTC, 0, 3, is_whole=True)

    assert [now for now in range(3, 60) if ladder.refused(seconds(now))] == [10]


def test_symbols_that_fall_silent_one_after_another_do_not_put_off_each_other() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    found: list[tuple[float, Step]] = []
    for tenth in range(15):
        stale = frozenset(f"book S{number}USDT" for number in range(tenth + 1))
        steps = ladder.stale(seconds(tenth / 10), stale, is_whole=False)
        found += [(tenth / 10, step) for step in steps]

    first = frozenset({"book S0USDT"})
    assert (0.0, Step(Rung.RESUBSCRIBE, first)) in found
    reconnects = [(at, step.names) for at, step in found if step.rung is Rung.RECONNECT]
    assert reconnects == [(0.7, first)]
    each = [step.names for _, step in found if step.rung is Rung.RESUBSCRIBE]
    assert each == [frozenset({f"book S{number}USDT"}) for number in range(15)]


def test_symbols_that_reconnect_soon_after_others_do_it_together() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    steps = []
    for tenth in range(40):
        stale = frozenset(f"book S{number}USDT" for number in range(min(tenth + 1, 8)))
        steps += [
            (tenth / 10, step) for step in ladder.stale(seconds(tenth / 10), stale, is_whole=False)
        ]

    reconnects = [(at, len(step.names)) for at, step in steps if step.rung is Rung.RECONNECT]
    assert reconnects == [(0.7, 1), (1.7, 7)]


def test_silence_just_after_a_short_one_is_healed_all_the_same() -> None:
    ladder = Ladder(PUBLISHER_RUNGS)
    climb(ladder, BTC, 0, 0.2, is_whole=False)
    ladder.fresh()

    rungs = climb(ladder, BTC, 10, 12, is_whole=False)

    assert [rung for _, rung in rungs] == [Rung.RESUBSCRIBE, Rung.RECONNECT]


def test_silence_that_lasts_is_given_a_new_connection_again_ever_more_seldom() -> None:
    rungs = climb(Ladder(PUBLISHER_RUNGS), BTC, 0, 600, is_whole=False)

    assert [at for at, rung in rungs if rung is Rung.RECONNECT] == [0.7, 60.7, 180.7, 420.7]


def test_a_bot_that_lost_its_subscription_is_restarted_soon() -> None:
    rungs = climb(Ladder(SUBSCRIBER_RUNGS), BTC, 0, 1.1, is_whole=True)

    assert rungs == [(0.0, Rung.RESUBSCRIBE), (1.0, Rung.RESTART)]
