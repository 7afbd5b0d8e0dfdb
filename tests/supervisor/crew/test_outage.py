"""A common cause told from single illnesses."""

from lib.constants import WorkerKind
from supervisor.crew.outage import Change, Outage
from supervisor.crew.worker import Worker
from tests.supervisor.ward import beat, make, seconds


def run(
    outage: Outage, workers: list[Worker], begin: float, end: float, *, heard: dict[str, float]
) -> list[tuple[float, Change]]:
    """Judge each 250 ms; `heard` = name -> when it heard the exchange last (`inf`: always)."""
    found = []
    for quarter in range(round(begin * 4), round(end * 4)):
        now = quarter / 4
        for worker in workers:
            beat(worker, now, links={"link": max(0.0, now - heard[worker.name])})
        if change := outage.judge(workers, seconds(now)):
            found.append((now, change))
    return found


def ears() -> list[Worker]:
    return [make(WorkerKind.EXCHANGE), make(WorkerKind.STREAM)]


def test_silence_of_all_with_a_question_without_an_answer_is_an_outage() -> None:
    outage = Outage()

    found = run(outage, ears(), 10, 14, heard={"exchange": 10, "stream": 10})

    assert found[0] == (11.5, Change.ASK)
    assert found[1] == (12.5, Change.BEGUN)
    assert outage.is_on
    assert outage.since_ns == seconds(10)


def test_an_answer_shows_that_it_is_only_the_stream() -> None:
    outage, workers = Outage(), ears()

    for second in range(10, 100):
        run(outage, workers, second, second + 1, heard={"exchange": second, "stream": 10})

    assert not outage.is_on


def test_any_word_ends_it_and_the_exchange_is_asked_all_the_while() -> None:
    outage, workers = Outage(), ears()
    found = run(outage, workers, 10, 30, heard={"exchange": 10, "stream": 10})
    assert 15 <= sum(change is Change.ASK for _, change in found) <= 20

    found = run(outage, workers, 30, 32, heard={"exchange": 30, "stream": 10})

    assert found == [(30, Change.OVER), (31.5, Change.ASK)]
    assert not outage.is_on


def test_one_kind_of_worker_alone_proves_nothing() -> None:
    outage = Outage()

    run(outage, [make(WorkerKind.STREAM)], 10, 100, heard={"stream": 10})

    assert not outage.is_on


def test_a_worker_that_does_not_live_is_not_asked_for_its_opinion() -> None:
    outage, workers = Outage(), ears()
    workers[0].life.exited(1, seconds(10), 0)
    workers[0].watch.born(seconds(10))
    for second in range(10, 100):
        beat(workers[1], second, links={"link": second - 10})
        outage.judge(workers, seconds(second))

    assert not outage.is_on
