"""Liveness and freshness; time is an argument."""

from bisect import bisect_right
from random import Random

from lib.bus.protocol import Heartbeat
from lib.constants import NS_PER_SECOND
from supervisor.judges.watch import LEARNED, Watch


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
        links={"public-1": seconds(age), "market-1": seconds(age + 1)},
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
    assert made.hung(seconds(6.01)) == "no heartbeat for 1.01 s, limit 1 s"


def test_before_the_first_beat_the_start_timeout_counts() -> None:
    made = watch()

    assert made.hung(seconds(29)) == ""
    assert made.hung(seconds(31)).startswith("no first heartbeat")


def test_other_limits_hold_at_once() -> None:
    made = watch(book=3.0)
    made.adopt({"book": 9.0}, heartbeat_limit=4.0, start_timeout=60.0)

    assert made.hung(seconds(59)) == ""
    assert made.hung(seconds(61)) == "no first heartbeat for 61.00 s, limit 60 s"
    made.beat(beat(age=8), seconds(61))
    assert made.stale(seconds(61)) == []
    assert made.hung(seconds(65)) == ""
    assert made.hung(seconds(65.01)) == "no heartbeat for 4.01 s, limit 4 s"


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


def test_one_of_several_stale_symbols_does_not_make_the_worker_frozen() -> None:
    made = watch(book=3.0)
    half = beat()._replace(ages={"book": {"BTCUSDT": 0, "XRPUSDT": seconds(9)}})
    made.beat(half, seconds(5))
    assert not made.is_frozen(made.stale(seconds(5)), seconds(5))

    whole = beat()._replace(ages={"book": {"BTCUSDT": seconds(4), "XRPUSDT": seconds(9)}})
    made.beat(whole, seconds(6))
    assert made.is_frozen(made.stale(seconds(6)), seconds(6))


def test_a_learned_limit_outlives_the_life_that_it_was_learned_in() -> None:
    made = watch(book=LEARNED)
    for step in range(1, 100):
        made.beat(beat(count=step * 10), seconds(step / 4))
    assert made.limit("book", "BTCUSDT") == 2.5

    made.born(seconds(30))

    assert made.limit("book", "BTCUSDT") == 2.5
    made.beat(beat(age=2.6), seconds(40))
    [stale] = made.stale(seconds(40))
    assert not stale.is_sure


def test_the_newest_word_of_any_connection_counts_as_heard() -> None:
    made = watch()
    assert made.heard(seconds(5)) is None

    made.beat(beat(age=2), seconds(5))

    assert made.heard(seconds(6)) == 3


def test_event_rate_is_measured_over_whole_seconds() -> None:
    made = watch()
    for step in range(1, 9):
        made.beat(beat(events=step * 25), seconds(step / 4))

    assert made.events_per_s == 100


def test_a_life_that_was_never_ready_may_be_silent_longer() -> None:
    made = watch()
    made.beat(beat()._replace(state="starting"), seconds(1))

    assert made.hung(seconds(5.9)) == ""
    assert made.hung(seconds(6.1)) != ""


def follow(made: Watch, times: dict[str, list[float]], hours: float) -> None:
    """Beat four times a second, with what has arrived of each symbol."""
    for tick in range(1, round(hours * 3_600 * 4)):
        now = tick / 4
        seen = {name: bisect_right(each, now) for name, each in times.items()}
        ages = {name: seconds(now - (times[name][n - 1] if n else 0)) for name, n in seen.items()}
        counts = {f"book:{name}": n for name, n in seen.items()}
        made.beat(beat()._replace(ages={"book": ages}, counts=counts), seconds(now))


def arrivals(random: Random, mean: float, hours: float) -> list[float]:
    now, found = 0.0, []
    while now < hours * 3_600:
        now += random.expovariate(1 / mean)
        found.append(now)
    return found


def test_freezes_of_all_symbols_teach_no_patience_however_many() -> None:
    random = Random(5)
    frozen = [(60.0 * n, 60.0 * n + 6) for n in range(1, 12)]
    symbols = {}
    for number in range(5):
        lively = arrivals(random, 0.05, 0.2)
        symbols[f"S{number}USDT"] = [at for at in lively if not any(a < at < b for a, b in frozen)]
    made = watch(book=LEARNED)

    follow(made, symbols, 0.2)

    assert max(made.limit("book", name) for name in symbols) < 3.0


def test_quiet_symbols_that_are_quiet_together_are_still_learned() -> None:
    random = Random(6)
    symbols = {f"S{number}USDT": arrivals(random, 60.0, 6) for number in range(3)}
    made = watch(book=LEARNED)

    follow(made, symbols, 6)

    assert min(made.limit("book", name) for name in symbols) > 1_000


def test_freezes_of_one_symbol_among_lively_ones_teach_half_of_them_at_most() -> None:
    random = Random(7)
    symbols = {f"S{number}USDT": arrivals(random, 0.05, 0.1) for number in range(3)}
    symbols["S0USDT"] = [at for at in symbols["S0USDT"] if not 100 < at < 160]
    made = watch(book=LEARNED)

    follow(made, symbols, 0.1)

    assert made.limit("book", "S0USDT") < 3.0
