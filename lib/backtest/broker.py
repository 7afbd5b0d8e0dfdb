"""The account of a backtest: requests go to the matching core, its events become own news."""

from decimal import Decimal
from typing import Any, Protocol

from lib.backtest.market import Market
from lib.backtest.orders import OwnFill, OwnOrder
from lib.constants import NS_PER_MS, Side, Status
from lib.exchange.binance.codec import ALGO_FINISHED, ALGO_STATUSES, NOT_FILLED, STATUSES
from lib.exchange.binance.codec import expiry_text as expiry_of
from lib.helpers import decimal, plain
from lib.models import ZERO, Update
from lib.venue.engine import Engine
from lib.venue.errors import HTTP_OK
from lib.venue.market import MarketEvent, MarkPrice
from lib.venue.replay_symbol import FUNDING_PERIOD_NS, FUNDING_RATE, MARK_UNIT

ACCOUNT = "main"
UNKNOWN_ORDER = -2011
TRIGGERING = -4117


class Listener(Protocol):
    """Who is told what happens at the exchange, at the exchange's time."""

    def on_update(self, order: OwnOrder, update: Update) -> None:
        """An order's state has changed."""

    def on_position(self, symbol: str, price: Decimal, qty: Decimal, time_ns: int) -> None:
        """A position has changed: its entry price and signed quantity."""

    def on_fill(self, fill: OwnFill) -> None:
        """The account has traded."""


class Broker:
    """One account at the matching core.

    Args:
        engine: The matching core, its account opened.
        markets: Symbol -> its state.
        listener: Is told.
    """

    def __init__(self, engine: Engine, markets: dict[str, Market], listener: Listener) -> None:
        """Start flat."""
        self._engine = engine
        self._markets = markets
        self._listener = listener
        self._orders: dict[str, OwnOrder] = {}
        self._positions: dict[str, tuple[Decimal, Decimal]] = {}
        self.wallet = ZERO
        self.funding = ZERO
        self.liquidations = 0

    def show(self, market: Market, event: MarketEvent) -> None:
        """Show the core a market event that may matter."""
        if market.pending_quote is not None or market.pending_print is not None:
            self._catch_up(market)
        self._engine.on_market(event)
        self.settle()

    def advance(self, now_ns: int) -> None:
        """Let the core do what is due by itself: fundings."""
        self._engine.advance(now_ns)
        self.settle()

    def deadline(self) -> int | None:
        """Return when the core has something to do by itself."""
        return self._engine.deadline()

    def place(self, order: OwnOrder) -> bool:
        """Put an order into the core; return whether it was taken."""
        market = self._markets[order.symbol]
        self._catch_up(market)
        if not market.has_marks and market.quote is not None:
            self.guess_mark(market, order.arrives_ns)
        self._orders[order.id] = order
        order.has_arrived = True
        market.resting[order.id] = order
        path, params = _placement(order)
        answer = self._engine.request(ACCOUNT, "POST", path, params, order.arrives_ns)
        status, body = answer if answer is not None else (0, {})
        if status != HTTP_OK:
            order.status, order.code = Status.REJECTED, int(body.get("code", 0))
            order.reason = str(body.get("msg", "refused"))
            self._end(order, order.arrives_ns)
        self.settle()
        market.look()
        return status == HTTP_OK

    def cancel(self, order: OwnOrder, now_ns: int) -> None:
        """Take an order out of the core; no effect on one that is final."""
        if order.status.is_final:
            return
        self._catch_up(self._markets[order.symbol])
        path, name = "/fapi/v1/order", "origClientOrderId"
        params = {"symbol": order.symbol, name: order.id}
        if order.is_conditional and order.status is Status.NEW:
            path, params = "/fapi/v1/algoOrder", {"clientAlgoId": order.id}
        self._engine.request(ACCOUNT, "DELETE", path, params, now_ns)
        self.settle()

    def available(self, asset: str, now_ns: int) -> Decimal:
        """Return the margin that is free for new orders."""
        answer = self._engine.request(ACCOUNT, "GET", "/fapi/v3/balance", {}, now_ns)
        rows = answer[1] if answer is not None else []
        found = (row["availableBalance"] for row in rows if row["asset"] == asset)
        return Decimal(next(found, ZERO))

    def needs_mark(self, market: Market) -> bool:
        """Return whether a mark price must be guessed now: the market brings none."""
        if market.has_marks or market.quote is None:
            return False
        if not market.mark_ns or market.resting:
            return True
        return bool(self.position(market.symbol)[1])

    def guess_mark(self, market: Market, now_ns: int) -> None:
        """Show the core the middle of the quote as mark price."""
        mid = market.mid().quantize(MARK_UNIT)
        funding_ns = (now_ns // FUNDING_PERIOD_NS + 1) * FUNDING_PERIOD_NS
        self.mark(market, MarkPrice(market.symbol, mid, mid, FUNDING_RATE, funding_ns, now_ns))

    def mark(self, market: Market, event: MarkPrice) -> None:
        """Show the core a mark price."""
        is_first = not market.mark_ns
        market.mark, market.mark_ns = event.mark, event.time_ns
        self.show(market, event)
        if is_first:
            market.look()

    def mid(self, symbol: str) -> Decimal:
        """Return the middle of a symbol's newest quote."""
        return self._markets[symbol].mid()

    def position(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return (entry price, signed quantity) as they truly are."""
        return self._positions.get(symbol, (ZERO, ZERO))

    def settle(self) -> None:
        """Hand on what the core has to tell."""
        touched = set()
        for _, event in self._engine.take_events():
            kind = event["e"]
            if kind == "ORDER_TRADE_UPDATE":
                touched.add(event["o"]["s"])
                self._on_order(event["o"], int(event["T"]) * NS_PER_MS)
            elif kind == "ACCOUNT_UPDATE":
                self._on_account(event["a"], int(event["T"]) * NS_PER_MS)
            elif kind == "ALGO_UPDATE":
                touched.add(event["o"]["s"])
                self._on_algo(event["o"], int(event["T"]) * NS_PER_MS)
        for symbol in touched:
            self._markets[symbol].look()
        self._engine.take_market_events()

    def _catch_up(self, market: Market) -> None:
        trade, quote = market.pending_print, market.pending_quote
        market.pending_print = market.pending_quote = None
        if trade is not None:
            self._engine.on_market(trade)
        if quote is not None:
            self._engine.on_market(quote)

    def _on_order(self, body: dict[str, Any], time_ns: int) -> None:
        order = self._orders.get(body["c"])
        traded = body["x"] in ("TRADE", "CALCULATED") and int(body["t"])
        if order is not None:
            self._on_own_order(order, body, time_ns, traded=bool(traded))
        elif traded:
            self.liquidations += 1
            self._tell_fill(None, body, time_ns)

    def _on_own_order(
        self, order: OwnOrder, body: dict[str, Any], time_ns: int, *, traded: bool
    ) -> None:
        status = STATUSES[body["X"]]
        if order.is_conditional and status is Status.NEW:
            status = Status.TRIGGERING
        before = order.status
        order.status = status
        order.qty = decimal(body["q"])
        order.exchange_id = int(body["i"])
        order.accepted_ns = order.accepted_ns or time_ns
        if status.is_final and status is not Status.FILLED:
            order.reason = expiry_of(body["X"], str(body.get("er", "")))
        fill = None
        if traded:
            fill = self._tell_fill(order, body, time_ns)
            order.filled += fill.qty
            order.quote += fill.qty * fill.price
        if status.is_final:
            self._end(order, time_ns)
        if fill is not None or status is not before:
            self._listener.on_update(order, order.update(time_ns, fill, body["N"]))

    def _on_algo(self, body: dict[str, Any], time_ns: int) -> None:
        order = self._orders.get(body["caid"])
        if order is None or order.status.is_final:
            return
        before = order.status
        if body["X"] == ALGO_FINISHED:
            # Its child, which has the same id, has told how it ended, unless it fell short.
            order.status, order.reason = Status.EXPIRED, NOT_FILLED
        else:
            order.status = ALGO_STATUSES[body["X"]]
            order.reason = str(body.get("rm") or "")
        order.exchange_id = int(body.get("ai") or 0) or int(body["aid"])
        order.accepted_ns = order.accepted_ns or time_ns
        if order.status is before:
            return
        if order.status.is_final:
            self._end(order, time_ns)
        self._listener.on_update(order, order.update(time_ns))

    def _on_account(self, body: dict[str, Any], time_ns: int) -> None:
        for row in body["B"]:
            self.wallet = Decimal(row["wb"])
            if body["m"] == "FUNDING_FEE":
                self.funding += Decimal(row["bc"])
        for row in body["P"]:
            now = decimal(row["ep"]), decimal(row["pa"])
            if self._positions.get(row["s"], (ZERO, ZERO)) != now:
                self._positions[row["s"]] = now
                self._listener.on_position(row["s"], *now, time_ns)

    def _tell_fill(self, order: OwnOrder | None, body: dict[str, Any], time_ns: int) -> OwnFill:
        symbol = body["s"]
        fill = OwnFill(
            time_ns=time_ns,
            owner=order.owner if order is not None else "",
            order_id=order.id if order is not None else "",
            symbol=symbol,
            side=Side(body["S"]),
            price=decimal(body["L"]),
            qty=decimal(body["l"]),
            fee=Decimal(body["n"]),
            realised=Decimal(body["rp"]),
            maker=bool(body["m"]),
            trade_id=int(body["t"]),
            mid=self._markets[symbol].mid(),
            position=self.position(symbol)[1],
        )
        self._listener.on_fill(fill)
        return fill

    def _end(self, order: OwnOrder, time_ns: int) -> None:
        order.ended_ns = time_ns
        self._markets[order.symbol].resting.pop(order.id, None)
        self._orders.pop(order.id, None)


def _placement(order: OwnOrder) -> tuple[str, dict[str, str]]:
    params = {
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": plain(order.qty),
    }
    if order.reduce_only:
        params["reduceOnly"] = "true"
    if order.is_conditional:
        params |= {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "clientAlgoId": order.id}
        params["triggerPrice"] = plain(order.price)
        return "/fapi/v1/algoOrder", params
    params |= {"newClientOrderId": order.id, "type": order.type.value}
    if order.price:
        params["price"] = plain(order.price)
        params["timeInForce"] = "GTX" if order.post_only else "GTC"
    return "/fapi/v1/order", params
