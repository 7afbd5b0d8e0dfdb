"""What a database promises."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from lib.database.errors import DatabaseUnavailable
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class AbstractDatabase(ABC):
    """A store of time series.

    A *record* is a dict of field name -> value (Decimal, int, float, bool, str, None = absent),
    with its time under `timestamp`, int ns since the epoch. Keys named in the section's `tags`
    become tags (indexed, few different values); the others fields.

    Bots write by `lib.async_ejector`, which calls `Encode` and `writeEncoded` in the background,
    each in a thread of its own; `readLast` may be called from any thread at the same time.

    Args:
        config: The merged config; the database's own section in it says where to write.
        factory: The process's factory.
        timer: The process's timer.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Keep the three things that every constructor gets; connect only when first used."""
        self.config = config
        self.factory = factory
        self.timer = timer

    @property
    def target(self) -> str:
        """Name where the records go, without secrets; equal targets share writer and spool."""
        return type(self).__name__

    @abstractmethod
    def Encode(self, record: dict[str, Any]) -> str:
        """Return one record as text; pure and quick, needs no connection.

        Raises:
            ValueError: The record has no field at all, or one that cannot be written.
        """

    @abstractmethod
    def writeEncoded(self, records: list[str]) -> None:
        """Write encoded records in bulk, in order, and return when the database has them.

        Writing a record twice leaves it there once.

        Raises:
            DatabaseUnavailable: Not written, or nobody knows: offer the same records again later.
            RecordsRefused: The database will never take some of them; the others are written.
        """

    @abstractmethod
    def readLast(self, field: str) -> Any | None:
        """Return the newest value of a field among this config's records, None when there is none.

        Raises:
            DatabaseUnavailable: The database did not answer.
        """

    def read_series(self, series: str, start_ns: int, end_ns: int) -> list[dict[str, Any]]:
        """Return the records of a series in [start, end), of all bots, by time.

        Only databases that have this method can be reported from.

        Args:
            series: As records have it under `series`.
            start_ns: First time, ns since the epoch.
            end_ns: The time after the last one.

        Returns:
            Records with `timestamp`, tags (text) and fields; fields that are absent are left out.

        Raises:
            DatabaseUnavailable: The database did not answer, or cannot be read back.
        """
        raise DatabaseUnavailable(f"{self.target} cannot be read back: nothing from {series}")

    def close(self) -> None:
        """Let go of connections; the next call opens them again."""
        return
