"""Looks at the account, the symbols and the host before anything is traded."""

import resource
import shutil
from functools import partial
from pathlib import Path
from typing import Any

from lib.constants import KEY, NS_PER_MS
from lib.errors import ExchangeError, OrderRejected
from lib.exchange.binance.answers import read
from lib.exchange.binance.gateway import BinanceGateway
from lib.oms.diagnosis import (
    Account,
    Finding,
    Host,
    Symbol,
    Wanted,
    examine_account,
    examine_host,
    examine_plan,
    examine_rights,
    examine_symbols,
)
from lib.timer import AbstractTimer

KNOWN = {
    "the real exchange": ("fapi.binance.com", "fstream.binance.com"),
    "the testnet": ("testnet.binancefuture.com", "binancefuture.com", "demo-fapi", "demo-fstream"),
    "this machine": ("127.0.0.1", "localhost"),
}
REAL = "fapi.binance.com"


def wanted_of(section: dict[str, Any]) -> Wanted:
    """Return what the exchange worker's section asks for."""
    url = str(section.get(KEY.REST_URL, ""))
    return Wanted(
        symbols=tuple(section["symbols"]),
        dead_man=float(section.get("dead_man", 0)),
        rest_url=url,
        ws_url=str(section.get(KEY.WS_URL, "")),
        paper=bool(section.get("paper")),
        leverage=section.get("leverage"),
        margin_type=section.get("margin_type"),
        is_real=REAL in url,
        known=KNOWN,
    )


async def examine(section: dict[str, Any], state_dir: Path, timer: AbstractTimer) -> list[Finding]:
    """Return all findings; must run inside a loop.

    Args:
        section: The exchange worker's section, keys resolved.
        state_dir: Where the journal is, or will be.
        timer: The process's timer.
    """
    wanted = wanted_of(section)
    found = examine_plan(wanted)
    gateway = BinanceGateway(section, timer)
    try:
        offset_ns = await gateway.sync_clock()
        found += examine_host(host_of(state_dir, -offset_ns / NS_PER_MS))
        found += await examine_settings(gateway, wanted)
        if wanted.is_real or _is_here(wanted.rest_url):
            found += await _examine_rights(gateway)
    except OrderRejected as error:
        found.append(Finding("wrong", f"{wanted.rest_url}: {error}"))
    except ExchangeError as error:
        found.append(Finding("unreachable", f"{wanted.rest_url}: {error}"))
    finally:
        await gateway.close()
    return found


async def examine_settings(gateway: BinanceGateway, wanted: Wanted) -> list[Finding]:
    """Return what there is to say about the account and its symbols.

    Raises:
        ExchangeError: They could not be read.
    """
    account = read(_account_of, await gateway.account_settings())
    statuses = await gateway.symbol_statuses()
    symbols = [
        read(partial(_symbol_of, name, statuses[name]), await gateway.symbol_settings(name))
        for name in wanted.symbols
        if name in statuses
    ]
    return examine_account(account) + examine_symbols(symbols, wanted)


def _account_of(row: dict[str, Any]) -> Account:
    return Account(
        hedge=bool(row["dualSidePosition"]),
        multi_assets=bool(row.get("multiAssetsMargin")),
        can_trade=bool(row.get("canTrade", True)),
    )


def _symbol_of(name: str, status: str, row: dict[str, Any]) -> Symbol:
    # no row at all is an answer: nothing was set
    margin_type, leverage = (row["marginType"], row["leverage"]) if row else ("?", 0)
    return Symbol(name, status, str(margin_type), int(leverage))


async def _examine_rights(gateway: BinanceGateway) -> list[Finding]:
    # Another service of the exchange answers this one: its silence is no reason not to trade.
    try:
        return examine_rights(withdrawals=await gateway.may_withdraw())
    except ExchangeError as error:
        return [Finding("warning", f"the key's rights could not be read: {error}")]


def _is_here(url: str) -> bool:
    # a venue answers for the main address, too; a test exchange has no such service
    return any(part in url for part in KNOWN["this machine"])


def host_of(state_dir: Path, clock_ms: float | None = None) -> Host:
    """Return what this machine has for a journal in a folder."""
    folder = next(each for each in (state_dir, *state_dir.parents) if each.exists())
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Host(clock_ms, shutil.disk_usage(folder).free, files)
