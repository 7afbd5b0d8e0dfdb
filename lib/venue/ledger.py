"""The truth about accounts, for tests and drills: every order, fill, position and balance."""

from typing import Any

from lib.helpers import plain
from lib.venue.accounts import Account, Fill
from lib.venue.algo_orders import AlgoOrder
from lib.venue.orders import VenueOrder
from lib.venue.positions import Position
from lib.venue.state import VenueState


def ledger(state: VenueState, names: list[str]) -> dict[str, Any]:
    """Return the accounts' truth, JSON-ready, decimals as strings, times in ns."""
    accounts = [state.accounts[name] for name in names]
    return {
        "time_ns": state.now_ns,
        "orders": [_order(each) for account in accounts for each in account.orders],
        "algo_orders": [_algo(each) for account in accounts for each in account.algos.all()],
        "fills": [_fill(account, each) for account in accounts for each in account.fills],
        "accounts": {account.name: _account(state, account) for account in accounts},
    }


def _account(state: VenueState, account: Account) -> dict[str, Any]:
    return {
        "balances": {asset: plain(value) for asset, value in account.wallets.items()},
        "deposits": {asset: plain(value) for asset, value in account.deposits.items()},
        "positions": [_position(state, each) for each in account.open_positions()],
        "hedge": account.settings.hedge,
        "countdowns": dict(account.countdowns),
    }


def _position(state: VenueState, position: Position) -> dict[str, Any]:
    return {
        "symbol": position.symbol,
        "side": position.side,
        "qty": plain(position.qty),
        "entry_price": plain(position.entry),
        "realised": plain(position.realised),
        "unrealised": plain(position.unrealised(state.mark(position.symbol))),
    }


def _order(order: VenueOrder) -> dict[str, Any]:
    return {
        "account": order.account,
        "id": order.id,
        "client_id": order.client_id,
        "symbol": order.symbol,
        "side": order.side,
        "position_side": order.position_side,
        "type": order.type,
        "time_in_force": order.time_in_force,
        "price": plain(order.price),
        "qty": plain(order.qty),
        "filled": plain(order.filled),
        "average_price": plain(order.average),
        "status": order.status,
        "reason": order.reason,
        "reduce_only": order.reduce_only,
        "close_position": order.close_position,
        "algo_id": order.algo_id,
        "created_ns": order.created_ns,
        "updated_ns": order.updated_ns,
        "born": order.born,
        "ended": order.ended,
    }


def _algo(order: AlgoOrder) -> dict[str, Any]:
    return {
        "account": order.account,
        "id": order.id,
        "client_id": order.client_id,
        "symbol": order.symbol,
        "side": order.side,
        "position_side": order.position_side,
        "type": order.type,
        "qty": plain(order.qty),
        "trigger_price": plain(order.trigger_price),
        "price": plain(order.price),
        "status": order.status,
        "reduce_only": order.reduce_only,
        "close_position": order.close_position,
        "order_id": order.child.id if order.child is not None else 0,
        "message": order.message,
        "created_ns": order.created_ns,
        "updated_ns": order.updated_ns,
    }


def _fill(account: Account, fill: Fill) -> dict[str, Any]:
    return {
        "account": account.name,
        "id": fill.id,
        "order_id": fill.order_id,
        "client_id": fill.client_id,
        "symbol": fill.symbol,
        "side": fill.side,
        "position_side": fill.position_side,
        "price": plain(fill.price),
        "qty": plain(fill.qty),
        "fee": plain(fill.fee),
        "fee_asset": fill.fee_asset,
        "realised": plain(fill.realised),
        "maker": fill.maker,
        "time_ns": fill.time_ns,
        "step": fill.step,
    }
