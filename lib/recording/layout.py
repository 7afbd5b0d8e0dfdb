"""The recording format, version 1; `docs/data.md` describes it byte by byte (pure).

A file is one line of text that names the format, one line of JSON about the recording, then
blocks. Each block stands for itself, so that a file can be read while it is written, or after a
crash: a last block that is not whole is left out.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

MAGIC = b"TICKVISOR RECORDING 1\n"
SUFFIX = ".tvr"
BLOCK = b"TVB1"
HEAD = struct.Struct("<4sIIIqqH")
"""Magic, bytes of the payload, its CRC-32, rows, first and last time, bytes of the names."""

BOOK, TRADE, MARK, DEPTH, CANDLE = range(5)
"""Kinds of rows, as the payload's `order` has them."""
KINDS = ("book", "trade", "mark", "depth", "candle")
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "book": (("time_ns", "event_ns", "update_id"), ("bid", "bid_qty", "ask", "ask_qty")),
    "trade": (("time_ns", "event_ns", "trade_id", "buyer_is_maker"), ("price", "qty")),
    "mark": (
        ("time_ns", "event_ns", "next_funding_ns"),
        ("mark", "index", "funding_rate"),
    ),
    "depth": (
        ("time_ns", "event_ns", "first_id", "last_id", "previous_id", "snapshot", "bids", "asks"),
        (),
    ),
    "candle": (("time_ns", "event_ns", "open_ns"), ("open", "high", "low", "close", "volume")),
}
"""Kind -> names of its integer columns, names of its number columns."""
BIG_ENDIAN = sys.byteorder == "big"


class BlockHead(NamedTuple):
    """What stands before a block's payload."""

    size: int
    crc: int
    rows: int
    first_ns: int
    last_ns: int
    symbols: tuple[str, ...]


def pack_integers(values: Iterable[int]) -> bytes:
    """Return integers as 64-bit differences, each from the one before, the first from 0."""
    before = 0
    differences = array("q")
    for value in values:
        differences.append(value - before)
        before = value
    return _to_bytes(differences)


def unpack_integers(packed: bytes) -> Iterator[int]:
    """Yield what `pack_integers` was given."""
    return accumulate(_from_bytes("q", packed))


def pack_indices(values: "array[int]") -> bytes:
    """Return 32-bit numbers of places in a table."""
    return _to_bytes(values)


def unpack_indices(packed: bytes) -> "array[int]":
    """Return what `pack_indices` was given."""
    return _from_bytes("I", packed)


def _to_bytes(values: "array[int]") -> bytes:
    if BIG_ENDIAN:
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def _from_bytes(code: str, packed: bytes) -> "array[int]":
    values = array(code)
    values.frombytes(packed)
    if BIG_ENDIAN:
        values.byteswap()
    return values
