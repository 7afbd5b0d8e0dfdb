"""The file of a tap: MessagePack arrays in a gzip stream that can be read after a crash.

What a second has brought is flushed as a whole, so that a crash costs that second at most. A file
is bounded, and so is the number of a bot's files in a folder: the oldest go first.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib.errors import ConfigError
from lib.logger.render import clock_text
from lib.recording.tap_codec import pack, unpacker

SUFFIX = ".tap"
MOST_BYTES = 1 << 30
"""Size from which on a file takes no more calls."""
MOST_FILES = 8
"""Lives of one bot that are kept in a folder."""
MODE = 0o600
LEVEL = 1
GZIP = 31
"""`wbits` of a gzip stream."""
CHUNK = 1 << 16


class TapFile:
    """Appends values to a new file; one of this name is replaced.

    Args:
        path: The file.
        most_bytes: Size from which on it is full.
    """

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        """Make the file, readable by its user alone."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        path.chmod(MODE)

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be written."""
        return self._bytes >= self._most_bytes

    @property
    def is_closed(self) -> bool:
        """Whether the file is finished."""
        return self._file.closed

    def write(self, values: list[Any]) -> None:
        """Append one array."""
        self._put(self._packer.compress(pack(values)))

    def flush(self) -> None:
        """Hand all that was written to the system, readable as it is."""
        if not self._file.closed:
            self._put(self._packer.flush(zlib.Z_SYNC_FLUSH))

    def close(self) -> None:
        """Finish the file."""
        if not self._file.closed:
            self._put(self._packer.flush())
            self._file.close()

    def _put(self, packed: bytes) -> None:
        if packed:
            self._file.write(packed)
            self._bytes += len(packed)


def read_tap(path: Path) -> Iterator[Any]:
    """Yield the arrays of a tap; what is torn or damaged ends it.

    Raises:
        ConfigError: It cannot be read.
    """
    arrays = unpacker()
    try:
        with path.open("rb") as file:
            for plain in _inflated(iter(lambda: file.read(CHUNK), b"")):
                arrays.feed(plain)
                yield from arrays
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from error
    except (ValueError, zlib.error):
        return


def new_tap_path(folder: Path, owner: str, now_ns: int, most_files: int = MOST_FILES) -> Path:
    """Return the file for another life of a bot; files of its former lives beyond the bound go.

    Args:
        folder: Of the taps.
        owner: `<bot name>:<SYMBOL>`.
        now_ns: Time since the epoch.
        most_files: How many are kept, the new one included.
    """
    stem = owner.replace(":", "-")
    moment = "".join(mark for mark in clock_text(now_ns) if mark.isdigit())
    # Their names ascend with time.
    old = sorted(folder.glob(f"{stem}-{'[0-9]' * len(moment)}{SUFFIX}"))
    for path in old[: max(0, len(old) - most_files + 1)]:
        path.unlink(missing_ok=True)
    return folder / f"{stem}-{moment}{SUFFIX}"


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(GZIP)
    for piece in pieces:
        yield inflater.decompress(piece)
