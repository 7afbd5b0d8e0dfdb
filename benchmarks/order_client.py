"""The bot of the orders benchmark as one asyncio process around python-binance, nothing else.

It is what many write first: sockets, decisions and orders in one loop; no journal, no risk limits,
no account stream, no supervision.
"""

import asyncio
import json
import sys
import time
import warnings
from decimal import ROUND_DOWN, Decimal
from typing import Any

from lib.oms.ids import ClientIds

FACTOR = Decimal("0.98")
QUEUE = 1_000_000


class Peer:
    """Places and cancels like `benchmarks.order_bot.OrderBot`, for all symbols at once.

    Args:
        client: Asks the exchange.
        symbols: Symbol -> (tick, step, least quantity).
        every: Seconds between two orders of a symbol.
        usd: Notional of an order.
    """

    def __init__(
        self,
        client: Any,
        symbols: dict[str, tuple[Decimal, Decimal, Decimal]],
        every: float,
        usd: Decimal,
    ) -> None:
        """Have placed nothing."""
        self._client = client
        self._symbols = symbols
        self._every = every
        self._usd = usd
        self._ids = {symbol: ClientIds("peer", f"peer:{symbol}") for symbol in symbols}
        self._due = dict.fromkeys(symbols, 0.0)
        self._last = dict.fromkeys(symbols, "")
        self._tasks: set[asyncio.Task[Any]] = set()
        self.ticks: dict[str, int] = {}
        """Order id -> exchange's time of the event that it rests on, ns."""

    def on_tick(self, tick: dict[str, Any]) -> None:
        """Take in one best price."""
        symbol, now = tick["s"], time.monotonic()
        if now < self._due[symbol]:
            return
        self._due[symbol] = now + self._every
        self._spawn(self._place(symbol, Decimal(tick["b"]), tick["T"] * 1_000_000))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _place(self, symbol: str, bid: Decimal, tick_ns: int) -> None:
        step, least_step, least = self._symbols[symbol]
        qty = max((self._usd / bid).quantize(least_step, ROUND_DOWN), least)
        price = (bid * FACTOR) // step * step
        client_id = self._ids[symbol].next(time.time_ns())
        self.ticks[client_id] = tick_ns
        before, self._last[symbol] = self._last[symbol], client_id
        if before:
            self._spawn(self._cancel(symbol, before))
        await self._client.futures_create_order(
            symbol=symbol,
            side="BUY",
            type="LIMIT",
            timeInForce="GTX",
            quantity=f"{qty:f}",
            price=f"{price:f}",
            newClientOrderId=client_id,
        )

    async def _cancel(self, symbol: str, client_id: str) -> None:
        try:
            await self._client.futures_cancel_order(symbol=symbol, origClientOrderId=client_id)
        except Exception:  # noqa: BLE001 - gone already: the figures are about placing
            return


async def run(wanted: dict[str, Any]) -> None:
    """Trade for some seconds; print order id -> tick time as JSON."""
    from binance import AsyncClient, BinanceSocketManager  # noqa: PLC0415

    client = AsyncClient(wanted["key"], wanted["secret"])
    client.FUTURES_URL = f"{wanted['rest_url']}/fapi"
    info = await client.futures_exchange_info()
    symbols = {
        row["symbol"]: _rules(row) for row in info["symbols"] if row["symbol"] in wanted["symbols"]
    }
    peer = Peer(client, symbols, wanted["every"], Decimal(wanted["usd"]))
    manager = BinanceSocketManager(client, max_queue_size=QUEUE)
    manager.FSTREAM_URL = f"{wanted['ws_url']}/"
    names = [f"{symbol.lower()}@bookTicker" for symbol in symbols]
    end = time.monotonic() + wanted["seconds"]
    async with manager.futures_multiplex_socket(names, category="public") as socket:
        while time.monotonic() < end:
            message = await socket.recv()
            if message is not None and "data" in message:
                peer.on_tick(message["data"])
    for symbol in symbols:
        await client.futures_cancel_all_open_orders(symbol=symbol)
    await client.close_connection()
    print(json.dumps(peer.ticks), flush=True)


def _rules(row: dict[str, Any]) -> tuple[Decimal, Decimal, Decimal]:
    filters = {each["filterType"]: each for each in row["filters"]}
    lot = filters["LOT_SIZE"]
    tick = Decimal(filters["PRICE_FILTER"]["tickSize"])
    return tick, Decimal(lot["stepSize"]), Decimal(lot["minQty"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    asyncio.run(run(json.loads(sys.argv[1])))
