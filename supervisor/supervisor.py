"""The supervisor's loop: messages, ends and times in; policies asked; the crew does their actions.

No policy lives here: when to restart is `policy`, what is hung or stale is `watch`, whose fault
is stale data is `healing`, who starts first is `order`.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import zmq

from lib.bus import endpoints
from lib.bus.protocol import Ask, Heartbeat, Message, Report, decode
from lib.bus.sockets import Publisher, make_socket
from lib.constants import NS_PER_MS, NS_PER_SECOND, ExitCode, ExitReason, WorkerKind, WorkerState
from lib.errors import ProtocolError
from supervisor import order
from supervisor.commands import Commands
from supervisor.control import ControlServer
from supervisor.crew import Crew, Tools
from supervisor.healing import judge
from supervisor.lifecycle import Lifecycle
from supervisor.plan import Plan
from supervisor.poll import wait
from supervisor.signals import Signals
from supervisor.status import Usage, run_state, status
from supervisor.watch import Rung
from supervisor.worker import Worker

SLEPT_NS = NS_PER_SECOND // 2
"""A turn of the loop that took this much longer than planned was spent stopped or suspended."""
LULL_NS = NS_PER_SECOND // 20
"""While nobody starts, beats are taken in at most this often."""
HEARTBEAT_BATCH = 2_000
STATES = frozenset(WorkerState)


@dataclass(frozen=True)
class Options:
    """How this run was asked for.

    Args:
        run_seconds: Stop by itself after this time; 0 = never.
        quiet: A viewer draws on the terminal: write only to the log.
        known_children: Children that are not workers (the viewer).
        on_running: Called once, with the status, when every worker is ready for the first time.
    """

    run_seconds: float = 0.0
    quiet: bool = False
    known_children: frozenset[int] = frozenset()
    on_running: Callable[[dict[str, Any]], None] | None = None


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
        self._plan = plan
        self._options = options
        self._epoch = epoch
        self._births, self._spawner, self._history, self._timer = tools
        self._crew = Crew(plan, epoch, tools, self, options.known_children)
        self._starting = order.start_order({spec.name: spec.kind for spec in plan.workers})
        self._stopping: order.Sequence | None = None
        self._restarting: order.Sequence | None = None
        self._born_ns = self._taken_ns = self._timer.Monotonic()
        self._judged_ns = self._born_ns
        self._started = False
        self._exit_code = int(ExitCode.DONE)
        self.error = ""
        self._forced = False
        self._force_due_ns: int | None = None
        self.kept: list[Any] = []
        self._usage = Usage()
        self._open(self._births.places.run_dir)

    def _open(self, run_dir: os.PathLike[str]) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._pull = make_socket(self._context, zmq.PULL)
        self._pull.bind(endpoints.ipc(os.fspath(run_dir), endpoints.HEARTBEAT))
        address = endpoints.ipc(os.fspath(run_dir), endpoints.LIFECYCLE)
        publisher = Publisher(self._context, address, self._epoch, self._timer.Timestamp)
        self._lifecycle = Lifecycle(publisher, self._crew, self._run_state)
        self._crew.lifecycle = self._lifecycle
        self._commands = Commands(self)
        path = self._births.places.run_dir / endpoints.CONTROL
        self._control = ControlServer(path, self._commands.handle)

    # --- the loop ---

    def run(self) -> int:
        """Run until everything has stopped; return the exit code."""
        with Signals() as signals:
            self._crew.start_server()
            while not (self._stopping is not None and self._stopping.finished):
                self._turn(signals)
        self._history.add("supervisor", "stopped", self.error, exit=self._exit_code)
        self._commands.ended(
            {"ok": True, "kept": self.kept, "error": self.error, "exit": self._exit_code}
        )
        return self._exit_code

    def close(self) -> None:
        """Give everything back; workers that still live see their lifeline close."""
        self._spawner.close()
        self._control.close()
        self._lifecycle.close()
        self._pull.close(0)
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
        socket = None if lull_ns > now_ns else self._pull
        ready = wait(socket, descriptors, writing, due_ns - now_ns)
        if self._timer.Monotonic() >= lull_ns:
            self._take_messages()
        for number in signals.take() if signals.fileno() in ready else ():
            self.stop(number.name)
        if self._spawner.fileno() in ready:
            self._spawner.receive()
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
        return self._taken_ns + LULL_NS

    def _deadline(self) -> int:
        due = [self._lifecycle.due_ns, *self._crew.deadlines()]
        if self._force_due_ns is not None and not self._forced:
            due.append(self._force_due_ns)
        if self._options.run_seconds and self._stopping is None:
            due.append(self._end_ns())
        return min(due)

    def _wake_up(self, due_ns: int) -> None:
        """Notice that we were stopped or suspended, anywhere since the last judgement."""
        if self._timer.Monotonic() > due_ns + SLEPT_NS:
            self._take_messages()
            # what waited has been taken; the rest of the silence was our own
            self._crew.forgive()

    def _tick(self) -> None:
        now_ns = self._judged_ns = self._timer.Monotonic()
        self._crew.tick(now_ns, stopping=self.is_stopping)
        if now_ns >= self._lifecycle.due_ns:
            self._lifecycle.publish(now_ns)
        if self._force_due_ns is not None and now_ns >= self._force_due_ns:
            self._force("time-out")
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
                self._options.on_running(self.status())

    def _arrived(self, name: str) -> None:
        if self._restarting is not None:
            self._restarting.done(name)
            self._restart_next()
        if name in self._starting.waiting:
            self._starting.done(name)
            self._begin()

    # --- what workers say ---

    def _take_messages(self) -> None:
        self._taken_ns = self._timer.Monotonic()
        for _ in range(HEARTBEAT_BATCH):
            try:
                frames = self._pull.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                header, message = decode(frames[0], frames[-1])
            except ProtocolError as error:
                self._history.add("supervisor", "bad frame", str(error))
                continue
            if message is not None:
                self._take(header.incarnation, message)

    def _take(self, life: int, message: Message) -> None:
        if not isinstance(message, Heartbeat | Ask | Report):
            return
        if message.worker in self._crew.preflights:
            if isinstance(message, Report):
                self._crew.preflights.refuse(message.worker, self._said(message.facts))
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
                self._take_report(worker, kind, facts)

    def _take_beat(self, worker: Worker, beat: Heartbeat) -> None:
        now_ns = self._timer.Monotonic()
        if worker.watch.last is None:
            ms = round((now_ns - worker.born_ns) / 1e6, 1)
            self._history.add(worker.name, "first beat", ms=ms)
        worker.watch.beat(beat, now_ns)
        if beat.state not in STATES:
            return
        self._crew.do(worker, worker.life.beat(WorkerState(beat.state), now_ns))
        if worker.life.state in (WorkerState.READY, WorkerState.STALE):
            self._heal(worker, now_ns)
        if worker.ready:
            worker.was_ready = True
            self._arrived(worker.name)

    def _heal(self, worker: Worker, now_ns: int) -> None:
        if self.is_stopping:
            return
        publishers = [one for one in self._crew if one.spec.kind is WorkerKind.STREAM]
        healing = judge(worker, publishers, now_ns)
        if healing is None:
            self._lifecycle.well(worker.name)
            self._crew.do(worker, worker.life.fresh())
            return
        evidence = str(healing.evidence)
        self._lifecycle.ill(worker.name, evidence)
        self._crew.do(worker, worker.life.stale(evidence))
        if healing.rung is Rung.RESTART:
            self._crew.do(worker, worker.life.restart(ExitReason.STALE, evidence, now_ns))
        elif healing.rung is not None:
            self._history.add(worker.name, healing.rung.value, evidence)
            self._lifecycle.command(worker.name, healing.rung.value)

    def _take_ask(self, worker: Worker, target: str, reason: str) -> None:
        now_ns = self._timer.Monotonic()
        wanted = target or worker.name
        for one in self._crew:
            if wanted in (one.name, one.spec.kind):
                self._history.add(one.name, "restart asked", reason, by=worker.name)
                self._crew.do(one, one.life.asked(reason, now_ns))

    def _take_report(self, worker: Worker, kind: str, facts: dict[str, Any]) -> None:
        match kind:
            case "endpoints":
                self._births.venue = facts
            case "answer":
                self._commands.answered(facts)
            case "stuck" | "armed":
                self._history.add(worker.name, kind, str(facts.get("message", "")))
                self._exit_code = self._exit_code or int(ExitCode.ERROR)
            case "kept":
                self.kept += facts.get("orders", [])
            case "stuck":
                # Somebody must look: a stop that leaves orders behind is not a clean one.
                orders = ", ".join(map(str, facts.get("orders", [])))
                self.error = self.error or f"not proven gone, look at the exchange: {orders}"
                self._exit_code = self._exit_code or int(ExitCode.ERROR)
                self._history.add(worker.name, kind, orders)
            case "refused" | "failed":
                message = self._said(facts)
                self._history.add(worker.name, kind, message)
                if not self._started and not worker.was_ready:
                    self._fail(ExitCode.USAGE if kind == "refused" else ExitCode.ERROR, message)
            case _:
                self._history.add(worker.name, kind, str(facts.get("message", "")))

    def _said(self, facts: dict[str, Any]) -> str:
        """Return what a worker complains about, with its place in the configuration."""
        place = self._plan.places.get(str(facts.get("about", "")), "")
        message = str(facts.get("message", ""))
        return f"{place}: {message}" if place else message

    # --- what the crew tells ---

    def last_words(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Take the messages that a worker sent before it ended; wait for them until `enough`.

        What a process has sent may still be on its way through ZeroMQ's own thread when its end
        is known already.
        """
        end_ns = self._timer.Monotonic() + round(seconds * NS_PER_SECOND)
        self._take_messages()
        while not enough() and (left_ns := end_ns - self._timer.Monotonic()) > 0:
            self._pull.poll(left_ns // NS_PER_MS + 1)
            self._take_messages()

    def ended(self, worker: Worker) -> None:
        """Go on with stopping."""
        if self._stopping is not None:
            self._stopping.done(worker.name)
            self._stop_next()

    def gave_up(self, worker: Worker, on_failed: str) -> None:
        """Do what `on_failed` says of a worker that failed too often."""
        if on_failed == "stop":
            self._fail(ExitCode.ERROR, f"{worker.name} failed too often (on_failed: stop)")
        elif on_failed == "halt" and "*" not in self._lifecycle.halted:
            self._lifecycle.halted.append("*")
            self._history.add("supervisor", "halted", f"{worker.name} failed too often")
            self._lifecycle.publish(self._timer.Monotonic())

    def checked(self, code: int, message: str) -> None:
        """Go on after a preflight, or give up."""
        if message:
            self._fail(code, message)
        self._begin()

    # --- stopping ---

    def stop(self, why: str, timeout: float | None = None) -> None:
        """Stop everything, in order; a second call forces.

        Args:
            why: For the record.
            timeout: Seconds after which what still runs is killed.
        """
        if timeout is not None:
            self._force_due_ns = self._timer.Monotonic() + round(timeout * NS_PER_SECOND)
        if self._stopping is not None:
            if timeout is None:
                self._force(why)
            return
        self._history.add("supervisor", "stopping", why)
        self._restarting = None
        self._stopping = order.stop_order({one.name: one.spec.kind for one in self._crew})
        self._lifecycle.publish(self._timer.Monotonic())
        self._stop_next()

    def _stop_next(self) -> None:
        while self._stopping is not None and (names := self._stopping.advance()):
            for name in names:
                worker = self._crew.workers[name]
                self._crew.do(worker, worker.life.stop(self._timer.Monotonic()))
                if not worker.life.running:
                    self._stopping.done(name)

    def _force(self, why: str) -> None:
        if not self._forced:
            self._forced = True
            self._history.add("supervisor", "forced to stop", why)
            for worker in self._crew:
                self._crew.do(worker, worker.life.force())

    def _fail(self, code: int, reason: str) -> None:
        if not self.error:
            self.error, self._exit_code = reason, int(code)
        if not self.is_stopping:
            self.stop("cannot go on")

    # --- what commands ask for ---

    def status(self) -> dict[str, Any]:
        """Return the status object."""
        now_ns = self._timer.Monotonic()
        head = {
            "project": self._plan.project,
            "pid": os.getpid(),
            "config": ", ".join(self._births.places.files),
            "state": self._run_state(),
            "uptime_s": round((now_ns - self._born_ns) / NS_PER_SECOND, 3),
            "epoch": self._epoch,
            "venue": {key: self._births.venue.get(key, "") for key in ("rest_url", "ws_url")},
        }
        return status(head, self._crew, self._usage, now_ns)

    def restart(self, names: list[str]) -> None:
        """Restart the named workers, all but the venue when none is named, bots first."""
        kinds = {
            one.name: one.spec.kind
            for one in self._crew
            if one.name in names or (not names and one.spec.kind is not WorkerKind.VENUE)
        }
        self._restarting = order.stop_order(kinds)
        self._restart_next()

    def worker_names(self) -> list[str]:
        """Return the names of all workers."""
        return list(self._crew.workers)

    def hook(self, worker: str, action: str) -> None:
        """Make a worker do what only tests want."""
        self._lifecycle.command(worker, action)

    def halt(self, owners: list[str]) -> None:
        """Have owners (`*` = everyone) add no risk from now on."""
        self._lifecycle.halted += [one for one in owners if one not in self._lifecycle.halted]
        self._lifecycle.publish(self._timer.Monotonic())

    def resume(self, owners: list[str]) -> None:
        """Let owners add risk again; none named = everyone."""
        kept = [one for one in self._lifecycle.halted if owners and one not in owners]
        self._lifecycle.halted[:] = kept
        self._lifecycle.publish(self._timer.Monotonic())

    def ask_exchange(self, action: str, request_id: str, wanted: dict[str, Any]) -> bool:
        """Hand a request to the exchange worker; return False when there is none."""
        for worker in self._crew:
            if worker.spec.kind is WorkerKind.EXCHANGE and worker.ready:
                self._lifecycle.command(worker.name, action, [request_id, wanted])
                return True
        return False

    @property
    def is_stopping(self) -> bool:
        """Whether it is on its way down."""
        return self._stopping is not None

    def _restart_next(self) -> None:
        if self._restarting is None:
            return
        now_ns = self._timer.Monotonic()
        for name in self._restarting.advance():
            worker = self._crew.workers[name]
            why = "asked by the user"
            self._crew.do(worker, worker.life.restart(ExitReason.REQUESTED, why, now_ns))
        if self._restarting.finished:
            self._restarting = None

    def _run_state(self) -> str:
        return run_state(self._crew, started=self._started, stopping=self.is_stopping)
