"""What workers say: heartbeats, asks and reports, taken from the heartbeat socket."""

import os
from collections.abc import Callable
from typing import Protocol

import zmq

from lib.bus import endpoints
from lib.bus.protocol import Ask, Heartbeat, Message, Report, decode
from lib.bus.sockets import bind, make_socket, take
from lib.constants import NS_PER_MS, NS_PER_SECOND, WorkerKind, WorkerState
from lib.errors import ProtocolError
from lib.timer import AbstractTimer
from supervisor.crew.crew import Crew
from supervisor.crew.healer import Healer
from supervisor.crew.worker import WORKING, Worker
from supervisor.record.history import History
from supervisor.reports import Reports

HEARTBEAT_BATCH = 2_000
STATES = {state.value: state for state in WorkerState}
JUDGED_NS = NS_PER_SECOND * 3 // 20
"""Ages of data that were in order are looked at again after so long at the earliest."""


class Hearer(Protocol):
    """What the inbox needs of the supervisor."""

    @property
    def is_stopping(self) -> bool:
        """Whether it is on its way down."""

    def arrived(self, name: str) -> None:
        """A worker is ready."""


class Inbox:
    """Takes in what workers say.

    Args:
        context: ZeroMQ context of the process.
        run_dir: Folder of the run's sockets.
        crew: All workers.
        healer: Judges them after each beat.
        history: Where it is noted.
        timer: The process's timer.
        reports: Takes workers' reports.
        hearer: The supervisor.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        run_dir: os.PathLike[str],
        crew: Crew,
        healer: Healer,
        history: History,
        timer: AbstractTimer,
        reports: Reports,
        hearer: Hearer,
    ) -> None:
        """Bind the heartbeat socket.

        Raises:
            OSError: It cannot be bound.
        """
        self.socket = make_socket(context, zmq.PULL)
        bind(self.socket, endpoints.ipc(os.fspath(run_dir), endpoints.HEARTBEAT))
        self._crew = crew
        self._healer = healer
        self._history = history
        self._timer = timer
        self._reports = reports
        self._hearer = hearer
        self.taken_ns = timer.Monotonic()
        """When it was emptied last, monotonic ns."""

    def take(self) -> None:
        """Take in all that has arrived."""
        self.taken_ns = self._timer.Monotonic()
        for _ in range(HEARTBEAT_BATCH):
            try:
                frames = take(self.socket)
            except zmq.Again:
                return
            try:
                header, message = decode(frames[0], frames[-1])
            except ProtocolError as error:
                self._history.add("supervisor", "bad frame", str(error))
                continue
            if message is not None:
                self._take(header.incarnation, message)

    def last_words(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Take the messages that a worker sent before it ended; wait for them until `enough`.

        What a process has sent may still be on its way through ZeroMQ's own thread when its end
        is known already.
        """
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        self.take()
        while not enough() and (left_ns := end_ns - self._timer.Monotonic()) > 0:
            self.socket.poll(left_ns // NS_PER_MS + 1)
            self.take()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close(0)

    def _take(self, life: int, message: Message) -> None:
        if not isinstance(message, Heartbeat | Ask | Report):
            return
        if message.worker in self._crew.preflights:
            if isinstance(message, Report):
                self._crew.preflights.refuse(message.worker, self._reports.said(message.facts))
            return
        worker = self._crew.workers.get(message.worker)
        if worker is None or worker.incarnation != life:
            return  # a former life's last words
        match message:
            case Heartbeat():
                self._take_beat(worker, message)
            case Ask(_, target, reason):
                self._take_ask(worker, target, reason)
            case Report(_, kind, facts):
                self._reports.take(worker, kind, facts)

    def _take_beat(self, worker: Worker, beat: Heartbeat) -> None:
        now_ns = self._timer.Monotonic()
        if worker.watch.last is None:
            ms = round((now_ns - worker.born_ns) / 1e6, 1)
            self._history.add(worker.name, "first beat", ms=ms)
        worker.watch.beat(beat, now_ns)
        state = STATES.get(beat.state)
        if state is None:
            return
        if state is WorkerState.READY and worker.spec.kind is WorkerKind.EXCHANGE:
            worker.unproven = True
        self._crew.do(worker, worker.life.beat(state, now_ns))
        if self._is_due(worker, now_ns) and not self._hearer.is_stopping:
            worker.judged_ns = now_ns
            self._healer.beat(worker, now_ns)
        if worker.ready:
            worker.was_ready = True
            self._hearer.arrived(worker.name)

    @staticmethod
    def _is_due(worker: Worker, now_ns: int) -> bool:
        """Return whether to judge a worker: if it works, and not more often than tells anything."""
        state = worker.life.state
        is_old = now_ns - worker.judged_ns >= JUDGED_NS
        return state is WorkerState.STALE or (state in WORKING and is_old)

    def _take_ask(self, worker: Worker, target: str, reason: str) -> None:
        now_ns = self._timer.Monotonic()
        wanted = target or worker.name
        for one in self._crew:
            if wanted in (one.name, one.spec.kind):
                self._history.add(one.name, "restart asked", reason, by=worker.name)
                self._crew.do(one, one.life.asked(reason, now_ns))
