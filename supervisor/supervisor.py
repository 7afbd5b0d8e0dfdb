"""The supervisor's loop: messages, ends and times in; policies asked; the crew does their actions.

No policy lives here: when to restart is `policy`, what is hung or stale is `watch`, whose fault
is stale data is `healing`, who starts first is `order`.
"""

import os
from collections.abc import Callable

import zmq

from lib.bus import endpoints
from lib.bus.sockets import Publisher
from lib.constants import NS_PER_SECOND, ExitCode, WorkerState
from supervisor import order
from supervisor.asked.commands import Commands
from supervisor.asked.control import ControlServer
from supervisor.config.plan import Plan
from supervisor.crew.crew import Crew, Tools
from supervisor.crew.healer import Healer
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.worker import Worker
from supervisor.ending import Ending
from supervisor.inbox import Inbox
from supervisor.options import Options
from supervisor.poll import wait
from supervisor.processes.meter import Meter
from supervisor.renewing.renewal import Renewal
from supervisor.reports import Reports
from supervisor.service import Service
from supervisor.service_manager import ServiceManager
from supervisor.signals import Signals
from supervisor.status import run_state

SLEPT_NS = NS_PER_SECOND // 2
"""A turn of the loop that took this much longer than planned was spent stopped or suspended."""
LULL_NS = NS_PER_SECOND // 20
"""While nobody starts, beats are taken in at most this often."""


class Supervisor:
    """Runs one plan until it is told to stop.

    Args:
        plan: What to run.
        options: How.
        epoch: The run's number.
        tools: What the crew works with.
    """

    def __init__(self, plan: Plan, options: Options, epoch: int, tools: Tools) -> None:
        """Open the run's sockets.

        Raises:
            OSError: A socket cannot be bound.
        """
        self._options = options
        self._births, self._spawner, self._history, self._timer = tools
        self._crew = Crew(plan, epoch, tools, self, options.known_children)
        self._starting = order.start_order({spec.name: spec.kind for spec in plan.workers})
        self.ending = Ending(self._crew, self._history, self._timer)
        self._born_ns = self._judged_ns = self._timer.Monotonic()
        self._started = False
        self._manager = ServiceManager(os.environ, self._born_ns)
        self._open(plan, epoch)

    def _open(self, plan: Plan, epoch: int) -> None:
        run_dir = self._births.places.run_dir
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        address = endpoints.ipc(os.fspath(run_dir), endpoints.LIFECYCLE)
        publisher = Publisher(self._context, address, epoch, self._timer.Timestamp)
        self._lifecycle = lifecycle = Lifecycle(publisher, self._crew, self.run_state)
        self._crew.lifecycle = lifecycle
        self._reports = Reports(
            self._births,
            self.ending,
            self._history,
            lambda facts: self._commands.answered(facts),
            self._refused,
            lambda *message: self._commands.send(*message),
            lambda about: self._renewal.plan.places.get(about, ""),
        )
        self._meter = Meter()
        self._healer = Healer(self._crew, lifecycle, self._history, self._meter)
        self._inbox = Inbox(
            self._context,
            run_dir,
            self._crew,
            self._healer,
            self._history,
            self._timer,
            self._reports,
            self,
        )
        self._renewal = Renewal(
            plan,
            self._births,
            self._crew,
            lifecycle,
            self._history,
            lambda *question: self._commands.ask(*question),
        )
        self._healer.renewer = self._renewal
        self._service = Service(
            self,
            self._renewal,
            epoch,
            self._births,
            self._crew,
            lifecycle,
            self._timer,
            self._meter,
        )
        self._commands = Commands(self._service)
        self._control = ControlServer(run_dir / endpoints.CONTROL, self._commands.handle)

    # --- the loop ---

    def run(self) -> int:
        """Run until everything has stopped; return the exit code."""
        with Signals() as signals:
            self._crew.nursery.start()
            while not self.ending.finished:
                self._turn(signals)
        ending = self.ending
        self._history.add("supervisor", "stopped", ending.error, exit=ending.exit_code)
        self._commands.ended(ending.answer())
        return ending.exit_code

    def close(self) -> None:
        """Give everything back; workers that still live see their lifeline close."""
        self._crew.close()
        self._spawner.close()
        self._control.close()
        self._lifecycle.close()
        self._inbox.close()
        self._manager.close()
        self._context.destroy(linger=0)

    def _turn(self, signals: Signals) -> None:
        now_ns = self._timer.Monotonic()
        due_ns = max(self._judged_ns, self._deadline())
        lull_ns = self._lull_end_ns(now_ns)
        if lull_ns > now_ns:
            due_ns = min(due_ns, lull_ns)
        writing = self._control.filenos()
        descriptors = [signals.fileno(), self._spawner.fileno()]
        descriptors += [child.pidfd for child in self._crew.children()]
        socket = None if lull_ns > now_ns else self._inbox.socket
        ready = wait(socket, descriptors, writing, due_ns - now_ns)
        if self._timer.Monotonic() >= lull_ns:
            self._inbox.take()
        for number in signals.take() if signals.fileno() in ready else ():
            self.stop(number.name)
        if self._spawner.fileno() in ready:
            self._crew.nursery.receive()
            self._begin()
        for fd in ready.intersection(writing):
            self._control.ready(fd)
        self._crew.reap(ready)
        self._wake_up(due_ns)
        self._tick()

    def _lull_end_ns(self, now_ns: int) -> int:
        """Return until when beats may wait: taking them in groups is most of our thrift."""
        if any(worker.life.state is WorkerState.STARTING for worker in self._crew):
            return now_ns
        return self._inbox.taken_ns + LULL_NS

    def _deadline(self) -> int:
        due = [self._lifecycle.due_ns, *self._crew.deadlines()]
        perhaps = (self.ending.deadline(), self._renewal.walk.deadline())
        due += [due_ns for due_ns in perhaps if due_ns is not None]
        if self._options.run_seconds and not self.is_stopping:
            due.append(self._end_ns())
        return min(due)

    def _wake_up(self, due_ns: int) -> None:
        """Notice that we were stopped or suspended, anywhere since the last judgement."""
        if self._timer.Monotonic() > due_ns + SLEPT_NS:
            self._inbox.take()
            # what waited has been taken; the rest of the silence was our own
            self._crew.forgive()

    def _tick(self) -> None:
        now_ns = self._judged_ns = self._timer.Monotonic()
        self._crew.tick(now_ns, stopping=self.is_stopping)
        if not self.is_stopping:
            self._healer.tick(now_ns)
        self._renewal.walk.tick(now_ns)
        if not self._started:
            # a change may have dropped whom the start waits for
            self._starting.keep(self._crew.workers)
            self._begin()
        if self._manager.listens:
            self._manager.tick(now_ns, self.run_state(), self._words())
        if now_ns >= self._lifecycle.due_ns:
            self._lifecycle.publish(now_ns)
        self.ending.tick(now_ns)
        if self._options.run_seconds and now_ns >= self._end_ns() and not self.is_stopping:
            self.stop("time is over")

    def _end_ns(self) -> int:
        return self._born_ns + round(self._options.run_seconds * NS_PER_SECOND)

    # --- starting ---

    def _begin(self) -> None:
        """Start what is due: the preflights first, then group after group."""
        if self.is_stopping or not self._crew.can_start or not self._crew.start_checks():
            return
        now_ns = self._timer.Monotonic()
        for name in self._starting.advance():
            worker = self._crew.workers[name]
            self._crew.do(worker, worker.life.start(now_ns))
        if self._starting.finished and not self._started:
            self._started = True
            self._lifecycle.publish(now_ns)
            if self._options.on_running:
                self._options.on_running(self._service.status())

    def checked(self, code: int, message: str) -> None:
        """Go on after a preflight, or give up."""
        if self._renewal.has_checks:
            self._renewal.checked(code, message)
        elif message:
            self._fail(code, message)
        self._begin()

    # --- what workers say ---

    def arrived(self, name: str) -> None:
        """Go on with what waits for a worker to be ready."""
        self.ending.arrived(name)
        self._commands.arrived()
        if name in self._starting.waiting:
            self._starting.done(name)
            self._begin()

    def _refused(self, worker: Worker, code: int, reason: str) -> None:
        if not self._started and not worker.was_ready:
            self._fail(code, reason)

    # --- what the crew tells ---

    def last_words(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Take the messages that a worker sent before it ended; wait for them until `enough`."""
        self._inbox.last_words(seconds, enough)

    def ended(self, worker: Worker) -> None:
        """Go on with stopping."""
        self.ending.ended(worker.name)
        if not self.is_stopping:
            self._healer.ended(worker, self._timer.Monotonic())

    def gave_up(self, worker: Worker, on_failed: str) -> None:
        """Do what `on_failed` says of a worker that failed too often."""
        if on_failed == "stop":
            self._fail(ExitCode.ERROR, f"{worker.name} failed too often (on_failed: stop)")
        elif on_failed == "halt" and "*" not in self._lifecycle.halted:
            self._history.add("supervisor", "halted", f"{worker.name} failed too often")
            self._service.halt(["*"])

    # --- stopping ---

    @property
    def is_stopping(self) -> bool:
        """Whether it is on its way down."""
        return self.ending.has_begun

    def stop(self, why: str, timeout: float | None = None) -> None:
        """Stop everything, in order; a second call forces.

        Args:
            why: For the record.
            timeout: Seconds after which what still runs is killed.
        """
        if timeout is not None:
            self.ending.bound(timeout)
        if self.is_stopping:
            if timeout is None:
                self.ending.force(why)
            return
        self._renewal.drop()
        self.ending.begin(why)
        self._lifecycle.publish(self._timer.Monotonic())
        self.ending.go_on()

    def _fail(self, code: int, reason: str) -> None:
        self.ending.blame(code, reason)
        if not self.is_stopping:
            self.stop("cannot go on")

    def _words(self) -> str:
        ready = sum(worker.ready for worker in self._crew)
        return f"{self.run_state()}: {ready} of {len(self._crew.workers)} workers are ready"

    def run_state(self) -> str:
        """Return the run's state: running, degraded, starting or stopping."""
        return run_state(self._crew, started=self._started, stopping=self.is_stopping)
