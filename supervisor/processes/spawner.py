"""Starts worker processes: from the fork server, or by plain exec while it is not there."""

import contextlib
import ctypes
import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from supervisor.processes.child import Child
from supervisor.processes.descriptors import limit
from supervisor.processes.spare import Spare

PR_SET_CHILD_SUBREAPER = 36
MAX_ANSWER = 65_536
SECONDS = 1.0
"""What the fork server and a spare worker may take to end."""
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL

Born = Callable[[int | None, str], None]
"""Told the new worker's pid, or None and the error."""


def become_subreaper() -> None:
    """Let orphaned descendants become our children, so that none escapes.

    Raises:
        OSError: The kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def sealed(name: str, content: bytes) -> int:
    """Return a descriptor of a read-only memory file with `content`."""
    fd = os.memfd_create(name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(content)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    return fd


def _open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


class Spawner:
    """Starts workers, and keeps the fork server alive.

    Args:
        environment: What the fork server and the workers get; no exchange secret is in it.
        lifeline_fd: Read end of the pipe whose write end only this process holds.
        preload: Further modules for the fork server to import.
        log_path: Where the fork server's own output goes.
        open_files: How many descriptors the fork server and each worker may have.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        lifeline_fd: int,
        preload: Sequence[str],
        log_path: Path,
        open_files: int,
    ) -> None:
        """Start nothing yet."""
        self._environment = dict(environment)
        self._lifeline_fd = lifeline_fd
        self._preload = list(preload)
        self._log_path = log_path
        self._open_files = open_files
        self._socket: socket.socket | None = None
        self._waiting: dict[int, Born] = {}
        self._number = 0
        self._gave_way = False
        self._importing = ""
        self.server: Child | None = None
        self.spare: Spare | None = None
        self.ready = False
        self.missing: dict[str, str] = {}
        self.complaints: list[str] = []
        """Why modules that were asked for are not imported ahead; whoever tells them empties it."""

    def start_server(self) -> None:
        """Execute the fork server; it says on the socket when it is ready.

        Raises:
            OSError: It cannot be executed.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log_path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    sys.executable,
                    "-m",
                    "workers.forkserver",
                    str(theirs.fileno()),
                    *self._preload,
                ],
                env=self._environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        ours.setblocking(False)
        self._socket = ours
        limit(process.pid, self._open_files)
        self.server = Child.of(process.pid)
        process.returncode = 0  # reaped by us through the pidfd, not by Popen

    @property
    def pending(self) -> bool:
        """Whether a worker is being forked whose pid is not known yet."""
        return bool(self._waiting)

    @property
    def oldest(self) -> int | None:
        """Number of the request that waits longest for the fork server's answer, if one does."""
        return next(iter(self._waiting), None)

    def fileno(self) -> int:
        """Return the descriptor to poll for the fork server's answers; -1 when there is none."""
        return self._socket.fileno() if self._socket else -1

    def spawn(self, name: str, start: bytes, log_path: Path, born: Born) -> None:
        """Start one worker; `born` is told its pid, now or by `receive`."""
        log_fd = _open_log(log_path)
        start_fd = sealed(name.replace("/", "_"), start)
        try:
            if self._use_spare(start_fd, log_fd, born):
                return
            if self.ready and self._ask_server([start_fd, self._lifeline_fd, log_fd], born):
                return
            self._execute(start_fd, log_fd, born)
        finally:
            os.close(start_fd)
            os.close(log_fd)

    def order_spare(self) -> None:
        """Have a worker forked that waits for its start record, unless there is one."""
        if self.spare is not None or not self.ready:
            return
        with contextlib.ExitStack() as given:
            try:
                log_fd = _open_log(self._log_path)
                given.callback(os.close, log_fd)
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            except OSError:
                return  # no descriptors, no folder: it would only have been quicker
            given.enter_context(theirs)

            def born(pid: int | None, _error: str) -> None:
                try:
                    self.spare = Spare(Child.of(pid), ours) if pid is not None else None
                except OSError:
                    self.spare = None
                if self.spare is None:
                    ours.close()  # it ends by itself

            if not self._ask_server([theirs.fileno(), self._lifeline_fd, log_fd], born, spare=True):
                ours.close()

    def reap_spare(self, ready: Collection[int]) -> int | None:
        """Return the exit code of a spare worker that has ended unused, None while it lives."""
        if self.spare is None or self.spare.child.pidfd not in ready:
            return None
        code = self.spare.child.reap()
        if code is not None:
            self.spare.close()
            self.spare = None
        return code

    def receive(self) -> None:
        """Take the fork server's answers."""
        while self._socket is not None:
            try:
                text = self._socket.recv(MAX_ANSWER)
            except BlockingIOError:
                return
            except OSError:
                text = b""
            if not text:
                self._lose_server()
                return
            self._heed(json.loads(text))

    def server_exited(self) -> bool:
        """Forget a fork server that has ended; whoever waited for it is told so.

        Returns:
            Whether it made way for one that imports less.
        """
        self.receive()
        if self._importing and not self.ready:
            self._give_way(self._importing, "ends, or holds up, the process that imports it")
        self._lose_server()
        if self.server is not None:
            self.server.close()
            self.server = None
        gave_way, self._gave_way = self._gave_way, False
        return gave_way

    def _heed(self, answer: dict[str, Any]) -> None:
        if "ready" in answer:
            self.ready, self.missing = True, answer["missing"]
            self._importing = ""
            self.complaints += [
                f"{name}: {self.missing[name]}" for name in self._preload if name in self.missing
            ]
        elif "importing" in answer:
            self._importing = answer["importing"]
        elif name := answer.get("unfit"):
            self._give_way(name, answer["why"])
        elif born := self._waiting.pop(answer["id"], None):
            born(answer.get("pid"), answer.get("error", ""))

    def _give_way(self, name: str, why: str) -> None:
        self._importing = ""
        if name in self._preload:
            self._preload.remove(name)
            self._gave_way = True
            self.complaints.append(f"{name} {why}: every worker imports it itself")

    def close(self) -> None:
        """End the fork server and the spare worker, and wait for them."""
        self._lose_server()
        if self.spare is not None:
            self.spare.control.close()
            self.spare.child.end(SECONDS)
            self.spare = None
        if self.server is not None:
            self.server.end(SECONDS)
            self.server = None

    def _use_spare(self, start_fd: int, log_fd: int, born: Born) -> bool:
        spare, self.spare = self.spare, None
        if spare is None:
            return False
        if not spare.take(start_fd, log_fd):
            spare.control.close()
            spare.child.end(0)
            return False
        spare.close()
        born(spare.child.pid, "")  # not reaped yet: the pid is its own
        return True

    def _ask_server(self, fds: list[int], born: Born, *, spare: bool = False) -> bool:
        if self._socket is None:
            return False
        self._number += 1
        request = json.dumps({"id": self._number, "spare": spare}).encode()
        try:
            socket.send_fds(self._socket, [request], fds)
        except OSError:
            return False
        self._waiting[self._number] = born
        return True

    def _execute(self, start_fd: int, log_fd: int, born: Born) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "workers.main", str(start_fd), str(self._lifeline_fd)],
                env=self._environment,
                pass_fds=[start_fd, self._lifeline_fd],
                stdin=subprocess.DEVNULL,
                stdout=log_fd,
                stderr=log_fd,
                start_new_session=True,
            )
        except OSError as error:
            born(None, str(error))
            return
        process.returncode = 0  # reaped by us through the pidfd, not by Popen
        limit(process.pid, self._open_files)
        born(process.pid, "")

    def _lose_server(self) -> None:
        self.ready = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        waiting, self._waiting = self._waiting, {}
        for born in waiting.values():
            born(None, "the fork server is gone")
