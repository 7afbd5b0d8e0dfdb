"""Journals that tests break: rows, damage, and a writer that tells why it gives up."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from lib.constants import Status
from lib.journal.store import FILE, checkpoint
from lib.journal.writer import JournalWriter
from lib.oms.rows import FillRow, OrderRow, row_of
from tests.lib.oms.order_tools import NOW, OWNER, intent, new_orders

SYMBOL = OWNER.partition(":")[2]
BASE = row_of(new_orders().accept(OWNER, 1, intent(), NOW))
PAGE = 4_096


def order(number: int, status: Status = Status.FILLED, at_ns: int = NOW) -> OrderRow:
    """Return an order's row."""
    return BASE._replace(id=f"{number:08}", status=status.value, sent_ns=at_ns, event_ns=at_ns)


def fill(number: int, at_ns: int = NOW) -> FillRow:
    """Return a fill's row."""
    return FillRow(
        SYMBOL, number, number, OWNER, number, f"{number:08}", "BUY", "1", "100", "0", "USDT", 1,
        at_ns, "[]",
    )  # fmt: skip


def damage(path: Path) -> None:
    """Tear all pages of a journal but the first, which holds header and schema.

    Another connection writes before, so that nobody's cache is good any more.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("INSERT INTO owners VALUES ('torn', 'torn:BTCUSDT')")
    checkpoint(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xa5" * (size - PAGE))


def ids_in(folder: Path) -> set[str]:
    """Return the ids of a journal's orders."""
    with closing(sqlite3.connect(folder / FILE)) as journal:
        return {name for (name,) in journal.execute("SELECT id FROM orders")}


class Writing:
    """A writer in a test's loop; an async context manager.

    Args:
        folder: The journal's folder.
        clock: Returns the exchange's time, ns.
    """

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self.given_up: list[str] = []
        """Why another life is needed."""
        self._loop = asyncio.get_running_loop()
        self.journal = JournalWriter(
            folder, clock, self._loop.call_soon_threadsafe, renew=self.given_up.append
        )

    async def __aenter__(self) -> JournalWriter:
        self.past = await asyncio.to_thread(self.journal.open)
        return self.journal

    async def __aexit__(self, *_: Any) -> None:
        await asyncio.to_thread(self.journal.close)
