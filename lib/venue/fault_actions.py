"""Faults of the engine by name: what each takes, and what it does."""

from collections.abc import Callable
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.helpers import round_up
from lib.venue.accounts import Account
from lib.venue.engine_faults import NEVER, FaultState, Hiding, ReadLag
from lib.venue.errors import TEXTS, VenueError
from lib.venue.forced_trades import ForcedTrades
from lib.venue.lifecycle import Lifecycle
from lib.venue.order_entry import OrderEntry
from lib.venue.params import Params
from lib.venue.positions import Position
from lib.venue.solvency import Solvency
from lib.venue.state import VenueState
from lib.venue.triggers import Triggers

Action = Callable[..., None]

FAULTS: dict[str, str] = {
    "hide_order": "client_ids, endpoints (order, openOrder, openOrders, allOrders), seconds",
    "late_accept": "seconds, count=1, code=-1007: placements answer so and are made later",
    "read_lag": "lag (seconds), seconds: all reads show the past",
    "subset_open_orders": "keep=0.5, seconds: open lists miss rows at random",
    "algo_get_not_found": "seconds: GET algoOrder answers -2013",
    "hold_triggering": "hold (seconds), seconds: conditional orders stay TRIGGERING",
    "mode_flip": "close=false, account: one-way becomes hedge mode or back, whatever rests; "
    "refused (-4068) with a position, which `close` trades away by hand before",
    "liquidate": "symbol, seconds=0 (that orders stay refused), account: a position is liquidated",
    "adl": "symbol, qty=all, account: a position is auto-deleveraged",
    "manual_trade": "symbol, qty (signed), price=market, account: somebody trades by hand",
    "foreign_order": "symbol, qty (signed), price, client_id=web_…, account: an order not ours",
    "delist": "symbol: orders expire, positions settle, trading ends",
    "change_filters": "symbol and any of its rules (tick, step, min_qty, min_notional, …)",
    "prevention_off": "self-trade prevention is off",
    "dead_man": "covers_algo=true|false: whether countdowns cancel conditional orders",
    "clear": "all of the lasting ones above end",
}
"""Name -> arguments and meaning. `seconds` left out means until cleared."""


class FaultActions:
    """Turns faults on.

    Args:
        state: The venue.
        lifecycle: Changes orders.
        entry: Places foreign orders.
        triggers: Ends conditional orders.
        solvency: Liquidates.
        forced: Trades without being asked.
    """

    def __init__(
        self,
        state: VenueState,
        lifecycle: Lifecycle,
        entry: OrderEntry,
        triggers: Triggers,
        solvency: Solvency,
        forced: ForcedTrades,
    ) -> None:
        """Keep the parts."""
        self._state = state
        self._lifecycle = lifecycle
        self._entry = entry
        self._triggers = triggers
        self._solvency = solvency
        self._forced = forced

    def run(self, name: str, args: dict[str, Any]) -> None:
        """Turn a fault on.

        Raises:
            ValueError: There is no such fault, or its arguments are wrong.
        """
        if name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}")
        action: Action = getattr(self, f"_{name}")
        try:
            action(**args)
        except (TypeError, KeyError, ArithmeticError, VenueError) as error:
            raise ValueError(f"fault {name!r} takes {FAULTS[name]}: {error}") from error

    def _hide_order(
        self,
        client_ids: list[str] | None = None,
        endpoints: list[str] | None = None,
        seconds: float | None = None,
    ) -> None:
        hiding = Hiding(
            self._until(seconds), frozenset(client_ids or ()), frozenset(endpoints or ())
        )
        self._state.faults.hidings.append(hiding)

    def _late_accept(self, seconds: float, count: int = 1, code: int = -1007) -> None:
        if code not in TEXTS:
            raise KeyError(f"no code {code}")
        faults = self._state.faults
        faults.late_ns, faults.late_count, faults.late_code = _ns(seconds), count, code

    def _read_lag(self, lag: float, seconds: float | None = None) -> None:
        self._state.faults.lag = ReadLag(_ns(lag), self._until(seconds))
        for account in self._state.accounts.values():
            self._state.faults.lag.remember(account, self._state.now_ns)

    def _subset_open_orders(self, keep: float = 0.5, seconds: float | None = None) -> None:
        self._state.faults.subset_keep = keep
        self._state.faults.subset_until_ns = self._until(seconds)

    def _algo_get_not_found(self, seconds: float | None = None) -> None:
        self._state.faults.algo_hidden_until_ns = self._until(seconds)

    def _hold_triggering(self, hold: float, seconds: float | None = None) -> None:
        self._state.faults.hold_ns = _ns(hold)
        self._state.faults.hold_until_ns = self._until(seconds)

    def _mode_flip(self, *, close: bool = False, account: str | None = None) -> None:
        owner = self._account(account)
        for position in owner.open_positions() if close else ():
            self._forced.close(owner, position)
        if owner.open_positions():
            raise VenueError(-4068)
        owner.settings.hedge = not owner.settings.hedge

    def _liquidate(self, symbol: str, seconds: float = 0, account: str | None = None) -> None:
        owner = self._account(account)
        self._solvency.liquidate(owner, self._held(owner, symbol))
        if seconds:
            owner.in_liquidation = True
            due_ns = self._state.now_ns + _ns(seconds)
            self._state.agenda.add(due_ns, lambda: setattr(owner, "in_liquidation", False))

    def _adl(self, symbol: str, qty: str | None = None, account: str | None = None) -> None:
        owner = self._account(account)
        for position in self._held(owner, symbol):
            part = Decimal(qty) if qty is not None else abs(position.qty)
            self._forced.deleverage(owner, position, part)

    def _manual_trade(
        self, symbol: str, qty: str, price: str | None = None, account: str | None = None
    ) -> None:
        paid = Decimal(str(price)) if price is not None else None
        self._forced.trade(self._account(account), symbol, Decimal(str(qty)), paid)

    def _foreign_order(
        self,
        symbol: str,
        qty: str,
        price: str,
        client_id: str | None = None,
        account: str | None = None,
    ) -> None:
        signed = Decimal(str(qty))
        request = {
            "symbol": symbol,
            "side": "BUY" if signed > 0 else "SELL",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": format(abs(signed), "f"),
            "price": str(price),
            "newClientOrderId": client_id or f"web_{self._state.letters(20)}",
        }
        self._entry.place(self._account(account), Params(request))

    def _delist(self, symbol: str) -> None:
        self._state.symbols[symbol] = replace(self._state.info(symbol), status="SETTLING")
        for account in self._state.accounts.values():
            for order in account.orders.open(symbol):
                self._lifecycle.expire(order, "7")
            for algo in account.algos.open(symbol):
                self._triggers.end(algo, "EXPIRED")
            for position in account.open_positions(symbol):
                self._forced.settle(account, position)

    def _change_filters(self, symbol: str, **rules: Any) -> None:
        info = self._state.info(symbol)
        known = {each.name: getattr(info, each.name) for each in fields(info)}
        unknown = sorted(set(rules) - set(known))
        if unknown:
            raise KeyError(f"no rule {unknown[0]}; known: {', '.join(known)}")
        changed = {name: type(known[name])(str(value)) for name, value in rules.items()}
        made = replace(info, **changed)
        if "min_price" not in rules:
            # prices count from the least one: the exchange moves it onto the new ticks
            made = replace(made, min_price=round_up(made.min_price, made.tick))
        self._state.symbols[symbol] = made
        self._state.book(symbol).tick = self._state.symbols[symbol].tick

    def _prevention_off(self) -> None:
        self._state.faults.prevention_off = True

    def _dead_man(self, *, covers_algo: bool) -> None:
        self._state.faults.dead_man_covers_algo = covers_algo

    def _clear(self) -> None:
        self._state.faults = FaultState()

    def _until(self, seconds: float | None) -> int:
        return NEVER if seconds is None else self._state.now_ns + _ns(seconds)

    def _account(self, name: str | None) -> Account:
        if name is not None:
            return self._state.accounts[name]
        return next(iter(self._state.accounts.values()))

    def _held(self, account: Account, symbol: str) -> list[Position]:
        held = account.open_positions(symbol)
        if not held:
            raise KeyError(f"no position in {symbol}")
        return held


def _ns(seconds: float) -> int:
    return int(seconds * NS_PER_SECOND)
