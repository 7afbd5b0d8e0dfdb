"""Space that is kept for a full disk, so that outcomes and cancels can still be written."""

import os
from contextlib import suppress
from pathlib import Path

RESERVE = "journal.reserve"
RESERVE_BYTES = 4 * 1024 * 1024


class Reserve:
    """A file of zeros beside the journal.

    Args:
        folder: The journal's folder.
    """

    def __init__(self, folder: Path) -> None:
        """Set nothing aside yet."""
        self.path = folder / RESERVE
        self.is_there = False

    def make(self) -> bool:
        """Set the space aside; return whether it is there."""
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(fd, 0, RESERVE_BYTES)
            finally:
                os.close(fd)
        except OSError:
            # a part of it would take the last space from those whom it is to help
            with suppress(OSError):
                self.release()
            return False
        self.is_there = True
        return True

    def release(self) -> None:
        """Give the space back to the disk."""
        self.is_there = False
        self.path.unlink(missing_ok=True)
