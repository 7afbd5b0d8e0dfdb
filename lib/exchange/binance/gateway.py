"""What can be asked of Binance USD-M, in our words; async, and used by one process per account.

Reads that fail raise and prove nothing; a place or cancel that fails says by its error whether it
was executed (see `BinanceRest.ask`).
"""

from collections.abc import Awaitable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import quote

import orjson

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_MS
from lib.errors import ExchangeError, ExchangeUnavailable, OrderRejected, OrderUnknown
from lib.exchange.binance import codec
from lib.exchange.binance.account_reads import BinanceAccount
from lib.exchange.binance.answers import batch_item, checked, listed, read
from lib.exchange.binance.children import DeniedChildren
from lib.models import ZERO
from lib.oms.budget import Budget, Priority
from lib.oms.events import Fill, OrderReport
from lib.oms.outcomes import GONE_CODES, Verb
from lib.timer import AbstractTimer

BY_SYMBOL = 30
"""Up to so many symbols it is cheaper to ask for each one's list than for the list of all."""
TRADES_PER_PAGE = 1_000
NO_SUCH_SYMBOL = -1121
ORDER_ID, ALGO_ID = "clientOrderId", "clientAlgoId"
Found = TypeVar("Found")


class BinanceGateway(BinanceAccount):
    """The account at one exchange address; constructed like `BinanceLink`."""

    def __init__(
        self, config: dict[str, Any], timer: AbstractTimer, budget: Budget | None = None
    ) -> None:
        """Connect nothing yet; must be made inside a running loop."""
        super().__init__(config, timer, budget)
        self._denied = DeniedChildren()

    # --- orders

    async def place(self, intent: OrderIntent, stamp_ns: int = 0) -> OrderReport:
        """Place one order, its request's timestamp being `stamp_ns` (0 = now).

        Raises:
            OrderRejected, RateLimited, ExchangeUnavailable: It does not exist.
            OrderUnknown: It may exist.
        """
        if intent.stop:
            row = await self._order(
                lambda: self.client.futures_create_algo_order(**codec.algo_params(intent)),
                _priority(intent),
                stamp_ns,
            )
            return checked(codec.parse_algo, row)
        row = await self._order(
            lambda: self.client.futures_create_order(**codec.order_params(intent)),
            _priority(intent),
            stamp_ns,
        )
        return checked(codec.parse_order, row)

    async def place_batch(
        self, intents: Sequence[OrderIntent], stamp_ns: int = 0
    ) -> list[OrderReport | ExchangeError]:
        """Place up to `codec.MAX_BATCH` regular orders; one outcome for each, in order.

        Raises:
            OrderRejected, RateLimited, ExchangeUnavailable: None of them exists.
            OrderUnknown: Any of them may exist.
        """
        batch = [codec.order_params(intent) for intent in intents]
        text = quote(orjson.dumps(batch).decode())
        rows = await self._order(
            lambda: self.client._request_futures_api(  # noqa: SLF001 - the public one quotes wrongly
                "post", "batchOrders", signed=True, data={"batchOrders": text}, force_params=True
            ),
            max(map(_priority, intents)),
            stamp_ns,
        )
        if not isinstance(rows, list) or len(rows) != len(intents):
            raise OrderUnknown(f"a batch of {len(intents)} was answered by another shape")
        return [batch_item(row) for row in rows]

    async def cancel(self, symbol: str, client_id: str, *, conditional: bool) -> OrderReport | None:
        """Cancel one order.

        Returns:
            The cancelled order; None for a conditional one, whose reply tells no state.

        Raises:
            OrderUnknown: It is not open (with a code), or nobody knows.
            ExchangeError: Not executed.
        """
        if conditional:
            await self._send(
                Verb.CANCEL, lambda: self.client.futures_cancel_algo_order(clientAlgoId=client_id)
            )
            return None
        row = await self._send(
            Verb.CANCEL,
            lambda: self.client.futures_cancel_order(symbol=symbol, origClientOrderId=client_id),
        )
        return checked(codec.parse_order, row)

    async def query(
        self, symbol: str, client_id: str, *, conditional: bool | None
    ) -> OrderReport | None:
        """Ask for one order.

        Args:
            symbol: Its symbol.
            client_id: Its id on the wire.
            conditional: What it was placed as; None to look for both.

        Returns:
            Its state; None when the exchange answers that there is none.

        Raises:
            ExchangeError: The question failed: nothing is known.
        """
        found = None
        if not conditional:
            found = await _unless_ended(self._query_regular(symbol, client_id), None)
        if found is None and conditional is not False:
            found = await _unless_ended(self._query_algo(symbol, client_id), None)
        return found

    async def open_orders(self, symbols: Iterable[str] | None = None) -> list[OrderReport]:
        """Return all open orders, regular and conditional, of some symbols or of the account."""
        scopes = self._scopes(symbols)
        lists = [
            await (_unless_ended(self._open_in(scope), []) if scope else self._open_in(scope))
            for scope in scopes
        ]
        return [*chain(*lists)]

    async def user_trades(
        self,
        symbol: str,
        *,
        order_id: int | None = None,
        start_ns: int | None = None,
        from_id: int | None = None,
    ) -> list[Fill]:
        """Return executions of one order, or one page (oldest first) since a time or a trade id."""
        params: dict[str, Any] = {"symbol": symbol, "limit": TRADES_PER_PAGE}
        if order_id is not None:
            params["orderId"] = order_id
        if start_ns is not None:
            params["startTime"] = start_ns // NS_PER_MS
        if from_id is not None:
            params["fromId"] = from_id
        asked = self._read(lambda: self.client.futures_account_trades(**params))
        return listed(codec.parse_trade, await _unless_ended(asked, []))

    async def find(self, symbol: str, exchange_id: int) -> OrderReport | None:
        """Return a regular order by the exchange's own id, None when it answers that there is none.

        Raises:
            ExchangeError: The question failed: nothing is known.
        """
        return await self._regular(symbol, orderId=exchange_id)

    async def countdown(self, symbol: str, milliseconds: int) -> None:
        """Have the exchange cancel a symbol's orders unless it is asked again in time; 0 = never.

        Raises:
            ExchangeError: It may or may not have been taken.
        """
        self._check_key()
        self._check_budget(Priority.REDUCE)
        body = await self._ask(
            Verb.CANCEL,
            lambda: self.client.futures_countdown_cancel_all(
                symbol=symbol, countdownTime=milliseconds
            ),
        )
        checked(lambda row: int(row["countdownTime"]), body)

    # --- inside

    async def _query_regular(self, symbol: str, client_id: str) -> OrderReport | None:
        return await self._regular(symbol, origClientOrderId=client_id)

    async def _regular(self, symbol: str, **key: Any) -> OrderReport | None:
        try:
            row = await self._send(
                Verb.QUERY, lambda: self.client.futures_get_order(symbol=symbol, **key)
            )
        except OrderUnknown as error:
            if error.code in GONE_CODES:
                return None
            raise
        return read(codec.parse_order, row)

    async def _query_algo(self, symbol: str, client_id: str) -> OrderReport | None:
        row = await self._algo_row(symbol, client_id)
        if row is None:
            return None
        child_id = read(lambda row: int(row.get("actualOrderId") or 0), row)
        is_over = row.get("algoStatus") == codec.ALGO_FINISHED
        child = None
        if child_id or is_over:
            child = await self._query_regular(symbol, client_id)
        if child is None and child_id:
            child = await self.find(symbol, child_id)
        if child is None and is_over:
            return await self._end_without_child(row, child_id)
        self._denied.forget(client_id)
        return child or read(codec.parse_algo, row)

    async def _algo_row(self, symbol: str, client_id: str) -> dict[str, Any] | None:
        # The single query has answered -2013 for orders that exist: look through the lists.
        bodies = [
            await self._read(lambda: self.client.futures_get_open_algo_orders(symbol=symbol)),
            await self._read(lambda: self.client.futures_get_all_algo_orders(symbol=symbol)),
        ]
        rows = chain(*(listed(lambda row: (row[ALGO_ID], row), body) for body in bodies))
        return next((row for name, row in rows if name == client_id), None)

    async def _end_without_child(self, row: dict[str, Any], child_id: int) -> OrderReport:
        # How a finished one ended is told by its child alone, and a read of that may lag behind;
        # one that is denied for good has been forgotten, and its trades say what it executed.
        client_id = row[ALGO_ID]
        if not self._denied.deny(client_id, self._timer.Monotonic()):
            raise ExchangeUnavailable(f"the exchange does not show what {client_id} became")
        fills = await self.user_trades(row["symbol"], order_id=child_id) if child_id else []
        filled = sum((fill.qty for fill in fills), ZERO)
        self._denied.forget(client_id)
        report = read(codec.parse_algo, {**row, "actualQty": str(filled)})
        return report._replace(exchange_id=child_id, algo=False) if child_id else report

    async def _open_in(self, scope: dict[str, str]) -> list[OrderReport]:
        rows = await self._read(partial(self.client.futures_get_open_orders, **scope))
        found = listed(codec.parse_order, rows, ORDER_ID)
        rows = await self._read(partial(self.client.futures_get_open_algo_orders, **scope))
        return found + listed(codec.parse_algo, rows, ALGO_ID)

    def _scopes(self, symbols: Iterable[str] | None) -> list[dict[str, str]]:
        names = None if symbols is None else list(symbols)
        if names is None or len(names) > BY_SYMBOL:
            return [{}]
        return [{"symbol": name} for name in names]


async def _unless_ended(read: Awaitable[Found], nothing: Found) -> Found:
    """Return what a read about one symbol finds: nothing where the symbol has ended for good.

    Raises:
        ExchangeError: The read failed.
    """
    try:
        return await read
    except OrderRejected as error:
        if error.code != NO_SUCH_SYMBOL:
            raise
        return nothing


def _priority(intent: OrderIntent) -> Priority:
    if intent.reduce_only:
        return Priority.REDUCE
    return Priority.LIMIT if intent.price else Priority.MARKET
