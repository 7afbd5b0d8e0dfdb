"""The process that tells hooks of events, as the supervisor holds it: fed, watched, replaced."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.constants import NS_PER_SECOND
from supervisor.processes.child import Child
from supervisor.processes.spawner import sealed
from supervisor.record.bounds import Bounds
from supervisor.record.events import Event, encode
from supervisor.record.hook_rules import Hook
from supervisor.record.last_words import last_words, size_of

FIRST_PAUSE_NS, LONGEST_PAUSE_NS = 2 * NS_PER_SECOND, 300 * NS_PER_SECOND
"""Time between two tries to start the process; doubles while it does not stay."""
GOODBYE_SECONDS = 3.0
"""It may take so long to tell the last events."""
MOST_ANSWER = 65_536


class HookSettings(NamedTuple):
    """What the process needs to know.

    Args:
        hooks: Whom to tell.
        project: The run's project.
        epoch: The run's number.
        events: The event log, for the one event that nobody else can write.
        bounds: Of the event log.
        environment: Variables, those that the hooks' targets ask for included.
        log: Where its own output goes.
    """

    hooks: Sequence[Hook]
    project: str
    epoch: int
    events: Path
    bounds: Bounds
    environment: Mapping[str, str]
    log: Path


class Hooks:
    """Hands events to the hooks' process; never waits for it.

    Both ends of the socket are kept here, so that what waits in it outlives that process.

    Args:
        settings: What it needs to know.
    """

    def __init__(self, settings: HookSettings) -> None:
        """Start nothing yet."""
        self._settings = settings
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setblocking(False)
        self._due_ns = 0
        self._log_begin = 0
        self._pause_ns = FIRST_PAUSE_NS
        self.child: Child | None = None
        self.lost = 0
        """Events that found the socket full."""

    @property
    def want_life(self) -> bool:
        """Whether anybody is to be told again and again that the supervisor lives."""
        return any(hook.wants_life for hook in self._settings.hooks)

    def add(self, event: Event) -> None:
        """Hand one event over."""
        try:
            self._ours.send(encode(event).encode())
        except OSError:
            self.lost += 1

    def tick(self, now_ns: int) -> list[str]:
        """Start the process if there is none; return its complaints."""
        if self.child is None and now_ns >= self._due_ns:
            has_stayed = now_ns - self._due_ns > self._pause_ns
            self._pause_ns = FIRST_PAUSE_NS if has_stayed else self._pause_ns * 2
            self._due_ns = now_ns + min(self._pause_ns, LONGEST_PAUSE_NS)
            try:
                self._start()
            except OSError as error:
                return [f"hooks cannot be started: {error}"]
        return self._complaints()

    def reap(self, ready: set[int]) -> int | None:
        """Return the exit code when the process has ended; it is started again by `tick`."""
        if self.child is None or self.child.pidfd not in ready:
            return None
        code = self.child.reap()
        if code is not None:
            self.child.close()
            self.child = None
        return code

    def last_words(self) -> list[str]:
        """Return what the present or last process has written."""
        return last_words(self._settings.log, self._log_begin)

    def close(self) -> None:
        """Let it tell the last events, and end it."""
        self._theirs.close()
        self._ours.close()
        if self.child is not None:
            if not self.child.wait(GOODBYE_SECONDS):
                self.child.send(signal.SIGKILL)
                self.child.wait(1.0)
            self.child.reap()
            self.child.close()
            self.child = None

    def _start(self) -> None:
        settings = self._settings
        fields = {
            "hooks": [hook._asdict() for hook in settings.hooks],
            "project": settings.project,
            "epoch": settings.epoch,
            "events": str(settings.events),
            "bounds": list(settings.bounds),
        }
        self._log_begin = size_of(settings.log)
        settings_fd = sealed("hooks", json.dumps(fields).encode())
        with open(settings_fd, "rb"), settings.log.open("ab") as log:  # noqa: PTH123 - a descriptor
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    *(sys.executable, "-m", "supervisor.record.hook_process"),
                    *(str(settings_fd), str(self._theirs.fileno())),
                ],
                env=dict(settings.environment),
                pass_fds=[settings_fd, self._theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.child = Child.of(process.pid)
        process.returncode = 0  # reaped by us through the pidfd, not by Popen

    def _complaints(self) -> list[str]:
        found: list[str] = []
        while True:
            try:
                answer = json.loads(self._ours.recv(MOST_ANSWER))
            except OSError:
                return found
            found.append(f"{answer['hook']}: {answer['error']}")
