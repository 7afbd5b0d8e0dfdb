"""Closes a position in three steps: first part, second part, rest (pure)."""

from dataclasses import dataclass
from decimal import Decimal

from bot.clp.config import InventoryConfig
from lib.constants import NS_PER_SECOND
from lib.helpers import round_down

PATIENCE_NS = 5 * NS_PER_SECOND
"""An order whose end is not known by then holds up the next step no longer: all of them are
reduce-only, and cannot overshoot."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a liquidation has come; what is stored.

    Args:
        initial: Signed position when it began.
        steps: Orders sent.
    """

    initial: Decimal
    steps: int = 0


class Liquidation:
    """Says which MARKET order comes next, until the position is closed.

    The parts are parts of the position at the beginning. It goes on whatever the price does.

    Args:
        config: The parts and the time between them.
        min_qty: Smallest order quantity.
    """

    def __init__(self, config: InventoryConfig, min_qty: Decimal) -> None:
        """Do nothing until `begin`."""
        parts = (config.first_liquidation, config.second_liquidation)
        self._parts = [part for part in parts if part]
        self._step_ns = config.step_ns
        self._min_qty = min_qty
        self.progress: Progress | None = None
        """None while nothing is liquidated."""
        self._order_id = ""
        self._due_ns = 0
        self._patience_ns = 0

    def begin(self, progress: Progress) -> None:
        """Begin, or go on from where a former life came; the next step is due at once."""
        self.progress = progress
        self._order_id = ""
        self._due_ns = 0

    def next(self, qty: Decimal, now_ns: int) -> Decimal | None:
        """Return the signed quantity of the MARKET order to send now, None for nothing.

        Ends the liquidation when the position is closed, or on the other side by now.

        Args:
            qty: Signed position.
            now_ns: Monotonic.
        """
        progress = self.progress
        if progress is None:
            return None
        if not qty or (qty > 0) is not (progress.initial > 0):
            self.progress = None
            return None
        is_waiting = bool(self._order_id) and now_ns < self._patience_ns
        if is_waiting or now_ns < self._due_ns:
            return None
        size = min(self._part(progress, abs(qty)), abs(qty))
        if abs(qty) - size < self._min_qty:
            # What would be left could not be closed by an order of its own.
            size = abs(qty)
        return -size if qty > 0 else size

    def sent(self, client_id: str, now_ns: int) -> None:
        """Take note that the order is on its way."""
        if self.progress is not None:
            self.progress = Progress(self.progress.initial, self.progress.steps + 1)
        self._order_id = client_id
        self._due_ns = now_ns + self._step_ns
        self._patience_ns = now_ns + PATIENCE_NS

    def failed(self, now_ns: int) -> None:
        """Take note that no order could be sent: the same step is due again later."""
        self._due_ns = now_ns + self._step_ns

    def on_final(self, client_id: str, filled: Decimal) -> None:
        """Take note of an order's end; a step that closed nothing is taken again."""
        if client_id != self._order_id:
            return
        self._order_id = ""
        if not filled and self.progress is not None:
            self.progress = Progress(self.progress.initial, max(0, self.progress.steps - 1))

    def _part(self, progress: Progress, rest: Decimal) -> Decimal:
        if progress.steps >= len(self._parts):
            return rest
        whole = abs(progress.initial)
        return max(self._min_qty, round_down(whole * self._parts[progress.steps], self._min_qty))
