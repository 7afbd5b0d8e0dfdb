"""Files that may not grow for ever: `x.log` becomes `x.log.1`, that one `x.log.2`, and so on."""

import contextlib
import errno
import os
from pathlib import Path

CATCH_UP = 3
"""How often what was written during the copying is copied, too."""


def older(path: Path, number: int) -> Path:
    """Return the name of the file that was rotated `number` times."""
    return path.with_name(f"{path.name}.{number}")


def rotated(path: Path) -> list[Path]:
    """Return a file and its older ones as far as they exist, oldest first."""
    found = []
    number = 1
    while older(path, number).exists():
        found.append(older(path, number))
        number += 1
    found.reverse()
    return [*found, path] if path.exists() else found


def rename(path: Path, keep: int) -> None:
    """Rotate a file that nobody else writes.

    Raises:
        OSError: The folder cannot be written.
    """
    if keep < 1:
        path.unlink()
        return
    _make_room(path, keep)
    path.replace(older(path, 1))


def copy_out(path: Path, size: int, keep: int) -> None:
    """Rotate a file that other processes hold open for appending, whom nobody can tell.

    Its end is copied and the file emptied: whoever writes goes on at the beginning. What comes in
    the microseconds between is lost, and of a flood all but the last `size` bytes.

    Args:
        path: The file.
        size: Bytes to keep at most.
        keep: Number of older files to keep.

    Raises:
        OSError: The file is gone, or cannot be written.
    """
    with path.open("rb+") as file:
        if keep > 0:
            try:
                _make_room(path, keep)
                _copy_end(file.fileno(), older(path, 1), size)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                # a full disk needs the room more than anybody needs this copy
                older(path, 1).unlink(missing_ok=True)
        os.ftruncate(file.fileno(), 0)


def _make_room(path: Path, keep: int) -> None:
    older(path, keep).unlink(missing_ok=True)
    for number in range(keep - 1, 0, -1):
        with contextlib.suppress(FileNotFoundError):
            older(path, number).replace(older(path, number + 1))


def _copy_end(fd: int, target: Path, size: int) -> None:
    with target.open("wb", buffering=0) as copy:
        at = max(0, os.fstat(fd).st_size - size)
        if at:
            copy.write(f"--- {at} bytes of a flood are left out ---\n".encode())
        most = at + size + size // 20
        for _ in range(CATCH_UP):
            end = min(os.fstat(fd).st_size, most)
            while at < end:
                at += os.sendfile(copy.fileno(), fd, at, end - at)
