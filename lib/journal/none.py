"""A journal that keeps nothing, for a script that trades without a supervisor."""

from collections.abc import Sequence

from lib.journal.jobs import Then
from lib.oms.rows import Row


class NoJournal:
    """Says that everything is safe, at once: what such a script sends dies with it."""

    trouble: str = ""

    def put(self, rows: Sequence[Row], then: Then | None = None) -> None:
        """Write nothing."""
        del rows
        if then is not None:
            then("")

    async def commit(self, rows: Sequence[Row]) -> str:
        """Write nothing."""
        del rows
        return ""
