"""Records a live market stream: rotating files, crash-safe, from the bus's own messages."""

import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.bus.protocol import Book, Candle, Depth, Mark, Message, Trade
from lib.constants import NS_PER_SECOND, Side
from lib.errors import ConfigError
from lib.factory.make_factory import make_factory
from lib.logger.render import clock_text
from lib.recording.layout import SUFFIX
from lib.recording.writer import RecordingWriter
from lib.registry import find
from lib.timer import AbstractTimer

PATIENCE = 30.0
"""Seconds that the first message may take."""


class Rotation:
    """Names the files, and begins a new one now and then.

    Args:
        folder: Where they go; made if need be.
        name: What their names begin with.
        length: Seconds of one file, 0 = all in one.
    """

    def __init__(self, folder: Path, name: str, length: float) -> None:
        """Open nothing yet."""
        self.files: list[tuple[Path, int]] = []
        """Finished files with their rows."""
        self._folder = folder
        self._name = name
        self._length_ns = round(length * NS_PER_SECOND)
        self._writer: RecordingWriter | None = None
        self._until_ns = 0

    def writer(self, now_ns: int) -> RecordingWriter:
        """Return the file for rows of the time `now_ns`."""
        if self._writer is None or (self._length_ns and now_ns >= self._until_ns):
            self.close()
            self._writer = self._open(now_ns)
            if self._length_ns:
                self._until_ns = (now_ns // self._length_ns + 1) * self._length_ns
        return self._writer

    def flush(self) -> None:
        """Bring what waits to the disk."""
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Finish the open file."""
        if self._writer is not None:
            self._writer.close()
            self.files.append((self._writer.path, self._writer.rows))
            self._writer = None

    def _open(self, now_ns: int) -> RecordingWriter:
        self._folder.mkdir(parents=True, exist_ok=True)
        moment = "".join(mark for mark in clock_text(now_ns)[:19] if mark.isdigit())
        stem = f"{self._name}-{moment[:8]}-{moment[8:]}"
        about = {"made_by": "record", "exchange": self._name, "created_ns": now_ns}
        for number in range(1000):
            name = f"{stem}.{number}{SUFFIX}" if number else f"{stem}{SUFFIX}"
            with contextlib.suppress(FileExistsError):
                return RecordingWriter(self._folder / name, about)
        raise ConfigError(f"{self._folder} has a thousand files {stem} already")


class MessageTape:
    """Writes the bus's market messages into recordings.

    Args:
        rotation: The files.
    """

    def __init__(self, rotation: Rotation) -> None:
        """Have written nothing."""
        self._rotation = rotation
        self.rows = 0

    def write(self, message: Message, now_ns: int) -> None:
        """Write one message that came in at `now_ns`."""
        writer = self._rotation.writer(now_ns)
        self.rows += 1
        match message:
            case Book():
                quote = message.bid_price, message.bid_qty, message.ask_price, message.ask_qty
                writer.book(now_ns, message.event_ns, message.symbol, message.update_id, quote)
            case Trade():
                trade = message.price, message.qty, message.side == Side.SELL
                writer.trade(now_ns, message.event_ns, message.symbol, message.update_id, trade)
            case Mark():
                prices = message.mark_price, message.index_price, message.funding_rate
                funding_ns = message.next_funding_ns
                writer.mark(now_ns, message.event_ns, message.symbol, funding_ns, prices)
            case Depth():
                self._write_depth(writer, message, now_ns)
            case Candle(finished=True):
                values: Sequence[str] = message[2:7]
                writer.candle(now_ns, message.event_ns, message.symbol, message.open_ns, values)
            case _:
                self.rows -= 1

    def _write_depth(self, writer: RecordingWriter, message: Depth, now_ns: int) -> None:
        last = message.update_id
        sides = message.bids, message.asks
        writer.depth(
            now_ns, message.event_ns, message.symbol, (last, last, last), sides, snapshot=True
        )


async def record(
    part: dict[str, Any],
    rotation: Rotation,
    timer: AbstractTimer,
    stop: asyncio.Event,
    length: float = 0.0,
) -> list[tuple[Path, int]]:
    """Record a stream until `stop` is set; return the files with their rows.

    Args:
        part: The stream's config, as a stream worker gets it.
        rotation: The files.
        timer: Dates what comes in.
        stop: Ends it.
        length: Seconds from the first message on; 0 for no end. Where none comes at all, it ends
            `PATIENCE` later.
    """
    factory = make_factory({"name": "SandboxFactory"}, part)
    # What is played again later must meet orders when it happened, however late it was sent.
    config = part | {"by_transaction": True}
    stream = find("stream", part["name"])(config, factory, timer)
    tape = MessageTape(rotation)
    loop = asyncio.get_running_loop()
    ends = [loop.call_later(length + PATIENCE, stop.set)] if length else []

    def take(message: Message) -> None:
        tape.write(message, timer.Timestamp())
        if len(ends) == 1:
            ends[0].cancel()
            ends.append(loop.call_later(length, stop.set))

    running = asyncio.ensure_future(stream.Run(take))
    stopping = asyncio.ensure_future(stop.wait())
    flushing = asyncio.ensure_future(_flush(rotation, timer))
    try:
        await asyncio.wait((running, stopping, flushing), return_when=asyncio.FIRST_COMPLETED)
        for task in (running, flushing):
            if task.done():
                task.result()
    finally:
        for task in (running, stopping, flushing):
            task.cancel()
        await asyncio.gather(running, stopping, flushing, return_exceptions=True)
        rotation.close()
    return rotation.files


async def _flush(rotation: Rotation, timer: AbstractTimer) -> None:
    # A quiet market must not keep its last rows from the disk.
    while True:
        await timer.SleepAsync(2.0)
        rotation.flush()
