"""What the order authority needs of a journal."""

from collections.abc import Callable, Sequence
from typing import Protocol

from lib.oms.rows import Row


class Journal(Protocol):
    """Keeps rows; never blocks."""

    @property
    def trouble(self) -> str:
        """Return why nothing can be written now, "" when it can."""

    def put(self, rows: Sequence[Row], then: Callable[[str], None] | None = None) -> None:
        """Have rows written soon; `then` is told "" or why not."""

    async def commit(self, rows: Sequence[Row]) -> str:
        """Write rows; return "" when they are safe, else why they are not."""
