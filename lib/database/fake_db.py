"""A database that is the worker's own log."""

import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from lib.constants import KEY
from lib.database.abstract_database import AbstractDatabase
from lib.database.record import SERIES, Schema
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
        self.schema = Schema(config, {})
        self._last: dict[str, tuple[int, Any]] = {}

    def Encode(self, record: dict[str, Any]) -> str:
        """Return the record as JSON: time, series, tags and fields in one object.

        Raises:
            ValueError: The record has no field, or one that JSON cannot express.
        """
        point = self.schema.split(record, self.timer.Timestamp())
        head = {KEY.TIMESTAMP: point.time_ns, SERIES: point.series}
        try:
            return ENCODER.encode({**head, **point.tags, **point.fields}).decode()
        except (msgspec.MsgspecError, OverflowError) as error:
            raise ValueError(str(error)) from error

    def writeEncoded(self, records: list[str]) -> None:
        """Write one line each."""
        for record in records:
            self._remember(DECODER.decode(record))
        sys.stdout.write("".join(f"{redact(record)}\n" for record in records))
        sys.stdout.flush()

    def readLast(self, field: str) -> Any | None:
        """Return the newest value that this object wrote."""
        return self._last.get(field, (0, None))[1]

    def _remember(self, record: dict[str, Any]) -> None:
        time_ns = record.pop(KEY.TIMESTAMP)
        if record.pop(SERIES) != self.schema.measurement:
            return
        for name, value in record.items():
            if time_ns >= self._last.get(name, (time_ns, None))[0]:
                self._last[name] = (time_ns, value)
