"""Drives the venue's engine in tests: one account, short words, a clock that ticks by itself."""

from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.venue.engine import Engine, Options
from lib.venue.market import Level, Levels, MarkPrice, Print, Quote
from lib.venue.symbols import SymbolInfo

START_NS = 1_790_000_000 * NS_PER_SECOND
SYMBOL = "BTCUSDT"
OTHER = "ETHUSDT"


def rules(symbol: str = SYMBOL) -> SymbolInfo:
    """Return easy rules: tick 0.1, step 0.001, notional 50, prices 5 % around the mark."""
    return SymbolInfo(
        symbol=symbol,
        base_asset=symbol.removesuffix("USDT"),
        quote_asset="USDT",
        margin_asset="USDT",
        price_precision=2,
        quantity_precision=3,
        tick=Decimal("0.10"),
        min_price=Decimal("10.00"),
        max_price=Decimal(1_000_000),
        step=Decimal("0.001"),
        min_qty=Decimal("0.001"),
        max_qty=Decimal(1_000),
        market_min_qty=Decimal("0.001"),
        market_max_qty=Decimal(120),
        min_notional=Decimal(50),
        multiplier_up=Decimal("1.05"),
        multiplier_down=Decimal("0.95"),
        max_orders=200,
        market_take_bound=Decimal("0.05"),
        trigger_protect=Decimal("0.05"),
        liquidation_fee=Decimal("0.0125"),
    )


def d(value: Any) -> Decimal:
    """Return an exact Decimal."""
    return Decimal(str(value))


class Trader:
    """An account at an engine of its own."""

    def __init__(
        self, options: Options | None = None, balance: str = "10000", seed: int = 1
    ) -> None:
        symbols = {SYMBOL: rules(), OTHER: rules(OTHER)}
        self.engine = Engine(symbols, options or Options(), seed)
        self.now_ns = START_NS
        self.engine.open_account("main", {"USDT": d(balance)}, self.now_ns)
        self.names = 0

    @property
    def now_ms(self) -> int:
        return self.now_ns // NS_PER_MS

    def tick(self, seconds: float = 0.001) -> int:
        self.now_ns += int(seconds * NS_PER_SECOND)
        return self.now_ns

    def wait(self, seconds: float) -> None:
        self.engine.advance(self.tick(seconds))

    def quote(
        self, bid: Any = "1000", ask: Any = "1000.1", size: Any = 10, symbol: str = SYMBOL
    ) -> None:
        self.engine.on_market(Quote(symbol, d(bid), d(size), d(ask), d(size), 1, self.tick()))

    def levels(
        self, bids: list[Level], asks: list[Level], *, snapshot: bool = False, symbol: str = SYMBOL
    ) -> None:
        event = Levels(symbol, bids, asks, 1, 2, 0, self.tick(), snapshot)
        self.engine.on_market(event)

    def trade(self, price: Any, qty: Any, *, sells: bool, symbol: str = SYMBOL) -> None:
        self.engine.on_market(Print(symbol, d(price), d(qty), sells, 1, self.tick()))

    def mark(
        self, price: Any, rate: Any = "0.0001", funding_ns: int = 0, symbol: str = SYMBOL
    ) -> None:
        event = MarkPrice(symbol, d(price), d(price), d(rate), funding_ns, self.tick())
        self.engine.on_market(event)

    def call(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        texts = {name: str(value) for name, value in params.items()}
        answer = self.engine.request("main", method, f"/fapi{path}", texts, self.tick())
        assert answer is not None
        return answer

    def ok(self, method: str, path: str, **params: Any) -> Any:
        status, body = self.call(method, path, **params)
        assert status == 200, body
        return body

    def code(self, method: str, path: str, **params: Any) -> int:
        status, body = self.call(method, path, **params)
        assert status == 400, body
        return int(body["code"])

    def order(self, side: str, qty: Any, price: Any = None, **more: Any) -> tuple[int, Any]:
        """Post a MARKET order without a price, a LIMIT one with; None in `more` leaves out."""
        request: dict[str, Any] = {"symbol": SYMBOL, "side": side, "quantity": qty}
        if price is None:
            request |= {"type": "MARKET"}
        else:
            request |= {"type": "LIMIT", "timeInForce": "GTC", "price": price}
        return self.send("/v1/order", request | more)

    def send(self, path: str, request: dict[str, Any]) -> tuple[int, Any]:
        sent = {name: value for name, value in request.items() if value is not None}
        return self.call("POST", path, **sent)

    def post(self, side: str, qty: Any, price: Any = None, **more: Any) -> Any:
        status, body = self.order(side, qty, price, **more)
        assert status == 200, body
        return body

    def refused(self, side: str, qty: Any, price: Any = None, **more: Any) -> int:
        status, body = self.order(side, qty, price, **more)
        assert status == 400, body
        return int(body["code"])

    def stop(self, side: str, trigger: Any, **more: Any) -> tuple[int, Any]:
        request: dict[str, Any] = {
            "algoType": "CONDITIONAL",
            "symbol": SYMBOL,
            "side": side,
            "type": "STOP_MARKET",
            "triggerPrice": trigger,
        }
        return self.send("/v1/algoOrder", request | more)

    def get(self, order_id: int) -> Any:
        return self.ok("GET", "/v1/order", symbol=SYMBOL, orderId=order_id)

    def events(self) -> list[dict[str, Any]]:
        return [event for _, event in self.engine.take_events()]

    def told(self) -> list[str]:
        """Return the events since the last call as short words."""
        return [_word(event) for event in self.events()]

    def position(self, symbol: str = SYMBOL) -> Decimal:
        rows = self.engine.ledger("main")["accounts"]["main"]["positions"]
        return sum((d(row["qty"]) for row in rows if row["symbol"] == symbol), d(0))

    def wallet(self) -> Decimal:
        return d(self.engine.ledger("main")["accounts"]["main"]["balances"]["USDT"])

    def fills(self) -> list[dict[str, Any]]:
        fills: list[dict[str, Any]] = self.engine.ledger("main")["fills"]
        return fills


def _word(event: dict[str, Any]) -> str:
    match event["e"]:
        case "ORDER_TRADE_UPDATE":
            body = event["o"]
            return f"{body['x']}/{body['X']}" if body["x"] != body["X"] else str(body["x"])
        case "ALGO_UPDATE":
            return f"ALGO {event['o']['X']}"
        case "ACCOUNT_UPDATE":
            return f"ACCOUNT {event['a']['m']}"
        case other:
            return str(other)
