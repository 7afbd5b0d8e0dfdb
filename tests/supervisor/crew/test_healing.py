"""Whose fault stale data is, and what follows."""

from lib.constants import WorkerKind
from supervisor.crew.healing import judge
from supervisor.judges.ladder import Rung
from tests.supervisor.ward import beat, make, seconds

BOTH_STALE = {"book": {"BTCUSDT": 4.0, "ETHUSDT": 5.0}}
ONE_STALE = {"book": {"BTCUSDT": 0.0, "ETHUSDT": 5.0}}


def test_a_stream_worker_without_any_fresh_book_climbs_to_the_restart() -> None:
    stream = make(WorkerKind.STREAM, book=3.0)
    rungs = []
    for quarter in range(12):
        beat(stream, quarter / 4, BOTH_STALE)
        healing = judge(stream, [stream], seconds(quarter / 4))
        assert healing is not None
        for step in healing.steps:
            assert healing.symbols_of(step) == ["BTCUSDT", "ETHUSDT"]
            rungs.append(step.rung)

    assert rungs[:3] == [Rung.RESUBSCRIBE, Rung.RECONNECT, Rung.RESTART]


def test_one_stale_symbol_never_restarts_what_works() -> None:
    stream = make(WorkerKind.STREAM, book=3.0)
    rungs = []
    for second in range(1000):
        beat(stream, second, ONE_STALE)
        healing = judge(stream, [stream], seconds(second))
        assert healing is not None
        assert all(healing.symbols_of(step) == ["ETHUSDT"] for step in healing.steps)
        rungs += [step.rung for step in healing.steps]

    assert rungs[:3] == [Rung.RESUBSCRIBE, Rung.RECONNECT, Rung.ESCALATE]
    assert rungs[3:] == [Rung.RECONNECT] * 4


def test_a_bot_is_to_blame_only_where_its_publisher_goes_on() -> None:
    stream = make(WorkerKind.STREAM, book=3.0)
    bot = make(WorkerKind.BOT, "bot:x:ETHUSDT", book=3.0)
    beat(bot, 10, {"book": {"ETHUSDT": 4.0}})

    beat(stream, 10, ONE_STALE)
    assert judge(bot, [stream], seconds(10)) is None

    beat(stream, 10, {"book": {"ETHUSDT": 0.1}})
    healing = judge(bot, [stream], seconds(10))
    assert healing is not None
    assert [step.rung for step in healing.steps] == [Rung.RESUBSCRIBE]


def test_while_nobody_hears_the_exchange_there_is_nothing_to_do_but_wait() -> None:
    stream = make(WorkerKind.STREAM, book=3.0)
    for second in range(100):
        beat(stream, second, BOTH_STALE)
        healing = judge(stream, [stream], seconds(second), is_cut=True)
        assert healing is not None
        assert not healing.steps


def test_the_evidence_names_the_oldest_and_counts_the_rest() -> None:
    stream = make(WorkerKind.STREAM, book=3.0)
    beat(stream, 0, {"book": {f"S{number}": 4.0 + number for number in range(5)}})

    healing = judge(stream, [stream], 0)

    assert healing is not None
    assert healing.evidence == (
        "book S4 8.0 s old, limit 3 s, book S3 7.0 s old, limit 3 s, "
        "book S2 6.0 s old, limit 3 s and 2 more"
    )
    assert stream.stale_book("S4") == "book S4 8.0 s old, limit 3 s"
