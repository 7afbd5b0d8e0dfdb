"""A bot's own orders: which of their states it has been told (pure).

Order events reach a bot by several ways (the account channel, a snapshot, a reply, a deadline that
passed) and may come twice or out of order; each state and each fill is handed on once.
"""

from collections import OrderedDict
from dataclasses import replace

from lib.bus.protocol import OrderUpdate
from lib.constants import OrderType, Side, Status
from lib.errors import ProtocolError
from lib.helpers import decimal
from lib.models import ZERO, Update

REMEMBERED = 4096
"""Final orders and fills kept to recognise repeats: minutes at the exchange's own order limits."""

_RANK = {
    Status.PENDING: 0,
    Status.UNKNOWN: 1,
    Status.NEW: 2,
    Status.PARTIALLY_FILLED: 3,
    Status.TRIGGERING: 3,
}
_FINAL_RANK = 4
# Conclusions that the exchange's own word overrules: the order lives after all.
_REVOCABLE = frozenset({Status.NOT_SENT, Status.NOT_PLACED, Status.REJECTED})

FillKey = tuple[str, int, int]


def to_update(message: OrderUpdate) -> Update:
    """Return what `onOrder` gets for a message.

    Raises:
        ProtocolError: An unknown side, type or status, or a number that is none.
    """
    try:
        return Update(
            id=message.id,
            symbol=message.symbol,
            side=Side(message.side),
            type=OrderType(message.type),
            status=Status(message.status),
            price=decimal(message.price),
            qty=decimal(message.qty),
            filled_qty=decimal(message.filled_qty),
            average_price=decimal(message.average_price),
            reduce_only=message.reduce_only,
            reason=message.reason,
            timestamp=message.event_ns,
            fill_qty=decimal(message.fill_qty),
            fill_price=decimal(message.fill_price),
            trade_id=message.trade_id,
            fee=decimal(message.fee),
            fee_asset=message.fee_asset,
            maker=message.maker,
            exchange_id=message.exchange_id,
            replayed=message.replayed,
        )
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ProtocolError(f"order update of another shape: {error}") from error


class OwnOrders:
    """All orders of one owner that this life knows, by client order id.

    Args:
        remembered: Final orders, and fills, that are kept.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """Know nothing yet."""
        self._remembered = remembered
        self._open: dict[str, Update] = {}
        self._final: OrderedDict[str, Update] = OrderedDict()
        self._fills: OrderedDict[FillKey, None] = OrderedDict()

    def add(self, update: Update) -> None:
        """Remember an order that the bot just made."""
        self._open[update.id] = update

    def get(self, client_id: str) -> Update | None:
        """Return the newest state of an order, without its fill; None for an unknown one."""
        return self._open.get(client_id) or self._final.get(client_id)

    def open_ids(self) -> list[str]:
        """Return the ids of all orders that are not final, oldest first."""
        return list(self._open)

    def open_orders(self) -> list[Update]:
        """Return all orders that are not final, oldest first."""
        return list(self._open.values())

    def see(self, update: Update) -> Update | None:
        """Take a state in; return what the bot must be told, None for what it knows already."""
        is_fill = update.trade_id != 0
        if is_fill and not self._is_new_fill(update):
            return None
        known = self.get(update.id)
        if known is not None:
            if not is_fill and not _is_progress(known, update):
                return None
            update = _merge(known, update)
        self._keep(update)
        return update

    def conclude(self, client_id: str, status: Status, reason: str) -> Update | None:
        """Take in a conclusion of our own (a reply, a deadline); return what the bot is told.

        The time stays that of the order's last event: the exchange has said nothing new.
        """
        known = self.get(client_id)
        if known is None:
            return None
        told = replace(known, status=status, reason=reason)
        if known.status.is_final or not _is_progress(known, told):
            return None
        if status in _REVOCABLE and _rank(known.status) >= _RANK[Status.NEW]:
            return None
        self._keep(told)
        return told

    def _is_new_fill(self, update: Update) -> bool:
        key = (update.symbol, update.trade_id, update.exchange_id)
        if key in self._fills:
            return False
        self._fills[key] = None
        if len(self._fills) > self._remembered:
            self._fills.popitem(last=False)
        return True

    def _keep(self, update: Update) -> None:
        state = replace(update, fill_qty=ZERO, fill_price=ZERO, trade_id=0, fee=ZERO)
        if not update.status.is_final:
            self._final.pop(update.id, None)
            self._open[update.id] = state
            return
        self._open.pop(update.id, None)
        self._final[update.id] = state
        if len(self._final) > self._remembered:
            self._final.popitem(last=False)


def _rank(status: Status) -> int:
    return _RANK.get(status, _FINAL_RANK)


def _is_progress(known: Update, update: Update) -> bool:
    if known.status in _REVOCABLE:
        return update.status not in _REVOCABLE and update.status is not Status.UNKNOWN
    if known.status.is_final:
        return False
    if known.status is update.status:
        return update.filled_qty > known.filled_qty
    # A conditional order's child may fill in parts and be triggering at once.
    return _rank(update.status) >= _rank(known.status)


def _merge(known: Update, update: Update) -> Update:
    """Keep what a late event would take back: a final state, and the greatest filled quantity."""
    if known.status not in _REVOCABLE and (
        known.status.is_final or _rank(update.status) < _rank(known.status)
    ):
        update = replace(update, status=known.status, reason=known.reason)
    if update.filled_qty < known.filled_qty:
        update = replace(update, filled_qty=known.filled_qty, average_price=known.average_price)
    return update
