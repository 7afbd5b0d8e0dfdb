"""Named instants at which a test or a drill may kill, stop or fail a process.

Inert unless the environment variable `TICKVISOR_FAILPOINTS` is set when the process starts. Its
value is a list of rules separated by commas, or the path (with a `/` in it) of a file with one rule
a line, which is read again whenever it changes, so that a drill can arm a process that runs. A rule
is `name=action`, `name=action:once` or `name=action:N` (the N-th time, then never again):

    kill    SIGKILL to this process
    stop    SIGSTOP to this process
    full    the step fails as on a full disk (OSError ENOSPC)
    broken  the step fails as on a broken disk (OSError EIO)
    stall   the calling thread sleeps for a minute

A rule of a file that is used up is removed from the file before it strikes, so that the process's
next life does not meet it again. Names: `post.` and `cancel.` + `before_journal`, `after_journal`,
`after_send`, `after_ack`, `after_reply`; `fill.before_journal`, `fill.after_journal`,
`fill.after_publish`; `journal.open`, `journal.write`.
"""

import errno
import os
import signal
import threading
from pathlib import Path

VARIABLE = "TICKVISOR_FAILPOINTS"
STALL_SECONDS = 60.0


class Failpoints:
    """The armed rules of one process.

    Args:
        text: Value of the environment variable.
    """

    def __init__(self, text: str) -> None:
        """Read the rules; a file is read at the first use."""
        self._file = Path(text) if "/" in text else None
        self._rules = {} if self._file else _parse(text.replace(",", "\n"))
        self._hits: dict[str, int] = {}
        self._stamp = (0, 0)

    def is_armed(self, name: str) -> bool:
        """Return whether a rule waits for `name`."""
        self._refresh()
        return name in self._rules

    def hit(self, name: str) -> None:
        """Strike if `name` is armed.

        Raises:
            OSError: The rule is `full` or `broken`.
        """
        self._refresh()
        rule = self._rules.get(name)
        if rule is None:
            return
        action, _, count = rule.partition(":")
        wanted = 1 if count in ("", "once") else int(count)
        self._hits[name] = self._hits.get(name, 0) + 1
        if self._hits[name] < wanted:
            return
        if count:
            self._disarm(name)
        _strike(action)

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._stamp:
                self._rules, self._stamp = _parse(self._file.read_text("utf-8")), stamp
        except OSError:
            self._rules, self._stamp = {}, (0, 0)

    def _disarm(self, name: str) -> None:
        self._rules.pop(name, None)
        self._hits.pop(name, None)
        if self._file is not None:
            fresh = self._file.with_suffix(f".{os.getpid()}")
            fresh.write_text("".join(f"{key}={rule}\n" for key, rule in self._rules.items()))
            fresh.replace(self._file)


def _parse(text: str) -> dict[str, str]:
    rows = (line.strip().partition("=") for line in text.splitlines())
    return {name: rule for name, _, rule in rows if rule}


def _strike(action: str) -> None:
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        case "broken":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        case "stall":
            threading.Event().wait(STALL_SECONDS)


_armed = Failpoints(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None


def arm(text: str) -> None:
    """Replace the rules of this process; "" disarms it."""
    global _armed  # noqa: PLW0603 - one set of rules per process
    _armed = Failpoints(text) if text else None


def failpoint(name: str) -> None:
    """Strike here if a test or a drill armed `name`; otherwise do nothing.

    Raises:
        OSError: The rule is `full` or `broken`.
    """
    if _armed is not None:
        _armed.hit(name)


def is_armed(name: str) -> bool:
    """Return whether a test or a drill waits for `name`, so that a step may be drawn out for it."""
    return _armed is not None and _armed.is_armed(name)
