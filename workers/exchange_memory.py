"""Opens what the exchange worker remembers by: its locks and its journal."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lib.bus.start import Start
from lib.constants import NS_PER_SECOND, Channel
from lib.exchange.binance.authority import Memory
from lib.journal.locks import JOURNAL_LOCK, HostLock, Lock, account_lock, account_name
from lib.journal.store import boot_id
from lib.journal.writer import JournalWriter
from lib.oms.epochs import closed, judge, was_closed
from lib.oms.ids import check_prefixes
from lib.oms.leases import Leases
from lib.oms.rows import OwnerRow, order_of
from lib.timer import AbstractTimer

LOCK_SECONDS = 5.0
"""What a former life may take to be gone."""
STEP_SECONDS = 0.05
CLOSE_SECONDS = 1.0


class ExchangeMemory:
    """Locks and journal of one exchange worker.

    Args:
        start: The worker's birth certificate.
        config: The exchange's section, keys resolved.
        timer: The process's timer.
        renew: Called when nothing but another life can bring the journal back, with why.
    """

    def __init__(
        self,
        start: Start,
        config: dict[str, Any],
        timer: AbstractTimer,
        renew: Callable[[str], None],
    ) -> None:
        """Open nothing yet."""
        self._renew = renew
        self._start = start
        self._config = config
        self._timer = timer
        self._folder = Path(start.state_dir)
        self._locks: list[Lock | HostLock] = []
        self.journal: JournalWriter | None = None
        self.is_untouched = False
        """Whether the last run has left nothing, and this one has changed nothing yet."""

    async def open(self) -> tuple[Memory, dict[str, str]]:
        """Return the memory, and id prefix -> owner of everyone who ever traded here.

        Raises:
            ConfigError: Two owners share a prefix, or the journal is of a newer version.
            OSError: Another process holds the journal or the account.
        """
        prefixes = check_prefixes(self._start.project, self._config.get("owners", ()))
        url, key = str(self._config["rest_url"]), str(self._config.get("key", ""))
        for path in (self._folder / JOURNAL_LOCK, account_lock(self._folder, url, key)):
            await self._lock(partial(Lock, path, self._start.project))
        await self._lock(partial(HostLock, account_name(url, key)))
        loop = asyncio.get_running_loop()
        sync = str(self._config.get("journal_sync", "normal")).upper()
        journal = JournalWriter(
            self._folder, self._timer.Timestamp, loop.call_soon_threadsafe, sync, self._renew
        )
        past = await asyncio.to_thread(journal.open)
        self.journal = journal
        left = any(order_of(row).is_open for row in past.orders)
        self.is_untouched = was_closed(past.facts) and not left
        epoch = judge(past.facts, boot_id(), self._timer.Timestamp(), is_new=journal.is_new)
        journal.put([*epoch.facts, *(OwnerRow(*row) for row in prefixes.items())])
        return Memory(journal, past, epoch, self._leases()), {**past.owners, **prefixes}

    def note_clean(self) -> None:
        """Note that nothing is missing; to be called last."""
        if self.journal is not None:
            self.journal.put([closed()])

    async def close(self) -> None:
        """Write what waits, close, and let the locks go."""
        if self.journal is not None:
            await asyncio.to_thread(self.journal.close, CLOSE_SECONDS)
            self.journal = None
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    def _leases(self) -> Leases:
        limit = float(self._config.get("limits", {}).get(Channel.BOOK, 0))
        return Leases(
            round(limit * NS_PER_SECOND),
            self._timer.Monotonic(),
            watches_books=bool(self._start.streams),
        )

    async def _lock(self, take: Callable[[], Lock | HostLock]) -> None:
        end_ns = self._timer.Monotonic() + round(LOCK_SECONDS * NS_PER_SECOND)
        while True:
            try:
                self._locks.append(take())
            except BlockingIOError:
                if self._timer.Monotonic() >= end_ns:
                    raise
            else:
                return
            await self._timer.SleepAsync(STEP_SECONDS)
