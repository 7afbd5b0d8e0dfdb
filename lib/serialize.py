"""JSON with Decimal and datetime: `dump`/`load` give back what went in, `to_json` is for logs."""

import base64
import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

MARK = "$"
"""A one-key object whose key starts so is a tagged value, not a dictionary."""


def dump(value: Any) -> str:
    """Return JSON from which `load` restores an equal value.

    Exact for None, bool, int of any size, float (NaN and infinities too), str, Decimal,
    datetime, bytes, list, tuple and dict with keys of these types.

    Raises:
        TypeError: Something else is inside; the message names where.
    """
    return json.dumps(_tag(value, "value"), ensure_ascii=False, separators=(",", ":"))


def load(text: str | bytes) -> Any:
    """Return the value that `dump` was given.

    Raises:
        ValueError: The text is not what `dump` writes.
    """
    return json.loads(text, object_hook=_untag)


def to_json(value: Any) -> str:
    """Return plain JSON for people and log collectors; never raises.

    Decimals become strings, times ISO 8601, exceptions and unknown things their text.
    """
    try:
        return json.dumps(value, default=_readable, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return json.dumps(safe_text(value), ensure_ascii=False)


def safe_text(value: Any) -> str:
    """Return `str(value)`, or the type's name when a class cannot even do that."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - logging a broken object must not end a bot
        return f"<{type(value).__name__} without text>"


def _tag(value: Any, where: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind, tag in TAG.items():
        if isinstance(value, kind):
            return tag(value)
    if isinstance(value, tuple):
        return {"$tuple": _tag_all(value, where)}
    if isinstance(value, list):
        return _tag_all(value, where)
    if isinstance(value, Mapping):
        return _tag_mapping(value, where)
    raise TypeError(f"{where}: a {type(value).__name__} cannot be stored as JSON")


def _tag_all(values: list[Any] | tuple[Any, ...], where: str) -> list[Any]:
    return [_tag(value, f"{where}[{index}]") for index, value in enumerate(values)]


def _tag_mapping(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    if all(isinstance(key, str) for key in value):
        tagged = {str(key): _tag(item, f"{where}.{key}") for key, item in value.items()}
        # A user's own {"$decimal": ...} must not come back as a Decimal.
        if len(tagged) == 1 and next(iter(tagged)).startswith(MARK):
            return {"$dict": [[key, item] for key, item in tagged.items()]}
        return tagged
    return {
        "$dict": [
            [_tag(key, f"{where} key"), _tag(item, f"{where}[{key!r}]")]
            for key, item in value.items()
        ]
    }


def _untag(found: dict[str, Any]) -> Any:
    if len(found) != 1:
        return found
    key, value = next(iter(found.items()))
    if not key.startswith(MARK):
        return found
    untag = UNTAG.get(key)
    if untag is None:
        raise ValueError(f"unknown tag {key!r}: written by a newer version?")
    return untag(value)


TAG: dict[type, Callable[[Any], Any]] = {
    str: str,
    int: int,
    float: lambda value: value if math.isfinite(value) else {"$float": str(value)},
    Decimal: lambda value: {"$decimal": str(value)},
    datetime: lambda value: {"$datetime": value.isoformat()},
    bytes: lambda value: {"$bytes": base64.b64encode(value).decode()},
}
UNTAG: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$decimal": Decimal,
    "$datetime": datetime.fromisoformat,
    "$bytes": base64.b64decode,
    "$tuple": tuple,
    "$dict": dict,
}


def _readable(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {safe_text(value)}"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, set | frozenset):
        return [safe_text(item) for item in value]
    return safe_text(value)
