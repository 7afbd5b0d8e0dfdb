"""Where workers come from: keeps the fork server and one spare worker alive."""

import signal
from collections.abc import Collection, Iterator

from lib.constants import NS_PER_SECOND
from lib.timer import AbstractTimer
from supervisor.processes.child import Child
from supervisor.processes.spawner import Spawner
from supervisor.record.events import SUPERVISOR
from supervisor.record.history import History

RETRY_NS = 2 * NS_PER_SECOND
"""Time between two tries to start the fork server, or to have a spare worker."""
LONGEST_NS = 300 * NS_PER_SECOND
"""The same when spare workers end one after the other."""
IMPORT_NS = 60 * NS_PER_SECOND
"""What a fork server may take to import everything."""
ANSWER_NS = 3 * NS_PER_SECOND
"""What one that was ready may take to answer: a fork takes milliseconds, and a worker is down."""
SPARE_NS = NS_PER_SECOND // 2
"""Time between a birth and the fork of a spare worker for the next one: newborns come first."""


class Nursery:
    """Looks after the spawner.

    Args:
        spawner: Starts processes.
        history: Where it is noted what became of them.
        timer: The process's timer.
    """

    def __init__(self, spawner: Spawner, history: History, timer: AbstractTimer) -> None:
        """Have started nothing."""
        self._spawner = spawner
        self._history = history
        self._timer = timer
        self._server_due_ns = 0
        self._spare_due_ns = 0
        self._spare_gap_ns = RETRY_NS
        self._oldest: int | None = None
        self._asked_ns = 0
        self._fault = ""

    def start(self) -> None:
        """Execute the fork server; it says when it is ready."""
        self._fault = ""
        self._server_due_ns = self._timer.Monotonic() + RETRY_NS
        try:
            self._spawner.start_server()
        except OSError as error:
            self._history.add(SUPERVISOR, "no fork server", str(error))

    def receive(self) -> None:
        """Take the fork server's answers."""
        self._spawner.receive()
        while self._spawner.complaints:
            self._history.add(SUPERVISOR, "not preloaded", self._spawner.complaints.pop(0))

    def born(self) -> None:
        """Note a birth: the next spare worker has time until this one has begun its work."""
        self._spare_due_ns = self._timer.Monotonic() + SPARE_NS
        self._spare_gap_ns = RETRY_NS

    def tick(self, now_ns: int) -> None:
        """Replace what is missing."""
        server = self._spawner.server
        if server is None and now_ns >= self._server_due_ns:
            self.start()
        elif server and not self._spawner.ready and now_ns >= self._server_due_ns + IMPORT_NS:
            server.send(signal.SIGKILL)
        if now_ns >= self._spare_due_ns and not self._spawner.pending:
            self._spare_due_ns = now_ns + self._spare_gap_ns
            self._spawner.order_spare()

    def check(self, now_ns: int) -> None:
        """End a fork server that no longer answers: whoever waits for it is told when it is gone.

        Time counts from its last answer, so that many requests at once are no fault of its own.
        """
        oldest, server = self._spawner.oldest, self._spawner.server
        if oldest != self._oldest:
            self._oldest, self._asked_ns = oldest, now_ns
        if server and oldest is not None and now_ns >= self._asked_ns + ANSWER_NS:
            self._fault = f"no answer for {ANSWER_NS // NS_PER_SECOND} s"
            server.send(signal.SIGKILL)

    def forgive(self) -> None:
        """Let the fork server's time to answer begin anew: we slept ourselves."""
        self._oldest = None

    def children(self) -> Iterator[Child]:
        """Yield the fork server and the spare worker."""
        if self._spawner.server is not None:
            yield self._spawner.server
        if self._spawner.spare is not None:
            yield self._spawner.spare.child

    def reap(self, ready: Collection[int]) -> bool:
        """Take the ends of those whose descriptors are `ready`; return whether the server ended."""
        if (code := self._spawner.reap_spare(ready)) is not None:
            self._history.add(SUPERVISOR, "spare worker ended", code=code)
            self._spare_due_ns = self._timer.Monotonic() + self._spare_gap_ns
            self._spare_gap_ns = min(2 * self._spare_gap_ns, LONGEST_NS)
        server = self._spawner.server
        if server is None or server.pidfd not in ready or server.reap() is None:
            return False
        self.receive()
        gave_way = self._spawner.server_exited()
        if gave_way:
            self.start()
        else:
            self._history.add(SUPERVISOR, "fork server ended", self._fault)
        return True
