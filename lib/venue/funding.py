"""Funding payments between longs and shorts at their due times."""

from lib.venue.accounts import Account, Income
from lib.venue.formats import ZERO, money
from lib.venue.market import MarkPrice
from lib.venue.positions import Position
from lib.venue.state import VenueState
from lib.venue.user_events import account_event


class Funding:
    """Plans each symbol's next payment from its mark price events.

    Args:
        state: The venue.
    """

    def __init__(self, state: VenueState) -> None:
        """Start without plans."""
        self._state = state
        self._planned: dict[str, int] = {}

    def on_mark(self, event: MarkPrice) -> None:
        """Plan the payment that an event announces, once."""
        due_ns = event.next_funding_ns
        if due_ns <= event.time_ns or self._planned.get(event.symbol) == due_ns:
            return
        self._planned[event.symbol] = due_ns
        self._state.agenda.add(due_ns, lambda: self._settle(event.symbol, due_ns))

    def _settle(self, symbol: str, due_ns: int) -> None:
        # The newest event before the due time gives the rate and the price.
        if self._planned.get(symbol) != due_ns:
            return
        mark = self._state.marks[symbol]
        for account in self._state.accounts.values():
            for position in account.open_positions(symbol):
                self._pay(account, position, mark)

    def _pay(self, account: Account, position: Position, mark: MarkPrice) -> None:
        state = self._state
        change = -money(position.qty * mark.mark * mark.funding_rate)
        if not change:
            return
        asset = state.asset(mark.symbol)
        number = state.number("income")
        account.pay(Income(mark.symbol, "FUNDING_FEE", change, asset, state.now_ns, number))
        rows = []
        if account.is_isolated(mark.symbol):
            position.isolated_wallet = max(position.isolated_wallet + change, ZERO)
            rows = [position]
        event = account_event(state, account, asset, rows, "FUNDING_FEE", change, mark.symbol)
        state.emit(account, event)
