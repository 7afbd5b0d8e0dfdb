"""Tells hooks of events, in a process of its own: a slow hook holds nobody up.

The supervisor runs it as `python -m supervisor.record.hook_process SETTINGS_FD EVENTS_FD`. Each
datagram is one event's line; what goes wrong is answered as a line of JSON. When the other end
closes without an orderly end, the supervisor was killed: that is an event, too, and nobody else is
left to tell it.
"""

import contextlib
import json
import os
import queue
import re
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import setproctitle

from lib.constants import NS_PER_SECOND
from lib.interpolation import resolve
from lib.redaction import remember
from lib.timer import AbstractTimer, LiveTimer
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog
from supervisor.record.events import KILLED, STOPPED, SUPERVISOR, Event, decode
from supervisor.record.hook_delivery import DeliveryError, deliver, end_commands
from supervisor.record.hook_rules import COMMAND, Hook, Throttle, hook_of

MOST_BYTES = 65_536
WAITING = 100
"""Events that wait for one hook; further ones are lost to it, and counted."""
TRIES = 3
PAUSE = 1.0
"""Seconds before the second try; twice as many before the third."""
SECRET_LENGTH = 8
"""Characters of a part of a URL that may be a token."""
GOODBYE_SECONDS = 2.5
"""What is still to be told may take so long once the supervisor is gone."""


class Teller:
    """One hook, its queue and its thread.

    Args:
        hook: The hook.
        project: Told with each event.
        timer: The process's timer.
        complain: Takes (hook, error).
    """

    def __init__(self, hook: Hook, project: str, timer: AbstractTimer, complain: Any) -> None:
        """Wait for events."""
        self._hook = hook
        self._project = project
        self._timer = timer
        self._complain = complain
        self._throttle = Throttle(hook)
        self._queue: queue.Queue[dict[str, Any] | None] = queue.Queue(WAITING)
        self._lost = 0
        self._ending = threading.Event()
        self.thread = threading.Thread(target=self._run, name=str(hook), daemon=True)
        self.thread.start()

    def take(self, event: Event) -> None:
        """Take one event; never waits."""
        told = self._throttle.admit(event, self._timer.Monotonic())
        if told is None:
            return
        try:
            self._queue.put_nowait({"project": self._project, **told})
        except queue.Full:
            self._lost += 1

    def end(self) -> None:
        """Tell what waits, without second tries, and end."""
        self._ending.set()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)

    def _run(self) -> None:
        while (told := self._queue.get()) is not None:
            if lost := self._lost:
                self._lost = 0
                self._complain(self._hook, f"too slow: {lost} events were not told")
            try:
                self._tell(told)
            except DeliveryError as error:
                self._complain(self._hook, str(error))

    def _tell(self, told: dict[str, Any]) -> None:
        for number in range(1, TRIES + 1):
            try:
                deliver(self._hook, told)
            except DeliveryError as error:
                last = number == TRIES or not error.again
                if last or self._ending.wait(PAUSE * number):
                    raise
            else:
                return


def main() -> int:
    """Serve until the supervisor is gone."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # its end is the supervisor's
    settings_fd, events_fd = (int(text) for text in sys.argv[1:3])
    with os.fdopen(settings_fd, "rb") as file:
        file.seek(0)
        settings = json.loads(file.read())
    setproctitle.setproctitle(f"tickvisor {settings['project']}: hooks")
    events = socket.socket(fileno=events_fd)
    events.set_inheritable(False)
    timer = LiveTimer()

    def complain(hook: Hook, error: str) -> None:
        with contextlib.suppress(OSError):
            events.send(json.dumps({"hook": str(hook), "error": error}).encode())

    tellers = [
        Teller(hook_of(_resolved(fields)), settings["project"], timer, complain)
        for fields in settings["hooks"]
    ]
    newest = _serve(events, tellers)
    if newest is None or newest.event != STOPPED:
        at_ns, epoch = timer.Timestamp(), newest.epoch if newest else settings["epoch"]
        killed = Event(at_ns, epoch, SUPERVISOR, KILLED, "it ended without a goodbye")
        EventLog(Path(settings["events"]), Bounds(*settings["bounds"])).add(killed)
        for teller in tellers:
            teller.take(killed)
    _finish(tellers, timer)
    return 0


def _serve(events: socket.socket, tellers: list[Teller]) -> Event | None:
    """Hand events on until the other end closes; return the last of the supervisor's own."""
    newest = None
    while True:
        try:
            text = events.recv(MOST_BYTES)
        except ConnectionResetError:
            continue  # said once when a complaint was left unread; what was sent to us still comes
        if not text:
            return newest
        event = decode(text.decode("utf-8", "replace"))
        if event is not None:
            newest = event
            for teller in tellers:
                teller.take(event)


def _finish(tellers: list[Teller], timer: AbstractTimer) -> None:
    deadline_ns = timer.Monotonic() + round(GOODBYE_SECONDS * NS_PER_SECOND)
    for teller in tellers:
        teller.end()
    for teller in tellers:
        teller.thread.join(max(0.0, (deadline_ns - timer.Monotonic()) / NS_PER_SECOND))
    end_commands()


def _resolved(fields: dict[str, Any]) -> dict[str, Any]:
    target = resolve(fields["target"], os.environ)
    for text in target if fields["kind"] != COMMAND else ():
        host = urlsplit(text).hostname
        for part in re.split(r"[/?&=:@#]+", text):
            # an error's text may quote any part of the URL
            if len(part) >= SECRET_LENGTH and part != host:
                remember(part)
    return {**fields, "target": target}


if __name__ == "__main__":
    os._exit(main())  # a thread that still waits for somebody must not hold the end up
