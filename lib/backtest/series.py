"""A table of numbers over time that never grows beyond a bound (pure)."""

from array import array

LIMIT = 8192


class Series:
    """Rows at regular times; when there are too many, every second one goes and the pace halves.

    Args:
        columns: Names of the values beside `time_ns`.
        period_ns: Wanted time between two rows.
        limit: Most rows kept.
    """

    def __init__(self, columns: tuple[str, ...], period_ns: int, limit: int = LIMIT) -> None:
        """Start empty."""
        self.columns = columns
        self.period_ns = period_ns
        self._limit = limit
        self._due_ns = 0
        self._times = array("q")
        self._values = [array("d") for _ in columns]

    def __len__(self) -> int:
        """Return the number of rows kept."""
        return len(self._times)

    def is_due(self, now_ns: int) -> bool:
        """Return whether a row is wanted at `now_ns`."""
        return now_ns >= self._due_ns

    def add(self, now_ns: int, *values: float) -> None:
        """Keep one row; NaN stands for an unknown value."""
        self._due_ns = now_ns - now_ns % self.period_ns + self.period_ns
        self._times.append(now_ns)
        for column, value in zip(self._values, values, strict=True):
            column.append(value)
        if len(self._times) > self._limit:
            self._thin()

    def rows(self) -> list[tuple[float, ...]]:
        """Return (time_ns, *values) rows, ascending."""
        return list(zip(self._times, *self._values, strict=True))

    def _thin(self) -> None:
        self.period_ns *= 2
        last_ns = self._times[-1]
        self._times = self._times[::2]
        self._values = [column[::2] for column in self._values]
        self._due_ns = last_ns - last_ns % self.period_ns + self.period_ns
