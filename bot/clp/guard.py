"""Position, stop and liquidation of one symbol, together (pure)."""

from decimal import Decimal

from bot.clp.liquidation import Liquidation, Progress
from bot.clp.position import Position
from bot.clp.state import ClpState
from bot.clp.trailing_stop import TrailingStop


class Guard:
    """Keeps the stop where it belongs, and begins to liquidate when it is hit.

    Args:
        stop: Of the position.
        liquidation: Of the position.
        stoploss_coeff: Stop distance in ATRs.
    """

    def __init__(
        self, stop: TrailingStop, liquidation: Liquidation, stoploss_coeff: Decimal
    ) -> None:
        """Know of no position."""
        self.position = Position()
        self.stop = stop
        self.liquidation = liquidation
        self._coeff = stoploss_coeff

    @property
    def is_watching(self) -> bool:
        """True when nobody else has to: known to be flat, or with a stop price."""
        return self.stop.price is not None or (self.position.is_known and not self.position.qty)

    @property
    def is_liquidating(self) -> bool:
        """True until the position is closed."""
        return self.liquidation.progress is not None

    @property
    def zero(self) -> Decimal | None:
        """Break-even price, None when flat."""
        return self.stop.zero(self.position.qty) if self.position.qty else None

    def restore(self, state: ClpState) -> None:
        """Go on from a state that was checked against the position."""
        self.stop.restore(state.qty, state.entry, state.stop)
        if state.liquidation is not None:
            self.liquidation.begin(state.liquidation)

    def follow(self, mid: Decimal, atr: Decimal | None) -> None:
        """Tighten the stop.

        Args:
            mid: Of the book.
            atr: Average true range, a fraction of the price; None while unknown.
        """
        distance = None if atr is None else self._coeff * atr
        self.stop.follow(self.position.qty, self.position.entry, mid, distance)

    def look(self, mid: Decimal, atr: Decimal | None) -> bool:
        """Tighten the stop; return whether it is hit now, and a liquidation begins."""
        self.follow(mid, atr)
        if self.is_liquidating or not self.stop.is_hit(mid):
            return False
        self.liquidation.begin(Progress(self.position.qty))
        return True
