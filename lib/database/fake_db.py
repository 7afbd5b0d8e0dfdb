"""A database that is the worker's own log."""

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from lib.database.abstract_database import AbstractDatabase
from lib.redaction import redact
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class FakeDb(AbstractDatabase):
    """Writes every record to stdout as one line of JSON, and remembers each field's last value."""

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Start knowing no field."""
        super().__init__(config, factory, timer)
        self._last: dict[str, Any] = {}

    def Encode(self, record: dict[str, Any]) -> str:
        """Return the record as JSON, Decimals kept exact.

        Raises:
            ValueError: The record has no field, or one that JSON cannot express.
        """
        fields = {name: value for name, value in record.items() if value is not None}
        if not fields.keys() - {"timestamp"}:
            raise ValueError("a record needs at least one field")
        try:
            return ENCODER.encode(fields).decode()
        except (TypeError, msgspec.MsgspecError) as error:
            raise ValueError(str(error)) from error

    def writeEncoded(self, records: list[str]) -> None:
        """Write one line each."""
        for record in records:
            self._last.update(DECODER.decode(record))
        sys.stdout.write("".join(f"{redact(record)}\n" for record in records))
        sys.stdout.flush()

    def readLast(self, field: str) -> Any | None:
        """Return the newest value that this object wrote."""
        return self._last.get(field)
