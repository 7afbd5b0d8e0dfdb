"""What the asyncio workers (stream, exchange, venue) share: loop, heartbeat, signals, lifeline.

No decision about data or orders is made here.
"""

import asyncio
import contextlib
import os
import signal
import traceback
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import zmq

from lib.bus import endpoints
from lib.bus.aio import Readable
from lib.bus.protocol import Ask, Command, Health, Heartbeat, Message, Report, Roster, topic
from lib.bus.sockets import Pusher, Subscriber
from lib.bus.start import Start
from lib.constants import HAND_OVER, NS_PER_MS, NS_PER_SECOND, ExitCode, WorkerState
from lib.errors import ConfigError
from lib.factory import make_factory
from lib.lives import Life, is_alive, read_lives
from lib.timer import LiveTimer

TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
"""Environment variable without which the command `hang` is unknown."""
STARTING_BEAT_NS = 20 * NS_PER_MS
"""Time between two beats of a worker that is not ready yet: others wait for it."""
ORPHAN_SECONDS = 2.7
"""Longest that a worker without a supervisor serves the others: all are gone within 3 s."""
ORPHAN_POLL = 0.02
FAREWELL_MS = 200
"""What the last report may take to leave."""


class Vitals(NamedTuple):
    """What a worker knows about itself at a beat; see `lib.bus.protocol.Heartbeat`."""

    ready: bool
    events: int = 0
    dropped: int = 0
    ages: dict[str, dict[str, int]] = {}  # noqa: RUF012 - never changed in place
    links: dict[str, int] = {}  # noqa: RUF012
    counts: dict[str, int] = {}  # noqa: RUF012
    note: str = ""
    errors: int = 0
    delay_ns: int = 0


class AsyncWorker(ABC):
    """Base of the workers that run an asyncio loop.

    Args:
        start: The worker's birth certificate.
    """

    outlives: frozenset[str] = frozenset()
    """Kinds of workers that it goes on serving when the supervisor is gone."""
    close_seconds = 10.0
    """Bound of its own cleanup; the supervisor's grace period is usually shorter."""

    def __init__(self, start: Start) -> None:
        """Make what every worker has; sockets of its own are made in `open`."""
        self.start = start
        self.timer = LiveTimer()
        self.factory = make_factory(start.config["factory"], start.config["general"])
        log_config = {**start.config["general"], "worker": start.name}
        self.log = self.factory.Logger(log_config, self.factory, self.timer)
        self.context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.roster = Roster("starting", start.roster, [])
        self._tasks: set[asyncio.Task[Any]] = set()
        self._end: asyncio.Future[tuple[int, str]] | None = None
        self._closing = False

    @abstractmethod
    async def open(self) -> None:
        """Make sockets and start tasks; a `ConfigError` is reported to the user (exit code 2)."""

    @abstractmethod
    def vitals(self) -> Vitals:
        """Return what the next heartbeat says."""

    async def close(self, reason: str) -> None:  # noqa: B027 - nothing to do by default
        """Clean up, bounded in time; `reason` is `requested`, `lifeline` or `handover`.

        `handover`: a new life of this worker follows at once, and takes over what it leaves.
        """

    def on_command(self, action: str, args: list[Any]) -> None:  # noqa: B027
        """Do what the supervisor asks; unknown actions are ignored."""

    def on_roster(self, roster: Roster) -> None:  # noqa: B027
        """Take note of who lives; `self.roster` is already the new one."""

    def on_health(self, health: Health) -> None:  # noqa: B027
        """Take note of a component's health."""

    def spawn(self, coro: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """Start a task; if it fails, the worker ends with exit code 1."""
        task = asyncio.get_running_loop().create_task(coro, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def report(self, kind: str, facts: dict[str, Any]) -> None:
        """Tell the supervisor a fact."""
        self._pusher.send(Report(self.start.name, kind, facts))

    def ask(self, target: str, reason: str) -> None:
        """Ask the supervisor to restart `target` (empty: this worker)."""
        self._pusher.send(Ask(self.start.name, target, reason))

    async def run(self) -> int:
        """Run until told to stop; return the exit code."""
        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        self._watch_signals(loop)
        self._watch_lifeline(loop)
        self._pusher = Pusher(
            self.context,
            endpoints.ipc(self.start.run_dir, endpoints.HEARTBEAT),
            self.start.incarnation,
            self.timer.Timestamp,
        )
        lifecycle = self._watch_lifecycle(loop)
        beating = loop.create_task(self._beat(), name="heartbeat")
        beating.add_done_callback(self._task_done)
        code = await self._live()
        beating.cancel()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, beating, return_exceptions=True)
        lifecycle.close()
        self._pusher.close(FAREWELL_MS)
        self.context.destroy(linger=FAREWELL_MS)
        return code

    async def _live(self) -> int:
        try:
            await self._until_end(self.open())
        except ConfigError as error:
            self.report("refused", {"message": str(error), "about": error.about})
            self.log.error("refused to start", error=str(error))
            return ExitCode.USAGE
        except OSError as error:
            message = error.strerror or str(error)
            self.report("failed", {"message": message})
            self.log.error("could not start", error=message)
            return ExitCode.ERROR
        except Exception:  # noqa: BLE001 - a worker's top level
            self.log.critical("crashed while starting", traceback=traceback.format_exc())
            return ExitCode.ERROR
        assert self._end is not None  # noqa: S101 - set in run()
        code, reason = await self._end
        if reason == "lifeline" and self.outlives:
            await self._wait_for_others()
        self._closing = True
        try:
            async with asyncio.timeout(self.close_seconds):
                await self.close(reason)
        except Exception:  # noqa: BLE001 - a worker's top level
            self.log.critical("crashed while closing", traceback=traceback.format_exc())
            return code or ExitCode.ERROR
        return code

    async def _wait_for_others(self) -> None:
        # Without a supervisor nobody keeps the order of stopping but ourselves.
        folder = Path(self.start.run_dir)
        others = [life for life in read_lives(folder) if self._outlives(life)]
        rounds = round(ORPHAN_SECONDS / ORPHAN_POLL)
        while rounds and any(is_alive(life) for life in others):
            rounds -= 1
            await self.timer.SleepAsync(ORPHAN_POLL)

    def _outlives(self, life: Life) -> bool:
        return life.name.partition(":")[0] in self.outlives

    async def _until_end(self, opening: Coroutine[Any, Any, None]) -> None:
        # A stop that comes while the worker still opens must not wait for the opening.
        assert self._end is not None  # noqa: S101 - set in run()
        task = asyncio.get_running_loop().create_task(opening, name="open")
        await asyncio.wait((task, self._end), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    async def _beat(self) -> None:
        due_ns = self.timer.Monotonic()
        while True:
            now_ns = self.timer.Monotonic()
            beat = self._heartbeat(max(0, now_ns - due_ns))
            self._pusher.send(beat)
            is_starting = beat.state == WorkerState.STARTING
            period_ns = STARTING_BEAT_NS if is_starting else self.start.heartbeat_ns
            due_ns = max(due_ns + period_ns, now_ns)
            await self.timer.SleepAsync(max(0, due_ns - self.timer.Monotonic()) / NS_PER_SECOND)

    def _heartbeat(self, lag_ns: int) -> Heartbeat:
        vitals = self.vitals()
        state = WorkerState.STARTING
        if self._closing:
            state = WorkerState.STOPPING
        elif vitals.ready:
            state = WorkerState.READY
        return Heartbeat(self.start.name, state.value, lag_ns, *vitals[1:])

    def _watch_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._finish, ExitCode.DONE, "requested")
        loop.add_signal_handler(HAND_OVER, self._finish, ExitCode.DONE, "handover")

    def _watch_lifeline(self, loop: asyncio.AbstractEventLoop) -> None:
        fd = self.start.lifeline_fd
        if fd >= 0:

            def closed() -> None:
                loop.remove_reader(fd)
                os.close(fd)
                self._finish(ExitCode.ERROR, "lifeline")

            loop.add_reader(fd, closed)

    def _watch_lifecycle(self, loop: asyncio.AbstractEventLoop) -> Subscriber:
        subscriber = Subscriber(
            self.context,
            [endpoints.ipc(self.start.run_dir, endpoints.LIFECYCLE)],
            [topic("roster"), topic("command", self.start.name), b"health."],
        )

        def drain() -> None:
            for _, _, message in subscriber.receive():
                self._lifecycle_event(message)

        Readable(loop, subscriber, drain)
        return subscriber

    def _lifecycle_event(self, message: Message | None) -> None:
        match message:
            case Roster():
                self.roster = message
                self.on_roster(message)
            case Command(_, "hang", _) if os.environ.get(TEST_HOOKS):
                while True:
                    pass
            case Command():
                self.log.info("got a command", action=message.action)
                self.on_command(message.action, message.args)
            case Health():
                self.on_health(message)
            case _:
                pass

    def _finish(self, code: int, reason: str) -> None:
        if self._end is not None and not self._end.done():
            self._end.set_result((code, reason))

    def _task_done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or task.exception() is None:
            return
        self.log.critical(
            "task crashed",
            task=task.get_name(),
            traceback="".join(traceback.format_exception(task.exception())),
        )
        self._finish(ExitCode.ERROR, "requested")


def run_worker(worker: type[AsyncWorker], start: Start) -> int:
    """Make and run one worker; return its exit code."""
    return asyncio.run(worker(start).run())
