from lib.oms.hearing import Hearing

MS = 1_000_000
SECOND = 1_000 * MS
LIMIT = 10 * SECOND


def connected() -> Hearing:
    hearing = Hearing(LIMIT, 0)
    hearing.on_connected(0)
    return hearing


def test_silence_grows_old_and_events_refresh() -> None:
    hearing = connected()
    assert hearing.age(4 * SECOND) == 4 * SECOND
    hearing.on_event(4 * SECOND)
    assert hearing.age(5 * SECOND) == SECOND


def test_half_the_limit_of_silence_asks_for_a_check() -> None:
    hearing = connected()
    assert not hearing.wants_check(4 * SECOND)
    assert hearing.wants_check(5 * SECOND)
    hearing.on_check(5 * SECOND)
    assert not hearing.wants_check(6 * SECOND)
    assert hearing.age(6 * SECOND) == SECOND


def test_nothing_is_checked_without_a_connection() -> None:
    hearing = Hearing(LIMIT, 0)
    assert not hearing.wants_check(60 * SECOND)
    assert hearing.age(60 * SECOND) == 60 * SECOND


def test_an_acknowledged_order_without_its_event_shows_deafness() -> None:
    hearing = connected()
    hearing.expect_echo("a", SECOND)
    assert not hearing.tick(SECOND + 900 * MS)
    assert hearing.tick(2 * SECOND)
    assert hearing.is_deaf
    assert not hearing.tick(3 * SECOND)


def test_an_echo_may_come_before_the_acknowledgement() -> None:
    hearing = connected()
    hearing.on_echo("a")
    hearing.expect_echo("a", SECOND)
    hearing.expect_echo("b", SECOND)
    hearing.on_echo("b")
    assert not hearing.tick(60 * SECOND)


def test_only_old_facts_since_the_connection_are_held_against_the_stream() -> None:
    hearing = connected()
    assert not hearing.is_blamed(500 * MS, 9 * SECOND)
    assert hearing.is_blamed(2 * SECOND, 9 * SECOND)
    assert not hearing.is_blamed(10 * SECOND, 9 * SECOND)
    hearing.on_disconnected()
    assert not hearing.is_blamed(2 * SECOND, 9 * SECOND)


def test_while_deafness_repeats_the_age_grows_from_the_last_proof() -> None:
    hearing = connected()
    hearing.on_event(SECOND)
    for second in range(5, 30, 5):
        hearing.on_missed(second * SECOND)
        assert hearing.tick(second * SECOND)
        hearing.on_check((second + 1) * SECOND)
        assert hearing.age((second + 1) * SECOND) == second * SECOND
        hearing.on_connected((second + 1) * SECOND)
        hearing.on_check((second + 2) * SECOND)
        assert hearing.age((second + 2) * SECOND) == (second + 1) * SECOND


def test_an_event_after_the_reconnect_ends_deafness() -> None:
    hearing = connected()
    hearing.on_missed(5 * SECOND)
    hearing.on_event(5 * SECOND)
    assert hearing.is_deaf
    assert hearing.tick(5 * SECOND)
    hearing.on_connected(6 * SECOND)
    assert not hearing.is_deaf
    hearing.on_event(7 * SECOND)
    assert hearing.age(8 * SECOND) == SECOND


def test_a_long_quiet_time_without_contradiction_ends_suspicion() -> None:
    hearing = connected()
    hearing.on_missed(5 * SECOND)
    hearing.tick(5 * SECOND)
    hearing.on_connected(6 * SECOND)
    hearing.on_check(8 * SECOND)
    assert hearing.age(8 * SECOND) == 8 * SECOND
    hearing.on_check(11 * SECOND)
    assert hearing.age(11 * SECOND) == 0
