"""The values that cross a bot's border as MessagePack, types and all (pure)."""

from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgpack

from lib.constants import OrderType, Side, Status, TimeInForce
from lib.models import Order, Update

DECIMAL, ENUM, MODEL, DEQUE, TUPLE = range(1, 6)
ENUMS: dict[str, type[StrEnum]] = {
    each.__name__: each for each in (Side, OrderType, Status, TimeInForce)
}
MODELS: dict[str, Any] = {each.__name__: each for each in (Order, Update)}


def pack(value: Any) -> bytes:
    """Return a value as bytes; what is of no known type becomes its text."""
    packed: bytes = msgpack.packb(value, default=_default, strict_types=True)
    return packed


def unpacker() -> msgpack.Unpacker:
    """Return an iterator over the packed values that it is fed."""
    return msgpack.Unpacker(ext_hook=_restore, strict_map_key=False, max_buffer_size=0)


def _default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgpack.ExtType(DECIMAL, str(value).encode())
    if isinstance(value, StrEnum) and type(value).__name__ in ENUMS:
        return msgpack.ExtType(ENUM, f"{type(value).__name__}:{value.value}".encode())
    if type(value).__name__ in MODELS:
        content = {each.name: getattr(value, each.name) for each in fields(value)}
        return msgpack.ExtType(MODEL, pack([type(value).__name__, content]))
    if isinstance(value, deque):
        return msgpack.ExtType(DEQUE, pack([value.maxlen, list(value)]))
    if isinstance(value, tuple):
        return msgpack.ExtType(TUPLE, pack(list(value)))
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _restore(code: int, data: bytes) -> Any:
    if code == DECIMAL:
        return Decimal(data.decode())
    if code == ENUM:
        name, _, text = data.decode().partition(":")
        return ENUMS[name](text)
    content = msgpack.unpackb(data, ext_hook=_restore, strict_map_key=False)
    if code == MODEL:
        return MODELS[content[0]](**content[1])
    if code == DEQUE:
        return deque(content[1], maxlen=content[0])
    return tuple(content)
