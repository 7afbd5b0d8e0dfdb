"""What a worker prints: at once in its log, and never the end of it."""

import contextlib
import faulthandler
import io
import sys

STDOUT, STDERR = 1, 2


class Unbreakable(io.FileIO):
    """A descriptor whose reader or disk may be gone: what cannot be written is lost."""

    def write(self, text: object) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError):
            super().write(text)  # type: ignore[arg-type]  # whatever FileIO takes
        return len(memoryview(text))  # type: ignore[arg-type]


def open_output() -> None:
    """Have `print` and tracebacks written line by line; a crash in C leaves its traceback, too.

    A full disk must not end a bot that prints, and what a killed one has printed must be there.
    """
    for name, fd in (("stdout", STDOUT), ("stderr", STDERR)):
        raw = io.BufferedWriter(Unbreakable(fd, "w", closefd=False))
        text = io.TextIOWrapper(raw, "utf-8", "backslashreplace", line_buffering=True)
        setattr(sys, name, text)
    faulthandler.enable(STDERR)
