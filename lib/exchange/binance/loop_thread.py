"""An event loop in a thread of its own, for callers that are not asynchronous."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from lib.errors import ExchangeUnavailable

T = TypeVar("T")
STOP_SECONDS = 5.0


class LoopThread:
    """Runs coroutines for other threads.

    Args:
        name: Name of the thread.
    """

    def __init__(self, name: str) -> None:
        """Start the thread at once; it ends with the process, or by `stop`."""
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.failure: BaseException | None = None
        """Why the first task that failed did so."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run one coroutine and return its result; must not be called from the loop's own thread.

        Raises:
            ExchangeUnavailable: It did not end in time, or a task of the loop had failed before.
        """
        if self.failure is not None or not self._thread.is_alive():
            work.close()
            why = f"ended by an error: {self.failure!r}" if self.failure else "closed"
            raise ExchangeUnavailable(why)
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError as error:
            future.cancel()
            raise ExchangeUnavailable(f"no result within {seconds} s") from error

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """Start a task; only from the loop's own thread."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def stop(self) -> None:
        """Cancel all tasks and end the thread."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(STOP_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)
        self._loop.close()

    async def _cancel_all(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _task_done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failure = self.failure or task.exception()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
