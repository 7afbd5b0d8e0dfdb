"""InfluxDB's line protocol (pure).

Source: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/
"""

import math
from functools import lru_cache

from lib.database.record import INT64, Point, Value

CACHED = 4_096
"""Names and tags are few and come with every record: escaping them is most of the work."""
# Outside string fields the format has no way to write a newline, nor a backslash before what it
# escapes, and a quote in a field's name is taken for the start of a string: in names they are
# replaced; in tags' values a newline becomes a backslash and an n.
_NAME = str.maketrans({"\n": " ", "\r": " ", "\t": " ", "\0": "", "\\": "/", '"': "'"})
_VALUE = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": ""})
_MEASUREMENT = str.maketrans({",": "\\,", " ": "\\ "})
_KEY = str.maketrans({",": "\\,", " ": "\\ ", "=": "\\="})
_STRING = str.maketrans({'"': '\\"', "\\": "\\\\"})


def encode(point: Point, integers: frozenset[str]) -> str:
    """Return a point as one line (string fields may hold newlines), without a final newline.

    Args:
        point: What to write.
        integers: Names of fields whose int values stay integers.

    Raises:
        ValueError: An integer does not fit, or a name is empty.
    """
    head = [_measurement(point.series)]
    # Sorted tags spare the server the sorting.
    head += [f"{_key(name)}={_tag(value)}" for name, value in sorted(point.tags.items())]
    fields = [
        f"{_key(name)}={_value(value, name in integers)}" for name, value in point.fields.items()
    ]
    return f"{','.join(head)} {','.join(fields)} {point.time_ns}"


@lru_cache(CACHED)
def _measurement(text: str) -> str:
    return _name(text).translate(_MEASUREMENT)


@lru_cache(CACHED)
def _key(text: str) -> str:
    return _name(text).translate(_KEY)


def _name(text: str) -> str:
    if not text:
        raise ValueError("line protocol knows no empty names")
    return text.translate(_NAME)


@lru_cache(CACHED)
def _tag(text: str) -> str:
    text = text.translate(_VALUE)
    # A backslash at the end would escape the separator that follows.
    return (text + " " if text.endswith("\\") else text).translate(_KEY)


def _value(value: Value, is_integer: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value.translate(_STRING)}"'
    if isinstance(value, int) and is_integer:
        if not -INT64 <= value < INT64:
            raise ValueError(f"{value} does not fit in 64 bits")
        return f"{value}i"
    try:
        number = float(value)
    except OverflowError as error:
        raise ValueError(f"{value} does not fit in a float") from error
    # Decimal's own text may be 0E-8; a float's is always understood.
    if not math.isfinite(number):
        raise ValueError(f"{value} does not fit in a float")
    return repr(number)
