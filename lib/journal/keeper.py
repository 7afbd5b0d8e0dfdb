"""Writes rows through full, broken and torn disks, in one thread; knows no queue and no loop."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lib.constants import NS_PER_SECOND
from lib.journal.errors import TROUBLE, UnwritableError, is_damage
from lib.journal.store import Store, checkpoint, group
from lib.oms.rows import NOTHING, Past, Row

KEPT_NS = 24 * 3_600 * NS_PER_SECOND
"""Final orders and acknowledged fills are kept so long."""
FULL = "the disk of the orders' journal is full"
BACK = "the orders' journal can be opened again"


class Keeper:
    """The open journal, or none, and the rows that could not be written yet.

    Args:
        folder: The project's state folder.
        clock: Returns the exchange's time, ns.
        synchronous: `NORMAL` or `FULL`.
        give_up: Told why nothing but another life of the process can bring the journal back.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], int],
        synchronous: str,
        give_up: Callable[[str], None],
    ) -> None:
        """Open nothing yet."""
        self._folder = folder
        self._clock = clock
        self._synchronous = synchronous
        self._give_up = give_up
        self.store: Store | None = None
        self.unsaved: list[Row] = []
        self.failure = ""
        self.failures = 0
        self.refused = 0
        """Rows that can never be written."""

    def open(self) -> Past:
        """Open and read the journal; one that cannot be opened is a failure, not an error.

        Raises:
            ConfigError: The file was written by a newer version.
        """
        try:
            self.store, past = self._open()
        except TROUBLE as error:
            self._not_opened(error)
            return NOTHING
        return past

    def save(self, rows: Sequence[Row]) -> str:
        """Write rows, and what was left; return "" when they are safe, else why they are not.

        Raises:
            UnwritableError: One of them can never be written; drop it and save again.
        """
        pending = group([*self.unsaved, *rows])
        if not pending:
            return self.failure
        if self.store is None:
            self.unsaved = pending
            return self.failure
        try:
            self._write(self.store, pending)
        except TROUBLE as error:
            self.failures += 1
            self.unsaved = pending
            self.failure = f"the orders' journal cannot be written: {error}"
            if is_damage(error):
                self._put_aside()
            return self.failure
        self.unsaved = []
        self.failure = "" if self.store.reserve.is_there else FULL
        return ""

    def drop(self, row: Row) -> None:
        """Forget a row that can never be written."""
        self.refused += 1
        self.unsaved = [other for other in self.unsaved if other is not row]

    def tidy(self) -> None:
        """Do what is due each second, and was not possible, or not urgent, before."""
        if self.store is None:
            self._try_to_open()
        elif self.unsaved:
            self._save_left()
        elif not self.store.reserve.is_there:
            self.failure = "" if self.store.reserve.make() else FULL
        else:
            self._compact(self.store)

    def checkpoint(self) -> None:
        """Move what was committed into the file; the one thing that another thread may do."""
        store = self.store
        if store is not None:
            with suppress(*TROUBLE):
                checkpoint(store.path)

    def close(self) -> None:
        """Write what is left, and close."""
        self._save_left()
        if self.store is not None:
            self.store.close()

    # --- inside

    def _open(self) -> tuple[Store, Past]:
        store = Store(self._folder, self._synchronous)
        try:
            return store, store.read(self._clock() - KEPT_NS)
        except BaseException:
            store.close()
            raise

    def _not_opened(self, error: BaseException) -> None:
        self.failures += 1
        self.failure = f"the orders' journal cannot be opened: {error}"

    def _try_to_open(self) -> None:
        try:
            store, _ = self._open()
        except TROUBLE as error:
            self._not_opened(error)
            return
        store.close()
        # This life believes without its past, and numbers fills without it: it writes nothing.
        self._give_up(BACK)

    def _save_left(self) -> None:
        # those who waited for these rows have been told
        while True:
            try:
                self.save([])
            except UnwritableError as unwritable:
                self.drop(unwritable.row)
            else:
                return

    @staticmethod
    def _write(store: Store, rows: Sequence[Row]) -> None:
        try:
            store.write(rows)
        except TROUBLE as error:
            if is_damage(error) or not store.reserve.is_there:
                raise
            # outcomes must get through a full disk: what was set aside is for them
            store.reserve.release()
            store.write(rows)

    def _compact(self, store: Store) -> None:
        try:
            store.compact(self._clock() - KEPT_NS)
        except Exception as error:  # noqa: BLE001 - what is left lying about only takes space
            self.failures += 1
            if is_damage(error):
                self.failure = f"the orders' journal cannot be read: {error}"
                self._put_aside()

    def _put_aside(self) -> None:
        # now, while the damage is known: the next life may read past it, and not notice
        store, self.store = self.store, None
        if store is not None:
            store.put_aside()
        self._give_up(self.failure)
