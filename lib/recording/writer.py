"""Writes recordings: whole blocks, each on disk before the next begins."""

import json
import os
import zlib
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgpack

from lib.constants import NS_PER_SECOND
from lib.recording.layout import (
    BLOCK,
    BOOK,
    CANDLE,
    COLUMNS,
    DEPTH,
    HEAD,
    KINDS,
    MAGIC,
    MARK,
    TRADE,
    pack_indices,
    pack_integers,
)

BLOCK_ROWS = 16_384
BLOCK_NS = 2 * NS_PER_SECOND
"""What a crash may cost at most."""
LEVEL = 3
"""Of the compression: beyond it, little is gained for much time."""

Levels = Iterable[Sequence[str]]


class RecordingWriter:
    """Appends rows to a new file; numbers are exact decimal texts, times ns since the epoch.

    Args:
        path: The file; it must not be there yet.
        about: What the second line says, JSON-ready.
        block_ns: Longest time that rows wait for their block, 0 = until it is full.

    Raises:
        OSError: The file is there already, or cannot be made.
    """

    def __init__(self, path: Path, about: dict[str, Any], block_ns: int = BLOCK_NS) -> None:
        """Write the two lines."""
        self.path = path
        self.bytes = 0
        self.rows = 0
        self._block_ns = block_ns
        self._file = path.open("xb")
        self._put(MAGIC + json.dumps(about, sort_keys=True).encode() + b"\n")
        self._clear()

    def book(
        self, time_ns: int, event_ns: int, symbol: str, update_id: int, quote: Sequence[str]
    ) -> None:
        """Add best levels: `quote` is bid, its quantity, ask, its quantity."""
        self._add(BOOK, symbol, (time_ns, event_ns, update_id), quote)

    def trade(
        self, time_ns: int, event_ns: int, symbol: str, trade_id: int, trade: tuple[str, str, bool]
    ) -> None:
        """Add a trade: `trade` is price, quantity, whether the buyer was the maker."""
        price, qty, buyer_is_maker = trade
        self._add(TRADE, symbol, (time_ns, event_ns, trade_id, int(buyer_is_maker)), (price, qty))

    def mark(
        self, time_ns: int, event_ns: int, symbol: str, next_funding_ns: int, prices: Sequence[str]
    ) -> None:
        """Add a mark price: `prices` is mark, index, funding rate."""
        self._add(MARK, symbol, (time_ns, event_ns, next_funding_ns), prices)

    def depth(
        self,
        time_ns: int,
        event_ns: int,
        symbol: str,
        ids: tuple[int, int, int],
        sides: tuple[Levels, Levels],
        *,
        snapshot: bool,
    ) -> None:
        """Add changed levels, or the whole known book with `snapshot`.

        Args:
            time_ns: When it was received.
            event_ns: Exchange's time.
            symbol: Whose.
            ids: First and last update id, last one of the event before.
            sides: Bids, asks: (price, quantity) rows.
            snapshot: Forget what was known of the book.
        """
        counts = []
        for side in sides:
            count = 0
            for price, qty, *_ in side:
                self._levels.append(self._index(price))
                self._levels.append(self._index(qty))
                count += 1
            counts.append(count)
        self._add(DEPTH, symbol, (time_ns, event_ns, *ids, int(snapshot), *counts), ())

    def candle(
        self, time_ns: int, event_ns: int, symbol: str, open_ns: int, values: Sequence[str]
    ) -> None:
        """Add a finished minute: `values` is open, high, low, close, volume."""
        self._add(CANDLE, symbol, (time_ns, event_ns, open_ns), values)

    def flush(self) -> None:
        """Write the rows that wait as one block, and see it to the disk."""
        if not self._order:
            return
        payload = zlib.compress(self._payload(), LEVEL)
        names = "\0".join(self._symbols).encode()
        head = HEAD.pack(
            BLOCK,
            len(payload),
            zlib.crc32(payload),
            len(self._order),
            self._first_ns,
            self._last_ns,
            len(names),
        )
        self._put(head + names + payload)
        self.rows += len(self._order)
        self._clear()

    def close(self) -> None:
        """Write what waits and close the file."""
        self.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        self.bytes += len(data)

    def _clear(self) -> None:
        self._order = bytearray()
        self._symbols: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._levels = array("I")
        self._first_ns = self._last_ns = 0
        self._whose: dict[int, array[int]] = {kind: array("I") for kind in range(len(KINDS))}
        self._integers: dict[int, list[tuple[int, ...]]] = {kind: [] for kind in range(len(KINDS))}
        self._texts: dict[int, list[tuple[int, ...]]] = {kind: [] for kind in range(len(KINDS))}

    def _add(
        self, kind: int, symbol: str, integers: tuple[int, ...], numbers: Sequence[str]
    ) -> None:
        time_ns = integers[0]
        if not self._order:
            self._first_ns = self._last_ns = time_ns
        self._first_ns = min(self._first_ns, time_ns)
        self._last_ns = max(self._last_ns, time_ns)
        self._order.append(kind)
        self._whose[kind].append(self._symbols.setdefault(symbol, len(self._symbols)))
        self._integers[kind].append(integers)
        self._texts[kind].append(tuple(map(self._index, numbers)))
        is_old = self._block_ns and time_ns - self._first_ns >= self._block_ns
        if len(self._order) >= BLOCK_ROWS or is_old:
            self.flush()

    def _index(self, number: str) -> int:
        return self._numbers.setdefault(number, len(self._numbers))

    def _payload(self) -> bytes:
        parts: dict[str, Any] = {"order": bytes(self._order), "numbers": list(self._numbers)}
        for kind, name in enumerate(KINDS):
            if not self._whose[kind]:
                continue
            integers, numbers = COLUMNS[name]
            columns = {"symbol": pack_indices(self._whose[kind])}
            rows = zip(*self._integers[kind], strict=True)
            columns |= {each: pack_integers(row) for each, row in zip(integers, rows, strict=True)}
            indices = zip(*self._texts[kind], strict=True)
            columns |= {
                each: pack_indices(array("I", row))
                for each, row in zip(numbers, indices, strict=True)
            }
            if kind == DEPTH:
                columns["levels"] = pack_indices(self._levels)
            parts[name] = columns
        packed: bytes = msgpack.packb(parts)
        return packed
