"""The frames of published messages: topic, header, fields."""

from typing import Any, NamedTuple

import msgpack

from lib.bus.protocol.messages import KIND_OF, KINDS, Message, Roster
from lib.errors import ProtocolError

VERSION = 1
HEADER = 4
"""Fields before the message's own: version, incarnation, sequence, published_ns."""

_LIFE_BITS = 32
pack = msgpack.Packer(use_bin_type=True).pack
_unpack = msgpack.unpackb

MAX_FRAME = 8 * 1024 * 1024
"""Bytes; a larger frame is not ours."""


def incarnation(epoch: int, life: int) -> int:
    """Join run epoch and life number into one growing integer."""
    return (epoch << _LIFE_BITS) | life


def split_incarnation(value: int) -> tuple[int, int]:
    """Return (run epoch, life) of an incarnation."""
    return value >> _LIFE_BITS, value & ((1 << _LIFE_BITS) - 1)


_SHAPES: dict[bytes, tuple[type[Message], int, int]] = {
    kind.encode(): (
        message,
        len(message._fields) - len(message._field_defaults),
        len(message._fields),
    )
    for kind, message in KINDS.items()
}
"""Kind -> class, fields that must be there, fields that we know."""


def topic(kind: str, key: str = "all") -> bytes:
    """Return the topic of one kind and key, with its trailing dot."""
    return f"{kind}.{key}.".encode()


def topic_of(message: Message) -> bytes:
    """Return the topic that a message is published under: its kind and its first field."""
    kind = KIND_OF[type(message)]
    return topic(kind) if isinstance(message, Roster) else topic(kind, message[0])


class Header(NamedTuple):
    """What precedes the fields of every published message."""

    incarnation: int
    sequence: int
    published_ns: int


def encode(message: Message, incarnation: int, sequence: int, published_ns: int) -> bytes:
    """Return the payload of a published message."""
    return pack([VERSION, incarnation, sequence, published_ns, *message])  # type: ignore[no-any-return]


def encode_quiet(incarnation: int, sequence: int, published_ns: int) -> bytes:
    """Return the payload that repeats a topic's current sequence."""
    return pack([VERSION, incarnation, sequence, published_ns])  # type: ignore[no-any-return]


def decode(topic: bytes, payload: bytes) -> tuple[Header, Message | None]:
    """Return header and message of a published frame pair; None for a repeated sequence.

    Raises:
        ProtocolError: Not an array of ours, another schema version, an unknown kind, or too few
            fields.
    """
    values = unpack(payload)
    if len(values) < HEADER or values[0] != VERSION:
        raise ProtocolError(f"schema version {values[0] if values else None!r}, not {VERSION}")
    _, incarnation, sequence, published_ns, *fields = values
    if not (type(incarnation) is int and type(sequence) is int and type(published_ns) is int):
        raise ProtocolError("header is not made of integers")
    header = Header(incarnation, sequence, published_ns)
    if not fields:
        return header, None
    kind = topic.partition(b".")[0]
    shape = _SHAPES.get(kind)
    if shape is None:
        raise ProtocolError(f"unknown kind {kind.decode('ascii', 'replace')!r}")
    message, required, known = shape
    if len(fields) < required:
        raise ProtocolError(f"{kind.decode()} has {len(fields)} fields, not {required}")
    return header, message(*fields[:known])


def unpack(payload: bytes) -> list[Any]:
    """Return the array that a payload is.

    Raises:
        ProtocolError: It is none, or larger than `MAX_FRAME`.
    """
    if len(payload) > MAX_FRAME:
        raise ProtocolError(f"frame of {len(payload)} bytes")
    try:
        values = _unpack(payload, use_list=True, raw=False, strict_map_key=False)
    except Exception as error:  # msgpack raises many kinds on hostile input
        raise ProtocolError(f"frame does not decode: {type(error).__name__}") from error
    if not isinstance(values, list):
        raise ProtocolError("payload is not an array")
    return values
