"""What a database may raise, named by what the writer does about it."""

from lib.errors import TickvisorError


class DatabaseUnavailable(TickvisorError):
    """The database is down, slow, full or rate limiting: keep the records and try again.

    Args:
        message: What happened, without secrets.
        retry_after: Seconds that the database asked to be left alone, 0 when it did not say.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        """Keep the wait in seconds."""
        super().__init__(message)
        self.retry_after = retry_after


class RecordsRefused(TickvisorError):
    """The database will never take some of the records; all others of the call are written.

    Args:
        message: The database's own words.
        count: How many records are lost.
    """

    def __init__(self, message: str, count: int) -> None:
        """Keep the number of lost records."""
        super().__init__(message)
        self.count = count
