"""Whatever is placed, changed, filled and cancelled: all that shows it shows the same."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.venue.configuration import read_settings
from lib.venue.requests import Request
from lib.venue.stream_names import Route
from lib.venue.venue import Venue
from tests.lib.venue.test_hub import ListWire

START_NS = 1_790_000_040 * NS_PER_SECOND
SYMBOL = "BTCUSDT"
OPEN = {"NEW", "PARTIALLY_FILLED"}
DEPOSIT = Decimal(100_000)


class Agreement(RuleBasedStateMachine):
    """One account that trades at random in a random market."""

    @initialize(seed=st.integers(1, 50))
    def begin(self, seed: int) -> None:
        config = {"active": [SYMBOL], "seed": seed, "rate": 50.0, "balance": str(DEPOSIT)}
        limits = {"orders_10s": 10**6, "orders_1m": 10**6, "weight_limit": 10**7}
        self.venue = Venue(read_settings({**config, **limits, "key_seed": "x"}))
        self.now_ns = START_NS
        self.venue.start(self.now_ns)
        self.wire = ListWire()
        account = self.venue.account.name
        key = self.venue.keys.create(account, self.now_ns)
        connection = self.venue.hub.connect(self.wire, Route.PRIVATE, combined=False)
        self.venue.users.open(connection, key, None, self.now_ns)
        self.seen: dict[int, dict[str, Any]] = {}
        self.wallet = DEPOSIT
        self.held = Decimal(0)
        self.fills: dict[int, Decimal] = {}

    def ask(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        account = self.venue.account
        text = urlencode({**params, "timestamp": self.now_ns // NS_PER_MS})
        signed = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        request = Request(method, path, f"{text}&signature={signed}", "", account.key)
        answer = self.venue.door.answer(request, self.now_ns)
        self.listen()
        return answer.status, answer.body

    def get(self, path: str, **params: Any) -> Any:
        status, body = self.ask("GET", path, **params)
        assert status == 200, body
        return body

    def listen(self) -> None:
        self.venue.hub.flush()
        messages = self.wire.messages()
        self.wire.writes.clear()
        for event in messages:
            if event["e"] == "ORDER_TRADE_UPDATE":
                order = event["o"]
                self.seen[order["i"]] = order
                if order["x"] == "TRADE":
                    filled = self.fills.get(order["i"], Decimal(0)) + Decimal(order["l"])
                    self.fills[order["i"]] = filled
                    assert filled == Decimal(order["z"])
            elif event["e"] == "ACCOUNT_UPDATE":
                for balance in event["a"]["B"]:
                    self.wallet = Decimal(balance["wb"])
                for position in event["a"]["P"]:
                    self.held = Decimal(position["pa"])

    def price(self, offset: int) -> str:
        quote = self.venue.stage.tapes[SYMBOL].quote
        assert quote is not None
        tick = Decimal("0.10")
        return str(((quote.bid * (10_000 + offset) / 10_000) // tick) * tick)

    @rule(
        side=st.sampled_from(["BUY", "SELL"]),
        offset=st.integers(-30, 30),
        qty=st.integers(5, 400),
        tif=st.sampled_from(["GTC", "IOC", "FOK", "GTX"]),
    )
    def place_limit(self, side: str, offset: int, qty: int, tif: str) -> None:
        self.ask(
            "POST",
            "/fapi/v1/order",
            symbol=SYMBOL,
            side=side,
            type="LIMIT",
            timeInForce=tif,
            quantity=f"{qty / 1000:.3f}",
            price=self.price(offset),
        )

    @rule(side=st.sampled_from(["BUY", "SELL"]), qty=st.integers(2, 300), reduce_only=st.booleans())
    def place_market(self, side: str, qty: int, reduce_only: bool) -> None:
        self.ask(
            "POST",
            "/fapi/v1/order",
            symbol=SYMBOL,
            side=side,
            type="MARKET",
            quantity=f"{qty / 1000:.3f}",
            reduceOnly=str(reduce_only).lower(),
        )

    @rule(pick=st.integers(0, 10), offset=st.integers(-20, 20), qty=st.integers(5, 400))
    def change(self, pick: int, offset: int, qty: int) -> None:
        rows = self.get("/fapi/v1/openOrders", symbol=SYMBOL)
        if rows:
            order = rows[pick % len(rows)]
            self.ask(
                "PUT",
                "/fapi/v1/order",
                symbol=SYMBOL,
                side=order["side"],
                orderId=order["orderId"],
                quantity=f"{qty / 1000:.3f}",
                price=self.price(offset),
            )

    @rule(pick=st.integers(0, 10))
    def cancel(self, pick: int) -> None:
        rows = self.get("/fapi/v1/openOrders", symbol=SYMBOL)
        if rows:
            number = rows[pick % len(rows)]["orderId"]
            status, _ = self.ask("DELETE", "/fapi/v1/order", symbol=SYMBOL, orderId=number)
            assert status == 200

    @rule()
    def cancel_all(self) -> None:
        self.ask("DELETE", "/fapi/v1/allOpenOrders", symbol=SYMBOL)
        assert self.get("/fapi/v1/openOrders", symbol=SYMBOL) == []

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_ns += NS_PER_SECOND
            self.venue.advance(self.now_ns)
        self.listen()

    @invariant()
    def orders_agree(self) -> None:
        if not hasattr(self, "venue"):
            return
        truth = {row["id"]: row for row in self.venue.ledger()["orders"]}
        assert set(self.seen) == set(truth)
        shown = {row["orderId"]: row for row in self.get("/fapi/v1/allOrders", symbol=SYMBOL)}
        assert set(shown) == set(truth)
        resting = {row["orderId"] for row in self.get("/fapi/v1/openOrders", symbol=SYMBOL)}
        assert resting == {number for number, row in truth.items() if row["status"] in OPEN}
        for number, row in truth.items():
            event, rest = self.seen[number], shown[number]
            assert row["status"] == event["X"] == rest["status"]
            filled = Decimal(row["filled"])
            assert filled == Decimal(event["z"]) == Decimal(rest["executedQty"])
            assert filled == self.fills.get(number, Decimal(0))
            assert Decimal(row["qty"]) == Decimal(event["q"]) == Decimal(rest["origQty"])
            if filled:
                # the wire rounds averages to its own number of digits
                difference = Decimal(rest["avgPrice"]) - Decimal(row["average_price"])
                assert abs(difference) < Decimal("0.01")

    @invariant()
    def money_agrees(self) -> None:
        if not hasattr(self, "venue"):
            return
        trades = self.get("/fapi/v1/userTrades", symbol=SYMBOL, limit=1000)
        earned = sum(
            (Decimal(t["realizedPnl"]) - Decimal(t["commission"]) for t in trades), DEPOSIT
        )
        [balance] = self.get("/fapi/v3/balance")
        assert Decimal(balance["balance"]) == self.wallet
        assert abs(earned - self.wallet) < Decimal("0.00001") * (1 + len(trades))
        traded = sum(
            (Decimal(t["qty"]) * (1 if t["side"] == "BUY" else -1) for t in trades), Decimal(0)
        )
        assert traded == self.held
        every = self.get("/fapi/v2/positionRisk", symbol=SYMBOL)
        assert Decimal(every[0]["positionAmt"]) == self.held
        used = self.get("/fapi/v3/positionRisk", symbol=SYMBOL)
        assert sum((Decimal(row["positionAmt"]) for row in used), Decimal(0)) == self.held
        account = self.get("/fapi/v3/account")
        assert Decimal(account["totalWalletBalance"]) == self.wallet


Agreement.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestAgreement = Agreement.TestCase
