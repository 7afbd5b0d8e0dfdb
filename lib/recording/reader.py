"""Reads recordings: heads alone, or blocks as columns."""

import json
import zlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgpack

from lib.errors import ConfigError
from lib.recording.layout import (
    BLOCK,
    HEAD,
    KINDS,
    MAGIC,
    BlockHead,
    unpack_indices,
    unpack_integers,
)

MAX_PAYLOAD = 256 * 1024 * 1024
MOST_NUMBERS = 500_000


class Numbers(dict[str, Decimal]):
    """Numbers by their texts: made once, since prices repeat from block to block."""

    def __missing__(self, text: str) -> Decimal:
        """Make one."""
        if len(self) >= MOST_NUMBERS:
            self.clear()
        value = self[text] = Decimal(text)
        return value


class Columns:
    """All rows of one kind in one block, in order; each column is read anew when asked for.

    Args:
        rows: How many there are.
        names: The block's symbols.
        table: The block's numbers.
        packed: The columns, as they stand in the payload.
    """

    __slots__ = ("_names", "_packed", "_table", "rows")

    def __init__(
        self, rows: int, names: tuple[str, ...], table: list[Decimal], packed: dict[str, bytes]
    ) -> None:
        """Unpack nothing yet."""
        self.rows = rows
        self._names = names
        self._table = table
        self._packed = packed

    def symbols(self) -> Iterator[str]:
        """Yield each row's symbol."""
        if len(self._names) == 1:
            return repeat(self._names[0], self.rows)
        return map(self._names.__getitem__, unpack_indices(self._packed["symbol"]))

    def integers(self, name: str) -> Iterator[int]:
        """Yield an integer column."""
        return unpack_integers(self._packed[name])

    def numbers(self, name: str) -> Iterator[Decimal]:
        """Yield a column of exact numbers."""
        return map(self._table.__getitem__, unpack_indices(self._packed[name]))

    def levels(self) -> Iterator[tuple[Decimal, Decimal]]:
        """Yield the (price, quantity) of all depth rows, bids before asks, row after row."""
        flat = self.numbers("levels")
        return zip(flat, flat, strict=True)


class Block(NamedTuple):
    """One block; `order` has the kind of each row, as in `lib.recording.layout`."""

    head: BlockHead
    order: bytes
    kinds: dict[str, Columns]


class Piece(NamedTuple):
    """Where a block stands in its file, and its head."""

    offset: int
    """Of the payload."""
    head: BlockHead


def is_recording(path: Path) -> bool:
    """Return whether a file begins as a recording of this format does."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


class RecordingReader:
    """One recording.

    Args:
        path: The file.

    Raises:
        ConfigError: It is none.
    """

    def __init__(self, path: Path) -> None:
        """Read the two lines and find the blocks."""
        self.path = path
        self._numbers = Numbers()
        self.is_torn = False
        """Whether the last block is not whole: the writer was killed, or writes still."""
        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise ConfigError("is no recording of format 1", str(path))
                self.about: dict[str, Any] = _about(file.readline(), path)
                self.pieces = list(self._find(file))
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from error

    @property
    def symbols(self) -> list[str]:
        """Every symbol in it, in order of appearance."""
        return list(dict.fromkeys(name for piece in self.pieces for name in piece.head.symbols))

    @property
    def first_ns(self) -> int:
        """Time of its first row, 0 where it has none."""
        return min((piece.head.first_ns for piece in self.pieces), default=0)

    @property
    def last_ns(self) -> int:
        """Time of its last row, 0 where it has none."""
        return max((piece.head.last_ns for piece in self.pieces), default=0)

    def blocks(self, start_ns: int = 0, end_ns: int = 1 << 63) -> Iterator[Block]:
        """Yield the blocks that have rows in [start, end).

        Raises:
            ConfigError: One is damaged.
        """
        with self.path.open("rb") as file:
            for number, piece in enumerate(self.pieces):
                if piece.head.last_ns >= start_ns and piece.head.first_ns < end_ns:
                    yield self.block(number, piece, file)

    def block(self, number: int, piece: Piece, file: IO[bytes]) -> Block:
        """Read one block.

        Raises:
            ConfigError: It is damaged.
        """
        file.seek(piece.offset)
        payload = file.read(piece.head.size)
        if zlib.crc32(payload) != piece.head.crc:
            raise ConfigError(f"block {number} is damaged (CRC-32)", str(self.path))
        try:
            parts = msgpack.unpackb(zlib.decompress(payload))
            return _decode(piece.head, parts, self._numbers)
        except (ValueError, ArithmeticError, LookupError, TypeError, zlib.error) as error:
            raise ConfigError(f"block {number} is damaged ({error!r})", str(self.path)) from error

    def _find(self, file: IO[bytes]) -> Iterator[Piece]:
        size = file.seek(0, 2)
        file.seek(len(MAGIC))
        file.readline()
        offset = file.tell()
        while offset < size:
            piece = _head_at(file, offset, self.path)
            if piece is None or piece.offset + piece.head.size > size:
                self.is_torn = True
                return
            yield piece
            offset = piece.offset + piece.head.size


def _about(line: bytes, path: Path) -> dict[str, Any]:
    try:
        about = json.loads(line)
    except ValueError as error:
        raise ConfigError("its second line is no JSON", str(path)) from error
    return about if isinstance(about, dict) else {}


def _head_at(file: IO[bytes], offset: int, path: Path) -> Piece | None:
    file.seek(offset)
    packed = file.read(HEAD.size)
    if len(packed) < HEAD.size:
        return None
    magic, size, crc, rows, first_ns, last_ns, length = HEAD.unpack(packed)
    if magic != BLOCK or size > MAX_PAYLOAD:
        raise ConfigError(f"no block at byte {offset}: the file is damaged", str(path))
    names = file.read(length)
    if len(names) < length:
        return None
    symbols = tuple(names.decode("utf-8", "replace").split("\0"))
    return Piece(
        offset + HEAD.size + length, BlockHead(size, crc, rows, first_ns, last_ns, symbols)
    )


def _decode(head: BlockHead, parts: dict[str, Any], known: "Numbers") -> Block:
    table = list(map(known.__getitem__, parts["numbers"]))
    order: bytes = parts["order"]
    kinds = {
        name: Columns(order.count(kind), head.symbols, table, parts[name])
        for kind, name in enumerate(KINDS)
        if name in parts
    }
    if not sum(rows.rows for rows in kinds.values()) == len(order) == head.rows:
        raise ValueError("its rows are not those of its head")
    return Block(head, order, kinds)
