"""Writes the journal from a thread of its own, so that no disk ever stalls the event loop."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from lib.constants import NS_PER_SECOND
from lib.journal.errors import UnwritableError
from lib.journal.jobs import Job, Quick, Then, without
from lib.journal.keeper import Keeper
from lib.journal.store import Store
from lib.oms.rows import Past, Row

COMMIT_SECONDS = 0.05
"""No commit within this time: new risk is refused."""
QUICK_SECONDS = 0.001
"""How long the event loop itself waits for a commit: usually it takes a quarter of that, and a trip
through the loop, behind everything else that is due, would cost the order several times as much."""
AGAIN_SECONDS = 1.0
"""Between two tries to write what could not be written."""
CHECKPOINT_SECONDS = 20.0
STALLED = "the orders' journal does not answer"
ENDED = "the thread of the orders' journal has ended"

T = TypeVar("T")


class JournalWriter:
    """The journal as the event loop sees it; nothing here blocks but `open` and `close`.

    Args:
        folder: The project's state folder.
        clock: Returns the exchange's time, ns.
        wake: Runs a function in the event loop, from any thread.
        synchronous: `NORMAL` or `FULL`.
        renew: Called in the loop, once, when nothing but another life of the process can bring the
            journal back, with why.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], int],
        wake: Callable[[Callable[[], None]], object],
        synchronous: str = "NORMAL",
        renew: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Open nothing yet."""
        self._clock = clock
        self._wake = wake
        self._renew = renew
        self._keeper = Keeper(folder, clock, synchronous, self._give_up)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._end = ""
        """Why this life writes nothing any more."""
        self._stalled = False
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.is_new = True
        """True when there was no journal, or none that could be read."""
        self.lost = False
        """True when there was one that could not be read."""

    def open(self) -> Past:
        """Open the file, read it, start the threads; blocking.

        A file that cannot be opened is trouble, not an error: `trouble` tells it, and what would
        be written is kept in memory.

        Raises:
            ConfigError: The file was written by a newer version.
        """
        past = self._keeper.open()
        store = self._keeper.store
        if store is not None:
            self.is_new, self.lost = store.is_new, store.lost
        for work, name in ((self._run, "journal"), (self._keep, "journal checkpoints")):
            thread = threading.Thread(target=self._watched, args=(work,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return past

    @property
    def trouble(self) -> str:
        """Return why nothing can be written now, "" when it can."""
        return self._end or self._keeper.failure or (STALLED if self._stalled else "")

    @property
    def failures(self) -> int:
        """Return how often something could not be opened or written."""
        return self._keeper.failures

    @property
    def refused(self) -> int:
        """Return how many rows could never be written, and were dropped."""
        return self._keeper.refused

    def put(self, rows: Sequence[Row], then: Then | None = None) -> None:
        """Have rows written some time soon; `then` is told in the loop, "" or why not."""
        self._jobs.put(Job(rows, then))

    async def commit(self, rows: Sequence[Row], seconds: float = COMMIT_SECONDS) -> str:
        """Write rows; return "" when they are safe, else why they are not (yet)."""
        quick = Quick()
        self._jobs.put(Job(rows, None, quick=quick))
        # a disk that has just stalled gets no second chance to hold up the loop
        if not self._stalled and quick.wait(QUICK_SECONDS):
            return quick.error
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def told(error: str) -> None:
            if not done.done():
                done.set_result(error)

        quick.then = told
        if quick.wait(0):  # it came in between, and found nobody to tell
            self._stalled = False
            return quick.error
        try:
            return await asyncio.wait_for(done, seconds)
        except TimeoutError:
            self._stalled = True
            return STALLED

    async def ask(self, question: Callable[[Store], T], seconds: float = 2.0) -> T | None:
        """Return what a function reads from the store; None when that cannot be had."""
        done: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

        def answer(store: Store) -> None:
            found = None
            # whatever is wrong with a question: nobody's rows wait for it
            with suppress(Exception):
                found = question(store)
            # the loop may be gone already when the process ends
            with suppress(RuntimeError):
                self._wake(lambda: None if done.done() else done.set_result(found))

        self._jobs.put(Job((), None, answer))
        with suppress(TimeoutError):
            return await asyncio.wait_for(done, seconds)
        return None

    def close(self, seconds: float = 1.0) -> bool:
        """Write what waits and close; return whether all is safe. Blocks at most `seconds`."""
        self._closed.set()
        self._jobs.put(None)
        if self._threads:
            self._threads[0].join(seconds)
            is_over = not self._threads[0].is_alive() and not self._end
            return is_over and not self._keeper.unsaved
        return False

    # --- in the thread

    def _watched(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._give_up(f"{ENDED}: {error!r}")
            raise

    def _give_up(self, why: str) -> None:
        if not self._end:
            self._end = why
            # the loop may be gone already when the process ends
            with suppress(RuntimeError):
                self._wake(lambda: self._renew(why))

    def _run(self) -> None:
        tidied_ns = self._clock()
        while True:
            jobs = self._take()
            if jobs is None:
                self._keeper.close()
                return
            self._serve(jobs)
            # also when the clock has stepped back
            if abs(self._clock() - tidied_ns) >= AGAIN_SECONDS * NS_PER_SECOND:
                self._tidy()
                tidied_ns = self._clock()

    def _keep(self) -> None:
        while not self._closed.wait(CHECKPOINT_SECONDS):
            self._keeper.checkpoint()

    def _take(self) -> list[Job] | None:
        """Return what waits, [] when a second passed without work, None at the end."""
        try:
            first = self._jobs.get(timeout=AGAIN_SECONDS)
        except queue.Empty:
            return []
        jobs: list[Job] = []
        job = first
        while job is not None:
            jobs.append(job)
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs
        if jobs:
            self._jobs.put(None)
            return jobs
        return None

    def _serve(self, jobs: list[Job]) -> None:
        if not jobs:
            return
        while True:
            try:
                error = self._keeper.save([row for job in jobs for row in job.rows])
                break
            except UnwritableError as unwritable:
                jobs = self._refuse(unwritable, jobs)
        self._answer(jobs, error)
        for job in jobs:
            if job.ask is not None and self._keeper.store is not None:
                job.ask(self._keeper.store)

    def _refuse(self, unwritable: UnwritableError, jobs: list[Job]) -> list[Job]:
        """Tell whose row can never be written; return what is left to do."""
        self._keeper.drop(unwritable.row)
        whose, left = without(unwritable.row, jobs)
        self._answer(whose, str(unwritable))
        return left

    def _answer(self, jobs: list[Job], error: str) -> None:
        waiting = [job.quick.release(error) for job in jobs if job.quick is not None]
        thens = [then for then in (*waiting, *(job.then for job in jobs)) if then is not None]
        if thens or self._stalled:
            self._tell(thens, error)

    def _tidy(self) -> None:
        if not self._end:
            self._keeper.tidy()
        if self._stalled:
            self._tell([], "")

    def _tell(self, thens: list[Then], error: str) -> None:
        def told() -> None:
            self._stalled = False
            for then in thens:
                then(error)

        # the loop may be gone already when the process ends
        with suppress(RuntimeError):
            self._wake(told)
