"""A database that keeps nothing."""

from typing import Any

from lib.database.abstract_database import AbstractDatabase


class NoDb(AbstractDatabase):
    """Drops every record: for who wants no history."""

    def Encode(self, record: dict[str, Any]) -> str:
        """Return "": there is nothing to write."""
        return ""

    def writeEncoded(self, records: list[str]) -> None:
        """Drop them."""

    def readLast(self, field: str) -> Any | None:
        """Return None: nothing was kept."""
        return None
