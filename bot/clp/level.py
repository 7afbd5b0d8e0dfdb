"""One spread level as it stands: its orders, its age, and whether it is to be replaced (pure)."""

from dataclasses import dataclass
from decimal import Decimal

from bot.clp.config import LevelConfig
from bot.clp.quoting import Prices
from lib.constants import Side

OUTRUN = "outrun"
INCOMPLETE = "incomplete"


@dataclass(slots=True)
class Slot:
    """The place of one order: owed until it has an id, ended once that order is final."""

    side: Side
    price: Decimal
    qty: Decimal
    id: str = ""
    ended: bool = False

    @property
    def is_owed(self) -> bool:
        """True while its order is still to be posted."""
        return not self.id and not self.ended


class Level:
    """A level's prices and orders since it was last replaced.

    Args:
        config: Its section.
        hold_ns: Holding time.
    """

    def __init__(self, config: LevelConfig, hold_ns: int) -> None:
        """Stand empty."""
        self.config = config
        self.prices: Prices | None = None
        self.posted_ns = 0
        """When its newest order was posted, monotonic; the holding time begins there."""
        self.slots: list[Slot] = []
        self._hold_ns = hold_ns

    @property
    def ids(self) -> list[str]:
        """Ids of its open orders."""
        return [slot.id for slot in self.slots if slot.id and not slot.ended]

    def due(self, centre: Decimal, now_ns: int) -> str:
        """Return why the level is to be replaced now, "" when it is to be left alone."""
        if self.prices is None:
            return ""
        is_young = now_ns - self.posted_ns < self._hold_ns
        # Where nothing has been posted yet, there is nothing to hold.
        is_held = is_young and not all(slot.is_owed for slot in self.slots)
        if is_outrun(self.config, self.prices, centre, is_held=is_held):
            return OUTRUN
        if not is_young and any(slot.ended for slot in self.slots):
            return INCOMPLETE
        return ""

    def owed(self, centre: Decimal) -> list[Slot]:
        """Return what is still to be posted; nothing while the market has come too close."""
        if self.prices is None or is_outrun(self.config, self.prices, centre, is_held=False):
            return []
        return [slot for slot in self.slots if slot.is_owed]

    def renew(self, prices: Prices, quantities: list[Decimal], now_ns: int) -> None:
        """Stand anew at other prices, all orders owed."""
        self.prices = prices
        self.posted_ns = now_ns
        self.slots = [Slot(Side.BUY, prices.buy, qty) for qty in quantities]
        self.slots += [Slot(Side.SELL, prices.sell, qty) for qty in quantities]

    def clear(self) -> None:
        """Stand empty."""
        self.prices = None
        self.slots = []

    def on_final(self, client_id: str) -> None:
        """Take note that an order is final."""
        for slot in self.slots:
            if slot.id == client_id:
                slot.ended = True


def is_outrun(level: LevelConfig, prices: Prices, centre: Decimal, *, is_held: bool) -> bool:
    """Return whether the market has come too close to one side of a level.

    It has when remaining distance / original distance < 1 - threshold on either side; the
    threshold is `force` within the holding time, `hysteresis` after it.
    """
    threshold = level.force if is_held else level.hysteresis
    if threshold is None:
        return False
    kept = 1 - threshold
    return centre - prices.buy < kept * (
        prices.centre - prices.buy
    ) or prices.sell - centre < kept * (prices.sell - prices.centre)
