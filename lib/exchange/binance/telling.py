"""Tells owners about their orders, a fill never before it is in the journal."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lib.bus.protocol import OrderUpdate
from lib.constants import NS_PER_MS
from lib.failpoints import failpoint
from lib.journal.abstract_journal import Journal
from lib.oms.actions import Publish
from lib.oms.deliveries import Deliveries
from lib.timer import AbstractTimer

PATIENCE_NS = 1_000 * NS_PER_MS
"""A fill that cannot be journaled is told after this: a bot that does not know its position is
worse than a fill that may be told again to its next life."""


@dataclass(slots=True)
class _Waiting:
    update: OrderUpdate
    due_ns: int
    safe: bool


class Telling:
    """Publishes updates in their order.

    Args:
        journal: Where they are written.
        deliveries: Numbers the fills.
        timer: The process's timer.
        publish: Tells an owner.
    """

    def __init__(
        self,
        journal: Journal,
        deliveries: Deliveries,
        timer: AbstractTimer,
        publish: Callable[[OrderUpdate], None],
    ) -> None:
        """Have nothing to tell."""
        self._journal = journal
        self._deliveries = deliveries
        self._timer = timer
        self._publish = publish
        self._waiting: deque[_Waiting] = deque()

    def tell(self, action: Publish) -> None:
        """Journal what an action carries, and tell its update in its turn."""
        rows = [row for row in (action.order, action.fill) if row is not None]
        if action.fill is None:
            self._journal.put(rows)
            self._waiting.append(_Waiting(action.update, 0, safe=True))
            self.flush()
            return
        failpoint("fill.before_journal")
        waiting = _Waiting(action.update, self._timer.Monotonic() + PATIENCE_NS, safe=False)
        self._waiting.append(waiting)

        def written(error: str) -> None:
            waiting.safe = not error
            if not error:
                self._deliveries.committed(action.update)
                failpoint("fill.after_journal")
            self.flush()

        self._journal.put(rows, written)

    def flush(self) -> None:
        """Tell what may be told by now."""
        while self._waiting:
            first = self._waiting[0]
            if not first.safe and self._timer.Monotonic() < first.due_ns:
                return
            self._waiting.popleft()
            if not first.update.trade_id:
                self._publish(first.update)
                continue
            self._publish(self._deliveries.told(first.update))
            failpoint("fill.after_publish")
