"""The venue's ledger as typed rows (pure)."""

import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

FillKey = tuple[str, int, int]
"""Symbol, trade id, order id."""
OPEN = frozenset({"NEW", "PARTIALLY_FILLED"})
ALGO_OPEN = frozenset({"NEW", "TRIGGERING"})
SINGLE = ("orderId", "origClientOrderId")
LISTS = ("orderIdList", "origClientOrderIdList")


class LedgerOrder(NamedTuple):
    """One order that the venue accepted; `price` is 0 for MARKET, quantities are unsigned.

    `born`, `ended` and a fill's `step` tell what came first, even while clocks jump.
    """

    id: int
    client_id: str
    symbol: str
    side: str
    type: str
    price: Decimal
    average_price: Decimal
    qty: Decimal
    filled: Decimal
    status: str
    reduce_only: bool
    algo_id: int
    created_ns: int
    updated_ns: int
    born: int
    ended: int

    @property
    def is_open(self) -> bool:
        """Whether it can still fill."""
        return self.status in OPEN


class LedgerAlgo(NamedTuple):
    """One conditional order."""

    id: int
    client_id: str
    symbol: str
    side: str
    qty: Decimal
    status: str
    reduce_only: bool
    created_ns: int

    @property
    def is_open(self) -> bool:
        """Whether it can still trigger."""
        return self.status in ALGO_OPEN


class LedgerFill(NamedTuple):
    """One trade of ours."""

    id: int
    order_id: int
    client_id: str
    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    realised: Decimal
    time_ns: int
    step: int

    @property
    def key(self) -> FillKey:
        """What names a fill: symbol, trade id, order id."""
        return (self.symbol, self.id, self.order_id)

    @property
    def signed(self) -> Decimal:
        """The quantity with its sign: positive buys."""
        return self.qty if self.side == "BUY" else -self.qty


@dataclass(frozen=True, slots=True)
class Ledger:
    """The truth of one account at one instant; orders and fills in the order of their making.

    `positions` holds signed quantities of the symbols that are not flat, `countdowns` when the
    dead-man switch of a symbol is due, venue's ns.
    """

    time_ns: int
    orders: list[LedgerOrder]
    algos: list[LedgerAlgo]
    fills: list[LedgerFill]
    positions: dict[str, Decimal]
    balances: dict[str, Decimal]
    countdowns: dict[str, int]


def read_ledger(raw: dict[str, Any]) -> Ledger:
    """Return the ledger that `GET /venue/ledger` answered with; the first account's state."""
    account = next(iter(raw["accounts"].values()))
    positions: dict[str, Decimal] = {}
    for row in account["positions"]:
        symbol = row["symbol"]
        positions[symbol] = positions.get(symbol, Decimal(0)) + Decimal(row["qty"])
    return Ledger(
        time_ns=raw["time_ns"],
        orders=[_order(row) for row in raw["orders"]],
        algos=[_algo(row) for row in raw["algo_orders"]],
        fills=[_fill(row) for row in raw["fills"]],
        positions={symbol: qty for symbol, qty in positions.items() if qty},
        balances={asset: Decimal(text) for asset, text in account["balances"].items()},
        countdowns={symbol: int(due) for symbol, due in account["countdowns"].items()},
    )


def deleted(requests: Iterable[dict[str, Any]]) -> set[str]:
    """Return what requests to cancel have named: ids, client ids; a symbol where all go."""
    found: set[str] = set()
    for row in requests:
        if row["method"] != "DELETE":
            continue
        params = row["params"]
        named = [str(params[key]) for key in SINGLE if key in params]
        named += [str(one) for key in LISTS for one in json.loads(params.get(key, "[]"))]
        if not named and row["path"].endswith("OpenOrders"):
            named.append(str(params.get("symbol", "")))
        found.update(named)
    return found


def adds_risk(order: LedgerOrder) -> bool:
    """Return whether an open order may enlarge a position."""
    return order.is_open and not order.reduce_only


def recent_balances(
    balance: Decimal, fills: Iterable[LedgerFill], limit: int
) -> tuple[Decimal, ...]:
    """Return what the wallet held after each of the last `limit` fills, newest first.

    Args:
        balance: What it holds now.
        fills: All fills, oldest first.
        limit: How many of them to go back.
    """
    found = [balance]
    for fill in [*fills][-limit:][::-1]:
        balance -= fill.realised - fill.fee
        found.append(balance)
    return tuple(found)


def positions_since(ledger: Ledger, symbol: str, told: Set[FillKey]) -> list[Decimal]:
    """Return the positions from the newest fill on that a bot was told of, newest first.

    A position reaches a bot before the fill that has made it.
    """
    found = [ledger.positions.get(symbol, Decimal(0))]
    for fill in reversed(ledger.fills):
        if fill.symbol == symbol:
            if fill.key in told:
                break
            found.append(found[-1] - fill.signed)
    return found


def _order(row: dict[str, Any]) -> LedgerOrder:
    return LedgerOrder(
        id=row["id"],
        client_id=row["client_id"],
        symbol=row["symbol"],
        side=row["side"],
        type=row["type"],
        price=Decimal(row["price"]),
        average_price=Decimal(row["average_price"]),
        qty=Decimal(row["qty"]),
        filled=Decimal(row["filled"]),
        status=row["status"],
        reduce_only=bool(row["reduce_only"] or row["close_position"]),
        algo_id=row["algo_id"],
        created_ns=row["created_ns"],
        updated_ns=row["updated_ns"],
        born=row["born"],
        ended=row["ended"],
    )


def _algo(row: dict[str, Any]) -> LedgerAlgo:
    return LedgerAlgo(
        id=row["id"],
        client_id=row["client_id"],
        symbol=row["symbol"],
        side=row["side"],
        qty=Decimal(row["qty"]),
        status=row["status"],
        reduce_only=bool(row["reduce_only"] or row["close_position"]),
        created_ns=row["created_ns"],
    )


def _fill(row: dict[str, Any]) -> LedgerFill:
    return LedgerFill(
        id=row["id"],
        order_id=row["order_id"],
        client_id=row["client_id"],
        symbol=row["symbol"],
        side=row["side"],
        price=Decimal(row["price"]),
        qty=Decimal(row["qty"]),
        fee=Decimal(row["fee"]),
        realised=Decimal(row["realised"]),
        time_ns=row["time_ns"],
        step=row["step"],
    )
