"""Who is told ill and well again by the healer."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from lib.constants import WorkerKind
from supervisor.crew.crew import Crew
from supervisor.crew.healer import Healer
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.outage import Outage
from supervisor.crew.worker import Worker
from supervisor.judges.watch import LEARNED
from supervisor.processes.meter import Meter
from supervisor.record.history import History
from tests.supervisor.ward import beat, make, seconds

BOOK = "book:BTCUSDT"


class Ward:
    """A crew without processes that keeps who is ill."""

    def __init__(self, *workers: Worker) -> None:
        self.outage = Outage()
        self.sick: set[str] = set()
        self._workers = workers
        self._healer = Healer(
            cast("Crew", self), cast("Lifecycle", self), cast("History", self), Meter()
        )

    def __iter__(self) -> Iterator[Worker]:
        return iter(self._workers)

    def do(self, worker: Worker, actions: list[Any]) -> None:
        """Leave it undone."""

    def add(self, *_words: Any) -> None:
        """Note nothing."""

    def ill(self, component: str, reason: str) -> None:
        self.sick.add(component)

    def well(self, component: str) -> None:
        self.sick.discard(component)

    def command(self, worker: str, action: str, args: Iterable[Any] = ()) -> None:
        """Tell nobody."""

    def beat(self, worker: Worker, at: float, age: float, count: int) -> None:
        beat(worker, at, {"book": {"BTCUSDT": age}}, counts={BOOK: count})
        self._healer.beat(worker, seconds(at))


def ill_by_what_was_learned(*streams: Worker) -> Ward:
    ward = Ward(*streams)
    for step in range(1, 100):
        for stream in streams:
            ward.beat(stream, step / 4, 0.0, step * 10)
    for stream in streams:
        ward.beat(stream, 40.0, 15.0, 990)
    assert BOOK in ward.sick
    return ward


def fix_limits(stream: Worker) -> None:
    stream.respec(stream.spec._replace(limits={"book": 60.0}))


def test_a_book_whose_limit_is_fixed_now_is_no_longer_ill_by_a_learned_one() -> None:
    stream = make(WorkerKind.STREAM, book=LEARNED)
    ward = ill_by_what_was_learned(stream)

    fix_limits(stream)
    ward.beat(stream, 40.25, 15.25, 990)

    assert ward.sick == set()


def test_a_book_stays_ill_while_another_stream_worker_learns_its_limit() -> None:
    streams = [make(WorkerKind.STREAM, name, book=LEARNED) for name in ("stream-1", "stream-2")]
    ward = ill_by_what_was_learned(*streams)

    for stream, left in zip(streams, ({BOOK, "stream-2"}, set()), strict=True):
        fix_limits(stream)
        ward.beat(stream, 40.25, 15.25, 990)
        assert ward.sick == left
