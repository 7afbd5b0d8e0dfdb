"""A point as JSON, for databases that store documents (pure): Decimals exact, as numbers."""

from decimal import Decimal
from typing import Any

import msgspec

from lib.constants import KEY
from lib.database.record import Point, Value


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What is stored of a point: series, time in ns, tags and fields as JSON objects."""

    series: str
    time_ns: int
    tags: str
    fields: str


_ENCODER = msgspec.json.Encoder(decimal_format="number", order="sorted")
_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
_ROW_DECODER = msgspec.json.Decoder(Row)


def encode(point: Point) -> str:
    """Return a point as the text of a `Row`.

    Raises:
        ValueError: A value has no JSON.
    """
    fields: dict[str, Value] = {name: _stored(item) for name, item in point.fields.items()}
    try:
        row = Row(
            point.series,
            point.time_ns,
            _ENCODER.encode(point.tags).decode(),
            _ENCODER.encode(fields).decode(),
        )
        return _ENCODER.encode(row).decode()
    except (msgspec.MsgspecError, OverflowError) as error:
        raise ValueError(str(error)) from error


def decode(text: str) -> Row:
    """Return the row of a text that `encode` made."""
    return _ROW_DECODER.decode(text)


def text_of(tags: dict[str, str]) -> str:
    """Return tags as they are stored."""
    return _ENCODER.encode(tags).decode()


def field_of(fields: str, name: str) -> Any:
    """Return one field of a row's `fields`; numbers with a point are Decimals."""
    return _DECODER.decode(fields).get(name)


def record_of(time_ns: int, tags: str, fields: str) -> dict[str, Any]:
    """Return a stored row as the record that it was."""
    return {KEY.TIMESTAMP: time_ns, **_DECODER.decode(tags), **_DECODER.decode(fields)}


def _stored(value: Value) -> Value:
    # PostgreSQL's jsonb has no NUL.
    return value.replace("\0", "�") if isinstance(value, str) else value
