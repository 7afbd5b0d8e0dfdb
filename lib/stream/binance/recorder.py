"""What a market stream writes to the factory's database, off its own thread."""

from typing import Any

from lib.async_ejector import FieldsAsyncEjector
from lib.bus.protocol import KIND_OF
from lib.database import AbstractDatabase
from lib.helpers import decimal
from lib.serialize import to_json
from lib.stream.binance.newest import MarketMessage
from lib.timer import AbstractTimer

_RENAMED = {"event_ns": "timestamp"}
_TEXTS = frozenset({"symbol", "exchange", "side"})


class Recorder:
    """Stores the channels that the config names, and figures about the stream.

    Args:
        database: Where it goes.
        timer: Dates what has no time of its own.
        store: Channels whose messages are stored.
    """

    def __init__(
        self, database: AbstractDatabase, timer: AbstractTimer, store: frozenset[str]
    ) -> None:
        """Write nothing yet."""
        self._database = database
        self._timer = timer
        self._store = store

    def record(self, message: MarketMessage) -> None:
        """Store a message if its channel is to be stored; returns at once."""
        kind = KIND_OF[type(message)]
        if kind not in self._store:
            return
        fields: dict[str, Any] = {
            _RENAMED.get(name, name): _value(name, value)
            for name, value in zip(message._fields, message, strict=True)
        }
        FieldsAsyncEjector(self._database, self._timer, series=kind, **fields).start()

    def write(self, series: str, figures: dict[str, Any]) -> None:
        """Store some figures under a series of their own; returns at once."""
        FieldsAsyncEjector(self._database, self._timer, series=series, **figures).start()


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return to_json(value)
    # what is a number on the wire is one in the database
    return decimal(value) if isinstance(value, str) and name not in _TEXTS else value
