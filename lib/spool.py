"""A bounded queue of texts on disk: what waits for a database, in order, over restarts.

A folder of segments. A segment is a file of frames: length (4 bytes), CRC-32 (4 bytes), both
big-endian, then the text in UTF-8. `cursor` names the first frame that is not yet delivered. Not
safe for several threads; a lock file keeps other processes out.
"""

import contextlib
import fcntl
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO

SEGMENT_BYTES = 4 * 1024 * 1024
"""A delivered segment is deleted whole: this much disk may be used by what is delivered."""
FIRST_SEGMENT = 10**9
"""Numbers go up for what comes after, and down for what has to be put before."""
HEADER = struct.Struct(">II")
SUFFIX = ".segment"


class Spool:
    """First in, first out, on disk.

    Args:
        folder: Where the segments stand; made when the first text comes.
        max_bytes: Most that all segments together may hold.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Take up what a former life left; nothing is made on disk before the first append."""
        self.folder = folder
        self.max_bytes = max_bytes
        self.damaged = 0
        """Frames found damaged, and torn ends of segments, that had to be left out."""
        self.count = 0
        """Texts that wait."""
        self.bytes = 0
        """Size of all segments on disk."""
        self._segments: deque[int] = deque()
        self._counts: dict[int, int] = {}
        self._read_from = 0
        self._tail: FileIO | None = None
        self._lock: BinaryIO | None = None
        if folder.is_dir():
            self._take_up()

    def append(self, texts: list[str]) -> int:
        """Put texts at the end; return how many fitted (the first ones).

        Raises:
            OSError: The disk refused; nothing of the call is kept then.
        """
        frames = [_frame(text) for text in texts]
        room = self.max_bytes - self.bytes
        fitting = 0
        for frame in frames:
            room -= len(frame)
            if room < 0:
                break
            fitting += 1
        if fitting:
            self._write(b"".join(frames[:fitting]), fitting)
        return fitting

    def prepend(self, texts: list[str]) -> None:
        """Put texts before all others; the bound is not asked, since they were accepted before.

        Raises:
            OSError: The disk refused; nothing of the call is kept then.
        """
        if not texts:
            return
        self._make()
        self._trim_head()
        number = self._segments[0] - 1 if self._segments else FIRST_SEGMENT
        data = b"".join(_frame(text) for text in texts)
        self._write_file(number, data)
        self._segments.appendleft(number)
        self._counts[number] = len(texts)
        self._read_from = 0
        self._save_cursor()
        self.count += len(texts)
        self.bytes += len(data)

    def peek(self, limit: int) -> list[str]:
        """Return at most `limit` of the oldest texts; they stay until `remove`."""
        texts: list[str] = []
        offset = self._read_from
        for number in self._segments:
            for text, _ in _frames(self._path(number), offset):
                if text is not None:
                    texts.append(text)
                if len(texts) >= limit:
                    return texts
            offset = 0
        return texts

    def remove(self, count: int) -> None:
        """Forget the oldest `count` texts: they are delivered.

        Raises:
            OSError: The cursor cannot be saved; after a restart they would be delivered again.
        """
        while count and self._segments:
            number = self._segments[0]
            left = self._counts[number]
            if count < left:
                self._read_from = _end_of(self._path(number), self._read_from, count)
                self._counts[number] = left - count
                self.count -= count
                break
            count -= left
            self._drop_head()
        self._save_cursor()

    def close(self) -> None:
        """Let go of the files; what waits stays."""
        for file in (self._tail, self._lock):
            if file is not None:
                file.close()
        self._tail = self._lock = None

    def _take_up(self) -> None:
        self._make()
        self._segments = deque(sorted(int(path.stem) for path in self.folder.glob(f"*{SUFFIX}")))
        self._load_cursor()
        for index, number in enumerate(self._segments):
            start = self._read_from if index == 0 else 0
            end, count = start, 0
            for text, end in _frames(self._path(number), start):  # noqa: B007 - the last one counts
                count += text is not None
                self.damaged += text is None
            if end < self._path(number).stat().st_size:
                # The end of a segment is torn when a process dies while it writes.
                self.damaged += 1
                os.truncate(self._path(number), end)
            self._counts[number] = count
            self.count += count
            self.bytes += end
        while self._segments and not self._counts[self._segments[0]]:
            self._drop_head()

    def _make(self) -> None:
        if self._lock is not None:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self.folder / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise
        self._lock = lock

    def _write(self, data: bytes, count: int) -> None:
        self._make()
        if self._tail is None or self._tail.tell() >= SEGMENT_BYTES:
            self._next_segment()
        assert self._tail is not None  # noqa: S101 - made above
        before = self._tail.tell()
        try:
            # A disk that is nearly full takes a part, and complains only at the next byte.
            rest = memoryview(data)
            while rest:
                rest = rest[self._tail.write(rest) :]
        except OSError:
            # A frame that is only half on a full disk must not stand before later ones.
            with contextlib.suppress(OSError):
                self._tail.truncate(before)
                self._tail.seek(before)
            raise
        self._counts[self._segments[-1]] += count
        self.count += count
        self.bytes += len(data)

    def _next_segment(self) -> None:
        if self._tail is not None:
            self._tail.close()
            self._tail = None
        number = self._segments[-1] + 1 if self._segments else FIRST_SEGMENT
        # Unbuffered: what was written is the kernel's, and survives the death of this process.
        self._tail = self._path(number).open("wb", buffering=0)
        self._segments.append(number)
        self._counts[number] = 0

    def _write_file(self, number: int, data: bytes) -> None:
        draft = self.folder / "draft"
        try:
            draft.write_bytes(data)
            draft.replace(self._path(number))
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _trim_head(self) -> None:
        # A cursor in the middle would be lost when another segment comes before: cut what is read.
        if not self._read_from:
            return
        number = self._segments[0]
        rest = self._path(number).read_bytes()[self._read_from :]
        if self._tail is not None and len(self._segments) == 1:
            self._tail.close()
            self._tail = None
        self._write_file(number, rest)
        self.bytes -= self._read_from
        self._read_from = 0

    def _drop_head(self) -> None:
        number = self._segments.popleft()
        if not self._segments and self._tail is not None:
            self._tail.close()
            self._tail = None
        path = self._path(number)
        self.bytes -= path.stat().st_size
        path.unlink()
        self.count -= self._counts.pop(number)
        self._read_from = 0

    def _load_cursor(self) -> None:
        try:
            number, offset = (self.folder / "cursor").read_text().split()
        except (OSError, ValueError):
            return
        while self._segments and self._segments[0] < int(number):
            self._path(self._segments.popleft()).unlink()
        if self._segments and self._segments[0] == int(number):
            self._read_from = int(offset)

    def _save_cursor(self) -> None:
        cursor, draft = self.folder / "cursor", self.folder / "cursor.draft"
        if not self._segments:
            cursor.unlink(missing_ok=True)
            return
        draft.write_text(f"{self._segments[0]} {self._read_from}")
        draft.replace(cursor)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:012d}{SUFFIX}"


def _frame(text: str) -> bytes:
    data = text.encode(errors="surrogatepass")
    return HEADER.pack(len(data), zlib.crc32(data)) + data


def _frames(path: Path, offset: int) -> Iterator[tuple[str | None, int]]:
    # Yields (text, offset of the next frame), None for a damaged text, up to a torn end.
    with path.open("rb") as file:
        file.seek(offset)
        while len(header := file.read(HEADER.size)) == HEADER.size:
            length, crc = HEADER.unpack(header)
            data = file.read(length)
            if len(data) < length:
                return
            offset += HEADER.size + length
            is_whole = zlib.crc32(data) == crc
            yield data.decode(errors="surrogatepass") if is_whole else None, offset


def _end_of(path: Path, offset: int, count: int) -> int:
    # Returns the offset after `count` whole frames.
    for text, end in _frames(path, offset):
        offset = end
        count -= text is not None
        if not count:
            break
    return offset
