"""Orders at the account that are not ours, or that somebody else makes in our name.

They are never touched. Our prefix on an order that the journal does not know means that a twin of
this run trades elsewhere, unless the journal may have lost it.
"""

from collections.abc import Callable

from lib.exchange.binance.warden import Warden
from lib.logger import AbstractLogger
from lib.oms.events import OrderReport
from lib.oms.orders import Orders
from lib.oms.risk import EVERYONE

IGNORE, STOP = "ignore", "stop"
REMEMBERED = 10_000
FORCED = {
    "autoclose-": "liquidation",
    "adl_autoclose": "auto-deleveraging",
    "settlement_autoclose-": "settlement",
}
"""How the exchange begins the ids of orders that it makes itself."""
OTHERS = "somebody else's trade"
TWIN = "another instance of this run trades the account"
FOREIGN = "an order that is not ours is open"


class Strangers:
    """Tells strangers' orders from ours.

    Args:
        orders: Belief about all orders.
        warden: Stops new risk.
        policy: `ignore`, `warn` or `stop`.
        journal_is_complete: Whether every order of ours that adds risk must be known.
        log: The worker's logger.
        alarm: Tells the supervisor.
        notice: Tells the bots.
    """

    def __init__(
        self,
        orders: Orders,
        warden: Warden,
        policy: str,
        log: AbstractLogger,
        alarm: Callable[[str], None],
        notice: Callable[[str], None],
        *,
        journal_is_complete: bool,
    ) -> None:
        """Have seen nobody."""
        self._orders = orders
        self._warden = warden
        self._policy = policy
        self._log = log
        self._alarm = alarm
        self._notice = notice
        self._journal_is_complete = journal_is_complete
        self._seen: set[str] = set()
        self.twins = 0

    def is_strange(self, report: OrderReport) -> bool:
        """Return whether an order is not ours to touch; tells of it once."""
        if self._orders.get(report.id) is not None:
            return False
        if self._orders.owner_of(report.id) is None:
            self._note_foreign(report)
            return True
        if not self._journal_is_complete or report.reduce_only:
            return False
        self._note_twin(report)
        return True

    def on_listed(self, symbols: set[str]) -> None:
        """Take in the symbols where strangers' orders are open: others are free again."""
        self._warden.blocks.free(FOREIGN, but=symbols)

    def _note_foreign(self, report: OrderReport) -> None:
        if report.fill is not None:
            self._notice(f"{_what(report.id)}: {report.side} {report.fill.qty} {report.symbol}")
        if self._policy == IGNORE:
            return
        if self._policy == STOP and report.status.is_final is False:
            self._warden.blocks.block(report.symbol, FOREIGN, f"{FOREIGN}: {report.id}")
        if self._is_new(report.id):
            self._log.warning("foreign order", id=report.id, symbol=report.symbol)

    def _note_twin(self, report: OrderReport) -> None:
        if not self._is_new(report.id):
            return
        self.twins += 1
        text = f"{TWIN}: it made {report.id}"
        self._warden.blocks.block(EVERYONE, TWIN, text)
        self._log.error(text)
        self._alarm(text)

    def _is_new(self, name: str) -> bool:
        if name in self._seen:
            return False
        if len(self._seen) >= REMEMBERED:
            self._seen.clear()
        self._seen.add(name)
        return True


def _what(client_id: str) -> str:
    return next((text for start, text in FORCED.items() if client_id.startswith(start)), OTHERS)
