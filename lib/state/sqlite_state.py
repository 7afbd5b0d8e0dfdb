"""State in a file, with nothing to install."""

import re
import sqlite3
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib import folders
from lib.constants import KEY
from lib.errors import ConfigError
from lib.state.abstract_state import AbstractState
from lib.state.envelope import seal, unseal
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

BUSY_SECONDS = 2.0
"""Only a former life that still dies may hold the file: this covers its way out."""
GENERATIONS = 8
"""Pushes that are kept, so that one damaged page does not cost everything."""
CREATE = """
CREATE TABLE IF NOT EXISTS pushes (
    id INTEGER PRIMARY KEY AUTOINCREMENT, namespace TEXT NOT NULL, text TEXT NOT NULL,
    crc INTEGER NOT NULL
)
"""


class SqliteState(AbstractState):
    """Keeps the state in a SQLite file (WAL) of its own, with a checksum and older generations.

    Its section is `sqlite`: `state` is the folder of the files (default: `state` in the
    project's state folder). A Push survives the death of the process at any instant.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Work out the file's name; it is opened at first use."""
        super().__init__(config, factory, timer)
        section = config.get("sqlite") or {}
        default = folders.state_dir(str(config.get(KEY.PROJECT) or "default")) / "state"
        folder = Path(section.get("state") or default).expanduser()
        self.path = folder / f"{re.sub(r'[^-.@0-9A-Za-z]+', _spell, self.namespace)}.db"
        self._connection: sqlite3.Connection | None = None

    def Push(self, state: dict[str, Any]) -> None:
        """Store a new generation in one transaction.

        Raises:
            TypeError: `state` holds something that JSON cannot express; nothing is changed.
            ConfigError: The file cannot be written.
        """
        text = seal(state, self.timer.Timestamp())
        try:
            connection = self._open()
            with connection:
                cursor = connection.execute(
                    "INSERT INTO pushes (namespace, text, crc) VALUES (?, ?, ?)",
                    (self.namespace, text, zlib.crc32(text.encode())),
                )
                oldest = (cursor.lastrowid or 0) - GENERATIONS
                connection.execute("DELETE FROM pushes WHERE id <= ?", (oldest,))
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise ConfigError(f"the state cannot be stored: {error}", str(self.path)) from error

    def Pop(self) -> dict[str, Any]:
        """Return the newest generation that is undamaged, {} when nothing was ever stored.

        Raises:
            ConfigError: Something is stored, and none of it can be read.
        """
        found = self.newest()
        return unseal(found, str(self.path)) if found else {}

    def newest(self) -> str:
        """Return the newest undamaged envelope, "" when nothing was ever stored.

        Raises:
            ConfigError: Something is stored, and none of it can be read.
        """
        if not self.path.exists():
            return ""
        try:
            rows = self._open().execute(
                "SELECT text, crc FROM pushes WHERE namespace = ? ORDER BY id DESC",
                (self.namespace,),
            )
            damaged = 0
            for text, crc in rows:
                if zlib.crc32(str(text).encode()) == crc:
                    return str(text)
                damaged += 1
        except (sqlite3.Error, OSError, UnicodeError) as error:
            self.close()
            raise self._damaged(str(error)) from error
        if damaged:
            raise self._damaged(f"{damaged} of {damaged} generations have wrong checksums")
        return ""

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _damaged(self, reason: str) -> ConfigError:
        return ConfigError(
            f"the stored state is damaged ({reason}); move the file away to start without it",
            str(self.path),
        )

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
            self._connection = connection
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(CREATE)
        return self._connection


def _spell(found: re.Match[str]) -> str:
    # Different namespaces stay different files: what a name cannot hold is spelled out.
    return "".join("_" if char == "/" else f"%{ord(char):x}" for char in found[0])
