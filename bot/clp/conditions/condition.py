"""What every pause condition promises (pure)."""

from abc import ABC, abstractmethod
from typing import ClassVar

from bot.clp.settings import Settings
from bot.clp.view import View


class Condition(ABC):
    """Says whether something speaks against quoting now.

    A user's own is a subclass named in the YAML by `module:Class` or `file.py:Class`. It reads its
    keys in `read`; keys that nobody reads are refused.

    Args:
        settings: Its keys; `wait` is how long quoting pauses before the next look.
    """

    WAIT: ClassVar[str] = "5s"
    """Default of `wait`."""

    def __init__(self, settings: Settings) -> None:
        """Read the keys."""
        self.wait_ns = settings.duration_ns("wait", self.WAIT)
        self.read(settings)
        settings.done()

    def read(self, settings: Settings) -> None:  # noqa: B027 - not every condition has keys
        """Read the keys of its own.

        Raises:
            ConfigError: One is wrong.
        """

    def see(self, view: View) -> None:  # noqa: B027 - not every condition remembers
        """Take in a new book; also called while quoting pauses."""

    @abstractmethod
    def trouble(self, view: View) -> str:
        """Return in a few words why not to quote now, "" when all is well."""
