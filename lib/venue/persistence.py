"""The private side in one JSON file, so that a venue goes on where its last life stopped."""

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from lib.errors import ConfigError
from lib.venue.accounts import Account, Amendment, Fill, Income, Settings
from lib.venue.algo_orders import AlgoOrder
from lib.venue.orders import VenueOrder
from lib.venue.positions import Position
from lib.venue.state import VenueState

VERSION = 1


class SavedAccount(msgspec.Struct, kw_only=True):
    """One account; `children` says which order a conditional order has become."""

    name: str
    wallets: dict[str, Decimal]
    deposits: dict[str, Decimal]
    settings: Settings
    positions: list[Position]
    orders: list[VenueOrder]
    algos: list[AlgoOrder]
    children: dict[int, int]
    fills: list[Fill]
    incomes: list[Income]
    amendments: list[Amendment]
    countdowns: list[str]
    updated_ns: int


class Saved(msgspec.Struct, kw_only=True):
    """Everything that outlives a venue; `prices` are the last ones of each played symbol."""

    version: int
    saved_ns: int
    numbers: dict[str, int]
    accounts: list[SavedAccount]
    prices: dict[str, Decimal] = {}


def save(state: VenueState) -> Saved:
    """Return what a venue's state is made of."""
    accounts = [_save_account(account) for account in state.accounts.values()]
    numbers = dict(state.numbers)
    return Saved(version=VERSION, saved_ns=state.now_ns, numbers=numbers, accounts=accounts)


def restore(state: VenueState, saved: Saved) -> list[VenueOrder]:
    """Fill a fresh state; return the open orders, which must still be put on the books."""
    state.numbers.update(saved.numbers)
    resting: list[VenueOrder] = []
    for each in saved.accounts:
        account = Account(each.name, each.wallets, state.options, each.updated_ns)
        _restore_account(account, each)
        state.accounts[each.name] = account
        resting += account.orders.open()
    for order in resting:
        order.resting = False
    return sorted(resting, key=lambda order: order.sequence)


def read_file(path: str | Path) -> Saved | None:
    """Return what a file holds, None when there is none yet.

    Raises:
        ConfigError: It cannot be read, or something else wrote it.
    """
    file = Path(path).expanduser()
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"venue.persist {file}: {error.strerror}") from error
    try:
        saved = msgspec.json.decode(raw, type=Saved)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"venue.persist {file} is no venue's file: {error}") from error
    if saved.version != VERSION:
        raise ConfigError(f"venue.persist {file} has version {saved.version}, not {VERSION}")
    return saved


def write_file(path: str | Path, saved: Saved) -> None:
    """Replace a file as a whole.

    Raises:
        OSError: It cannot be written.
    """
    file = Path(path).expanduser()
    fresh = file.with_name(file.name + ".new")
    with fresh.open("wb") as out:
        out.write(msgspec.json.encode(saved))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def _save_account(account: Account) -> SavedAccount:
    algos = account.algos.all()
    return SavedAccount(
        name=account.name,
        wallets=account.wallets,
        deposits=account.deposits,
        settings=account.settings,
        positions=list(account.positions.values()),
        orders=list(account.orders),
        # The child is one of the orders; it is found again by its number.
        algos=[replace(each, child=None) for each in algos],
        children={each.id: each.child.id for each in algos if each.child is not None},
        fills=list(account.fills),
        incomes=list(account.incomes),
        amendments=list(account.amendments),
        countdowns=list(account.countdowns),
        updated_ns=account.updated_ns,
    )


def _restore_account(account: Account, saved: SavedAccount) -> None:
    account.deposits = dict(saved.deposits)
    account.settings = saved.settings
    account.positions = {(each.symbol, each.side): each for each in saved.positions}
    orders: dict[int, Any] = {}
    for order in saved.orders:
        account.orders.add(order)
        orders[order.id] = order
    for algo in saved.algos:
        algo.child = orders.get(saved.children.get(algo.id, 0))
        account.algos.add(algo)
    account.fills.extend(saved.fills)
    account.incomes.extend(saved.incomes)
    account.amendments.extend(saved.amendments)
