"""Whatever happens, every endpoint and the event stream that show a state agree on it."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.lib.venue.test_engine import PRICES, QUANTITIES, SIDES, SIZES, TIMES_IN_FORCE, take
from tests.lib.venue.trader import SYMBOL, Trader, d


class EveryAnswerAgrees(RuleBasedStateMachine):
    """Whatever happens, all endpoints and the event stream tell one story."""

    def __init__(self) -> None:
        super().__init__()
        self.trader = Trader(balance="1000000")
        self.trader.quote(size="1")
        self.orders: dict[int, dict[str, Any]] = {}
        self.algos: dict[int, dict[str, Any]] = {}
        self.streamed: dict[str, Any] = {}

    @rule(side=SIDES, qty=QUANTITIES, price=PRICES, time_in_force=TIMES_IN_FORCE)
    def place(self, side: str, qty: str, price: str, time_in_force: str) -> None:
        take(self.trader, ("limit", side, qty, price, time_in_force))

    @rule(side=SIDES, qty=QUANTITIES)
    def trade(self, side: str, qty: str) -> None:
        take(self.trader, ("market", side, qty))

    @rule(side=SIDES, qty=QUANTITIES, price=PRICES)
    def close(self, side: str, qty: str, price: str) -> None:
        take(self.trader, ("close", side, qty, price))

    @rule(side=SIDES, qty=QUANTITIES, price=PRICES)
    def stop(self, side: str, qty: str, price: str) -> None:
        take(self.trader, ("stop", side, qty, price))

    @precondition(lambda self: self.trader.ok("GET", "/v1/openOrders"))
    @rule(number=st.integers(0, 5), qty=QUANTITIES, price=PRICES)
    def amend(self, number: int, qty: str, price: str) -> None:
        take(self.trader, ("modify", number, qty, price))

    @precondition(lambda self: self.trader.ok("GET", "/v1/openOrders"))
    @rule(number=st.integers(0, 5))
    def cancel(self, number: int) -> None:
        take(self.trader, ("cancel", number))

    @rule(price=PRICES, size=SIZES)
    def move(self, price: str, size: str) -> None:
        take(self.trader, ("quote", price, size))

    @rule(price=PRICES, size=SIZES, sells=st.booleans())
    def hit(self, price: str, size: str, sells: bool) -> None:
        take(self.trader, ("print", price, size, sells))

    @invariant()
    def stream_and_queries_show_the_same_orders(self) -> None:
        self._read_stream()
        rows = self.trader.ok("GET", "/v1/allOrders", symbol=SYMBOL)
        for row in rows:
            event = self.orders[row["orderId"]]
            assert event["X"] == row["status"]
            assert d(event["z"]) == d(row["executedQty"])
            assert d(event["p"]) == d(row["price"])
        shown = {row["orderId"] for row in self.trader.ok("GET", "/v1/openOrders")}
        assert shown == {
            row["orderId"] for row in rows if row["status"] in ("NEW", "PARTIALLY_FILLED")
        }

    @invariant()
    def stream_and_queries_show_the_same_conditional_orders(self) -> None:
        self._read_stream()
        rows = self.trader.ok("GET", "/v1/allAlgoOrders", symbol=SYMBOL)
        assert {row["algoId"]: row["algoStatus"] for row in rows} == {
            number: event["X"] for number, event in self.algos.items()
        }

    @invariant()
    def all_show_the_same_position_and_balance(self) -> None:
        self._read_stream()
        trader = self.trader
        risk = trader.ok("GET", "/v2/positionRisk", symbol=SYMBOL)[0]
        account = trader.ok("GET", "/v3/account")
        row = {"pa": "0", "ep": "0"} | self.streamed
        assert d(risk["positionAmt"]) == d(row["pa"]) == trader.position()
        assert d(risk["entryPrice"]) == d(row["ep"])
        assert d(account["totalWalletBalance"]) == trader.wallet()
        assert d(self.streamed.get("wb", "1000000")) == trader.wallet()

    @invariant()
    def trades_and_incomes_explain_orders_and_wallet(self) -> None:
        trader = self.trader
        trades = trader.ok("GET", "/v1/userTrades", symbol=SYMBOL)
        orders = trader.ok("GET", "/v1/allOrders", symbol=SYMBOL)
        assert sum((d(t["qty"]) for t in trades), d(0)) == sum(
            (d(o["executedQty"]) for o in orders), d(0)
        )
        incomes = trader.ok("GET", "/v1/income", limit=1000)
        assert sum((d(i["income"]) for i in incomes), d(0)) == trader.wallet()

    def _read_stream(self) -> None:
        for event in self.trader.events():
            match event["e"]:
                case "ORDER_TRADE_UPDATE":
                    self.orders[event["o"]["i"]] = event["o"]
                case "ALGO_UPDATE":
                    self.algos[event["o"]["aid"]] = event["o"]
                case "ACCOUNT_UPDATE":
                    self.streamed |= event["a"]["B"][0] | event["a"]["P"][0]


EveryAnswerAgrees.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None
)
TestEveryAnswerAgrees = EveryAnswerAgrees.TestCase
