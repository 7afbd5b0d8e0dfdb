"""Fills on their way to their owners: numbered, told, acknowledged (pure)."""

from collections import defaultdict, deque
from collections.abc import Iterable

from lib.bus.protocol import OrderUpdate
from lib.oms.rows import ACKS, Fact, FillRow, Past, fact, update_of


class Deliveries:
    """Numbers every fill of an owner, and remembers those that were not acknowledged.

    A fill that is told before it is in the journal carries the number of an epoch of this life's
    own: should it end before the number is written, the next life may give it to another fill.

    Args:
        epoch: The journal's number: another one after fills may have been lost with a journal.
        life: Another number in each life of the process.
    """

    def __init__(self, epoch: int = 1, life: int = 1) -> None:
        """Have told nothing."""
        self.epoch = epoch
        self._loose_epoch = -life
        self._safe: dict[str, int] = {}
        self._newest: dict[str, int] = {}
        self._acked: dict[str, int] = {}
        self._waiting: dict[str, deque[OrderUpdate]] = defaultdict(deque)

    def restore(self, past: Past) -> None:
        """Go on where a former life of the process stopped."""
        self._acked = {owner: int(number) for owner, number in past.facts.get(ACKS, {}).items()}
        self._newest = dict(past.sequences)
        self._safe = dict(past.sequences)
        for row in past.fills:
            if row.sequence > self._acked.get(row.owner, 0):
                told = update_of(row)._replace(fill_epoch=self.epoch)
                self._waiting[row.owner].append(told)

    def number(self, update: OrderUpdate) -> OrderUpdate:
        """Return a fill's update with the next number of its owner."""
        sequence = self._newest.get(update.owner, 0) + 1
        self._newest[update.owner] = sequence
        numbered = update._replace(fill_epoch=self.epoch, fill_sequence=sequence)
        self._waiting[update.owner].append(numbered)
        return numbered

    def committed(self, update: OrderUpdate) -> None:
        """Take in that a fill, and all before it, are in the journal."""
        self._safe[update.owner] = max(update.fill_sequence, self._safe.get(update.owner, 0))

    def told(self, update: OrderUpdate) -> OrderUpdate:
        """Return a numbered fill as it may be told by now."""
        is_safe = update.fill_sequence <= self._safe.get(update.owner, 0)
        return update if is_safe else update._replace(fill_epoch=self._loose_epoch)

    def knows(self, epoch: int) -> bool:
        """Return whether an epoch's numbers are those of the fills that are known here."""
        return epoch in (self.epoch, self._loose_epoch)

    def acked(self, owner: str) -> int:
        """Return the newest fill that an owner has acknowledged, 0 for none."""
        return self._acked.get(owner, 0)

    def ack(self, owner: str, epoch: int, sequence: int) -> Fact | None:
        """Take in that an owner has handled all fills up to a number.

        Returns:
            What is to be journaled; None for nothing new, or for a number of another journal.
        """
        newest = self._newest.get(owner, 0)
        if not self.knows(epoch) or not self.acked(owner) < sequence <= newest:
            return None
        self._acked[owner] = sequence
        waiting = self._waiting[owner]
        while waiting and waiting[0].fill_sequence <= sequence:
            waiting.popleft()
        return fact(ACKS, self._acked)

    def after(self, owner: str, epoch: int, sequence: int, *, reborn: bool) -> list[OrderUpdate]:
        """Return the fills that an owner has not handled, oldest first.

        Args:
            owner: Whose fills.
            epoch: Journal that numbered the newest fill that it has handled.
            sequence: That fill's number.
            reborn: The owner's life is a new one: what happened before is marked as replayed.
        """
        since = sequence if self.knows(epoch) else 0
        return [
            self.told(update)._replace(replayed=reborn)
            for update in self._waiting[owner]
            if update.fill_sequence > since
        ]


def keys(rows: Iterable[FillRow]) -> Iterable[tuple[str, int, int]]:
    """Yield what makes each fill the same fill."""
    return ((row.symbol, row.trade_id, row.exchange_id) for row in rows)
