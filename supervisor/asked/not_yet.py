"""The answer between yes and no."""

from lib.errors import TickvisorError


class NotYet(TickvisorError):
    """Not all of it is done yet, since a worker is not ready: exit code 4."""
