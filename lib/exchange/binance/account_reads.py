"""What the account's owner may ask of Binance USD-M: positions, balances, settings, rights."""

from itertools import chain
from typing import Any

from lib.exchange.binance import codec
from lib.exchange.binance.answers import listed, read
from lib.exchange.binance.market_reads import BinanceMarket
from lib.oms.events import BalanceReport, PositionReport


class BinanceAccount(BinanceMarket):
    """Reads of the account; constructed like `BinanceLink`."""

    async def positions(self) -> list[PositionReport]:
        """Return the positions; flat symbols are missing."""
        rows = await self._read(lambda: self.client.futures_position_information())
        return [*chain(*listed(lambda row: codec.parse_positions([row]), rows))]

    async def balances(self) -> list[BalanceReport]:
        """Return every asset's balance."""
        rows = await self._read(lambda: self.client.futures_account_balance())
        return [*chain(*listed(lambda row: codec.parse_balances([row]), rows))]

    async def is_hedge_mode(self) -> bool:
        """Return whether the account keeps long and short positions apart."""
        body = await self._read(lambda: self.client.futures_get_position_mode())
        return read(lambda row: bool(row["dualSidePosition"]), body)

    async def account_settings(self) -> dict[str, Any]:
        """Return the account's settings: `dualSidePosition`, `canTrade` and others."""
        body = await self._read(lambda: self.client.futures_account_config())
        return read(lambda row: dict(row), body)

    async def symbol_settings(self, symbol: str) -> dict[str, Any]:
        """Return the account's settings of one symbol: `marginType`, `leverage`."""
        body = await self._read(lambda: self.client.futures_symbol_config(symbol=symbol))
        rows = listed(lambda row: dict(row), body)
        return rows[0] if rows else {}

    async def may_withdraw(self) -> bool:
        """Return whether the API key may withdraw; asked of the exchange's main address."""
        body = await self._read(lambda: self.client.get_account_api_permissions())
        return read(lambda row: bool(row["enableWithdrawals"]), body)

    async def listen_key(self) -> str:
        """Return the account stream's key: the active one, prolonged, or a new one."""
        body = await self._read(
            lambda: self.client._request_futures_api(  # noqa: SLF001 - the public one stumbles over odd answers
                "post", "listenKey", signed=False, data={}
            )
        )
        return read(_key_of, body)

    async def keep_listen_key(self, key: str) -> None:
        """Prolong the account stream's key.

        Raises:
            OrderRejected: It is not active any more (-1125).
        """
        await self._read(lambda: self.client.futures_stream_keepalive(key))


def _key_of(row: dict[str, Any]) -> str:
    key = row["listenKey"]
    if not isinstance(key, str) or not key:
        raise ValueError(f"listenKey {key!r}")
    return key
