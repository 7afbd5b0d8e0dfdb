"""countdownCancelAll: cancels a symbol's orders unless it is refreshed in time."""

from typing import Any

from lib.constants import NS_PER_MS
from lib.venue.accounts import Account
from lib.venue.errors import VenueError
from lib.venue.lifecycle import Lifecycle
from lib.venue.params import Params
from lib.venue.state import VenueState
from lib.venue.triggers import Triggers


class DeadMan:
    """Countdowns per account and symbol.

    Args:
        state: The venue.
        lifecycle: Cancels what is open at the end.
        triggers: Cancels conditional orders, where the countdown covers them.
    """

    def __init__(self, state: VenueState, lifecycle: Lifecycle, triggers: Triggers) -> None:
        """Start without countdowns."""
        self._state = state
        self._lifecycle = lifecycle
        self._triggers = triggers

    def arm(self, account: Account, params: Params) -> dict[str, Any]:
        """Start, refresh or (with 0) stop a countdown."""
        info = self._state.info(params.need("symbol"))
        countdown_ms = params.need_long("countdownTime")
        if countdown_ms < 0:
            raise VenueError(-1130, name="countdownTime")
        if countdown_ms:
            due_ns = self._state.now_ns + countdown_ms * NS_PER_MS
            account.countdowns[info.symbol] = due_ns
            self._state.agenda.add(due_ns, lambda: self._expire(account, info.symbol, due_ns))
        else:
            account.countdowns.pop(info.symbol, None)
        return {"symbol": info.symbol, "countdownTime": str(countdown_ms)}

    def _expire(self, account: Account, symbol: str, due_ns: int) -> None:
        if account.countdowns.get(symbol) != due_ns:
            return
        del account.countdowns[symbol]
        for order in account.orders.open(symbol):
            self._lifecycle.cancel(order)
        covers = self._state.faults.dead_man_covers_algo
        if self._state.options.dead_man_covers_algo if covers is None else covers:
            for algo in account.algos.open(symbol):
                self._triggers.end(algo, "CANCELED")
