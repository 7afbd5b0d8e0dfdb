"""Writes recordings for `recorded_files`: `<receive time, ns> <frame>` lines in gzip members.

Each flush appends one whole gzip member, so a file can be appended to after a crash, joined with
`cat`, and read while it is written: a reader sees every member that is whole.
"""

import gzip
from pathlib import Path

from lib.constants import NS_PER_SECOND

MEMBER_BYTES = 256 * 1024
"""Lines are kept until they are worth a member."""
MEMBER_NS = 2 * NS_PER_SECOND
"""Nor longer than this."""
LEVEL = 6


class Recorder:
    """Appends frames to a recording.

    Args:
        path: The file, by custom `*.gz`; it may exist already.
    """

    def __init__(self, path: str | Path) -> None:
        """Open the file for appending.

        Raises:
            OSError: It cannot be written.
        """
        self._file = Path(path).expanduser().open("ab")
        self._lines: list[bytes] = []
        self._size = 0
        self._flushed_ns = 0

    def add(self, received_ns: int, frame: bytes) -> None:
        """Record one frame as it was received, in one line of JSON."""
        line = b"%d %b\n" % (received_ns, frame)
        self._lines.append(line)
        self._size += len(line)
        old = received_ns - self._flushed_ns >= MEMBER_NS
        if self._size >= MEMBER_BYTES or old:
            self.flush()
            self._flushed_ns = received_ns

    def flush(self) -> None:
        """Write what was recorded since the last flush."""
        if self._lines:
            self._file.write(gzip.compress(b"".join(self._lines), LEVEL))
            self._file.flush()
            self._lines.clear()
            self._size = 0

    def close(self) -> None:
        """Write the rest and close the file."""
        self.flush()
        self._file.close()
