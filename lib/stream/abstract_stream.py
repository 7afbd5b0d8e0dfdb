"""What a stream of an exchange promises."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from lib.bus.protocol import Message
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

Sink = Callable[[Message], None]
"""Takes each message as it comes, at once and without raising: the bus's publisher, or
`list.append` in a test."""


class AbstractStream(ABC):
    """Brings an exchange's data in, as messages of `lib.bus.protocol`.

    `Run` is all that a stream needs; the others let a supervisor look at it and heal it, and have
    harmless answers here.

    Args:
        config: The worker's merged config; `symbols`, `channels`, `rest_url`, `ws_url`, …
        factory: Gives logger, database, …
        timer: The process's timer.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Keep the three things that every constructor gets; connect in `Run`."""
        self.config = config
        self.factory = factory
        self.timer = timer

    @abstractmethod
    async def Run(self, sink: Sink) -> None:
        """Hand every new message to `sink`, reconnecting for ever, until cancelled.

        Repeats are left out; messages of one channel and symbol come in the exchange's order.

        Raises:
            ConfigError: What it was told to do cannot be done.
        """

    def is_connected(self) -> bool:
        """Return whether every connection stands."""
        return True

    def quiet(self) -> list[str]:
        """Return the symbols that have not brought their first data, in the config's order."""
        return []

    def ages(self) -> dict[str, dict[str, int]]:
        """Return channel -> symbol -> age in ns of the newest new data."""
        return {}

    def links(self) -> dict[str, int]:
        """Return connection -> age in ns of its newest message of any kind."""
        return {}

    def counts(self) -> dict[str, int]:
        """Return "channel:symbol" -> new messages so far."""
        return {}

    def stats(self) -> dict[str, int]:
        """Return counters and measured times by name, ns where the name says so."""
        return {}

    def resubscribe(self, symbols: Collection[str] = ()) -> None:
        """Subscribe symbols anew on the connections that stand (first rung of healing).

        Args:
            symbols: Those whose data is stale; none named means all.
        """
        return

    def configure(self, part: dict[str, Any]) -> None:
        """Take in a changed part of the config while it runs: other `symbols`, above all.

        A stream that cannot leaves it: the supervisor sees that it counts no new symbol, and says
        so.
        """
        return

    def reconnect(self, symbols: Collection[str] = ()) -> None:
        """Replace the connections of symbols, none named: all (second rung of healing)."""
        return
