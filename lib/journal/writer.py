"""Writes the journal from a thread of its own, so that no disk ever stalls the event loop."""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from lib.constants import NS_PER_SECOND
from lib.journal.store import Store, checkpoint, group
from lib.oms.rows import NOTHING, Past, Row

COMMIT_SECONDS = 0.05
"""No commit within this time: new risk is refused."""
QUICK_SECONDS = 0.001
"""How long the event loop itself waits for a commit: usually it takes a quarter of that, and a trip
through the loop, behind everything else that is due, would cost the order several times as much."""
KEPT_NS = 24 * 3_600 * NS_PER_SECOND
"""Final orders and acknowledged fills are kept so long."""
AGAIN_SECONDS = 1.0
"""Between two tries to write what could not be written."""
CHECKPOINT_SECONDS = 20.0
FULL = "the disk of the orders' journal is full"
STALLED = "the orders' journal does not answer"

Then = Callable[[str], None]
T = TypeVar("T")


class _Quick:
    """The outcome of a commit: for who waits for it now, or has it told by the loop.

    A bare lock, since every order waits for it: an Event takes twice as long to wake its waiter.
    """

    __slots__ = ("_lock", "error", "then")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()
        self.error = ""
        self.then: Then | None = None

    def wait(self, seconds: float) -> bool:
        """Return whether the outcome is there, at the latest after some seconds."""
        return self._lock.acquire(timeout=seconds)

    def release(self, error: str) -> Then | None:
        """Let the waiter go; return who else is to be told, because it no longer waits."""
        self.error = error
        self._lock.release()
        return self.then


class _Job(NamedTuple):
    rows: Sequence[Row]
    then: Then | None
    ask: Callable[[Store], Any] | None = None
    quick: _Quick | None = None


class JournalWriter:
    """The journal as the event loop sees it; nothing here blocks but `open` and `close`.

    Args:
        folder: The project's state folder.
        clock: Returns the exchange's time, ns.
        wake: Runs a function in the event loop, from any thread.
        synchronous: `NORMAL` or `FULL`.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], int],
        wake: Callable[[Callable[[], None]], object],
        synchronous: str = "NORMAL",
    ) -> None:
        """Open nothing yet."""
        self._folder = folder
        self._clock = clock
        self._wake = wake
        self._synchronous = synchronous
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._store: Store | None = None
        self._unsaved: list[Row] = []
        self._failure = ""
        self._stalled = False
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self.is_new = True
        """True when there was no journal, or none that could be read."""
        self.lost = False
        """True when there was one that could not be read."""
        self.failures = 0

    def open(self) -> Past:
        """Open the file, read it, start the threads; blocking.

        A file that cannot be opened is trouble, not an error: `trouble` tells it, and what would
        be written is kept in memory.

        Raises:
            ConfigError: The file was written by a newer version.
        """
        past = NOTHING
        try:
            self._store = Store(self._folder, self._synchronous)
            past = self._store.read(self._clock() - KEPT_NS)
            self.is_new, self.lost = self._store.is_new, self._store.lost
        except (OSError, sqlite3.Error) as error:
            self._store = None
            self._failure = f"the orders' journal cannot be opened: {error}"
            self.failures += 1
        for work, name in ((self._run, "journal"), (self._keep, "journal checkpoints")):
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        return past

    @property
    def trouble(self) -> str:
        """Return why nothing can be written now, "" when it can."""
        return self._failure or (STALLED if self._stalled else "")

    def put(self, rows: Sequence[Row], then: Then | None = None) -> None:
        """Have rows written some time soon; `then` is told in the loop, "" or why not."""
        self._jobs.put(_Job(rows, then))

    async def commit(self, rows: Sequence[Row], seconds: float = COMMIT_SECONDS) -> str:
        """Write rows; return "" when they are safe, else why they are not (yet)."""
        quick = _Quick()
        self._jobs.put(_Job(rows, None, quick=quick))
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
            found = question(store)
            self._wake(lambda: None if done.done() else done.set_result(found))

        self._jobs.put(_Job((), None, answer))
        with suppress(TimeoutError):
            return await asyncio.wait_for(done, seconds)
        return None

    def close(self, seconds: float = 1.0) -> bool:
        """Write what waits and close; return whether all is safe. Blocks at most `seconds`."""
        self._closed.set()
        self._jobs.put(None)
        if self._threads:
            self._threads[0].join(seconds)
            return not self._threads[0].is_alive() and not self._unsaved
        return False

    # --- in the thread

    def _run(self) -> None:
        tidied_ns = self._clock()
        while True:
            jobs = self._take()
            if jobs is None:
                self._save([])
                if self._store is not None:
                    self._store.close()
                return
            self._serve(jobs)
            if self._clock() - tidied_ns >= AGAIN_SECONDS * NS_PER_SECOND:
                self._tidy()
                tidied_ns = self._clock()

    def _take(self) -> list[_Job] | None:
        """Return what waits, [] when a second passed without work, None at the end."""
        try:
            first = self._jobs.get(timeout=AGAIN_SECONDS)
        except queue.Empty:
            return []
        jobs: list[_Job] = []
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

    def _serve(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        rows = [row for job in jobs for row in job.rows]
        error = self._save(rows)
        waiting = [job.quick.release(error) for job in jobs if job.quick is not None]
        thens = [then for then in (*waiting, *(job.then for job in jobs)) if then is not None]
        if thens or self._stalled:
            self._tell(thens, error)
        for job in jobs:
            if job.ask is not None and self._store is not None:
                with suppress(OSError, sqlite3.Error):
                    job.ask(self._store)

    def _save(self, rows: Sequence[Row]) -> str:
        pending = group([*self._unsaved, *rows])
        if not pending:
            return self._failure
        if self._store is None:
            self._unsaved = pending
            return self._failure
        try:
            self._write(pending)
        except (OSError, sqlite3.Error) as error:
            self.failures += 1
            self._unsaved = pending
            self._failure = f"the orders' journal cannot be written: {error}"
            return self._failure
        self._unsaved = []
        self._failure = "" if self._store.has_reserve else FULL
        return ""

    def _write(self, rows: Sequence[Row]) -> None:
        assert self._store is not None  # noqa: S101 - asked by the caller
        try:
            self._store.write(rows)
        except (OSError, sqlite3.Error):
            if not self._store.has_reserve:
                raise
            # outcomes must get through a full disk: what was set aside is for them
            self._store.release()
            self._store.write(rows)

    def _tidy(self) -> None:
        store = self._store
        if store is None:
            return
        if self._unsaved:
            self._tell([], self._save([]))
        elif not store.has_reserve:
            self._failure = "" if store.reserve() else FULL
        else:
            with suppress(OSError, sqlite3.Error):
                store.compact(self._clock() - KEPT_NS)

    def _tell(self, thens: list[Then], error: str) -> None:
        def told() -> None:
            self._stalled = False
            for then in thens:
                then(error)

        # the loop may be gone already when the process ends
        with suppress(RuntimeError):
            self._wake(told)

    def _keep(self) -> None:
        while not self._closed.wait(CHECKPOINT_SECONDS):
            if self._store is not None:
                with suppress(OSError, sqlite3.Error):
                    checkpoint(self._store.path)
