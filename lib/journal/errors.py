"""What goes wrong with a journal, told apart by what helps: time, another file, or no such row."""

import sqlite3

from lib.oms.rows import Row

TROUBLE = (OSError, sqlite3.Error, MemoryError)
"""The disk's or the machine's doing: it may pass, so that the same is tried again."""
UNFIT = (
    OverflowError,
    TypeError,
    ValueError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""A row's own doing: a number beyond 64 bits, a text that is no Unicode, no number and no text."""
_TORN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class UnwritableError(Exception):
    """A row that no disk could take; all others of its transaction can be tried without it.

    Args:
        row: Which.
        why: SQLite's words.
    """

    def __init__(self, row: Row, why: str) -> None:
        """Keep the row."""
        super().__init__(f"the orders' journal cannot take a row: {why}")
        self.row = row


def is_damage(error: Exception) -> bool:
    """Return whether an error of reading says that the file is torn, or was never a journal."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # not SQLite's: what stands in a column is no text, or no JSON
        return isinstance(error, (ValueError, sqlite3.OperationalError))
    # the other bytes say where SQLite met it
    return code & 0xFF in _TORN
