"""The engine as a whole: its laws under random orders and markets."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.venue.engine import Engine, Options
from lib.venue.market import Print
from tests.lib.venue.trader import START_NS, SYMBOL, Trader, d, rules

SIDES = st.sampled_from(["BUY", "SELL"])
QUANTITIES = st.integers(100, 900).map(lambda n: str(d(n) / 1000))
PRICES = st.integers(9_960, 10_040).map(lambda n: str(d(n) / 10))
SIZES = st.integers(1, 2_000).map(lambda n: str(d(n) / 1000))
TIMES_IN_FORCE = st.sampled_from(["GTC", "GTC", "IOC", "FOK", "GTX"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("limit"), SIDES, QUANTITIES, PRICES, TIMES_IN_FORCE),
        st.tuples(st.just("market"), SIDES, QUANTITIES),
        st.tuples(st.just("close"), SIDES, QUANTITIES, PRICES),
        st.tuples(st.just("quote"), PRICES, SIZES),
        st.tuples(st.just("print"), PRICES, SIZES, st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("modify"), st.integers(0, 5), QUANTITIES, PRICES),
        st.tuples(st.just("stop"), SIDES, QUANTITIES, PRICES),
    ),
    max_size=40,
)


def play(steps: list[tuple[Any, ...]], seed: int = 1) -> Trader:
    """Return a trader after random steps; refusals are part of the game."""
    trader = Trader(Options(self_trade_prevention="EXPIRE_MAKER"), "1000000", seed)
    trader.quote(size="1")
    for step in steps:
        take(trader, step)
    return trader


def take(trader: Trader, step: tuple[Any, ...]) -> None:
    match step:
        case ("limit", side, qty, price, time_in_force):
            trader.order(side, qty, price, timeInForce=time_in_force)
        case ("market", side, qty):
            trader.order(side, qty)
        case ("close", side, qty, price):
            trader.order(side, qty, price, reduceOnly="true")
        case ("quote", bid, size):
            trader.quote(bid, d(bid) + d("0.1"), size=size)
        case ("print", price, qty, sells):
            trader.trade(price, qty, sells=sells)
        case ("cancel", number):
            trader.call("DELETE", "/v1/order", symbol=SYMBOL, orderId=_id(trader, number))
        case ("modify", number, qty, price):
            order_id = _id(trader, number)
            side = next(
                (o["side"] for o in trader.ok("GET", "/v1/openOrders") if o["orderId"] == order_id),
                "BUY",
            )
            request = {"symbol": SYMBOL, "side": side, "quantity": qty, "price": price}
            trader.call("PUT", "/v1/order", orderId=order_id, **request)
        case ("stop", side, qty, price):
            trader.stop(side, price, quantity=qty)


def _id(trader: Trader, number: int) -> int:
    rows = trader.ok("GET", "/v1/openOrders")
    return int(rows[number % len(rows)]["orderId"]) if rows else 1


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_quantity_is_made_or_lost(steps: list[tuple[Any, ...]]) -> None:
    trader = play(steps)

    truth = trader.engine.ledger()
    by_order: dict[int, Decimal] = defaultdict(Decimal)
    for fill in truth["fills"]:
        by_order[fill["order_id"]] += d(fill["qty"])
    for order in truth["orders"]:
        filled = d(order["filled"])
        assert filled == by_order[order["id"]] <= d(order["qty"])
        assert (order["status"] == "FILLED") == (filled == d(order["qty"]))


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_fill_is_outside_its_limit_price(steps: list[tuple[Any, ...]]) -> None:
    trader = Trader(balance="1000000")
    trader.quote(size="1")
    limits: dict[int, set[Decimal]] = defaultdict(set)
    for step in steps:
        take(trader, step)
        for order in trader.engine.ledger()["orders"]:
            limits[order["id"]].add(d(order["price"]))

    orders = {order["id"]: order for order in trader.engine.ledger()["orders"]}
    for fill in trader.fills():
        order = orders[fill["order_id"]]
        # A changed order may have filled at any limit that it had.
        if order["type"] == "LIMIT" and fill["side"] == "BUY":
            assert d(fill["price"]) <= max(limits[order["id"]])
        elif order["type"] == "LIMIT":
            assert d(fill["price"]) >= min(limits[order["id"]])


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_position_and_balance_are_the_sum_of_the_fills(steps: list[tuple[Any, ...]]) -> None:
    trader = play(steps)

    signs = {"BUY": 1, "SELL": -1}
    fills = trader.fills()
    held = sum((signs[f["side"]] * d(f["qty"]) for f in fills), d(0))
    results = sum((d(f["realised"]) - d(f["fee"]) for f in fills), d(0))
    assert trader.position() == held
    assert trader.wallet() == d("1000000") + results
    for fill in fills:
        rate = d("0.0002") if fill["maker"] else d("0.0005")
        assert abs(d(fill["fee"]) - d(fill["price"]) * d(fill["qty"]) * rate) < d("0.00000001")


@given(STEPS)
@settings(max_examples=30, deadline=None)
def test_same_calls_and_seed_same_everything(steps: list[tuple[Any, ...]]) -> None:
    first, second = play(steps, seed=7), play(steps, seed=7)

    assert first.engine.ledger() == second.engine.ledger()
    assert first.engine.take_events() == second.engine.take_events()


@given(
    st.lists(st.tuples(st.integers(9_990, 10_000), QUANTITIES), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(9_980, 10_000), SIZES), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_better_prices_then_earlier_orders_fill_first(
    orders: list[tuple[int, str]], prints: list[tuple[int, str]]
) -> None:
    trader = Trader(balance="1000000")
    trader.quote("990", "1010", size="1")
    rank = {}
    for number, (price, qty) in enumerate(orders):
        order_id = trader.post("BUY", qty, d(price) / 10)["orderId"]
        rank[order_id] = (-price, number)

    for price, qty in prints:
        before = {o["id"]: d(o["qty"]) - d(o["filled"]) for o in trader.engine.ledger()["orders"]}
        count = len(trader.fills())
        trader.engine.on_market(Print(SYMBOL, d(price) / 10, d(qty), True, 1, trader.tick()))
        filled = trader.fills()[count:]

        ranks = [rank[fill["order_id"]] for fill in filled]
        assert ranks == sorted(ranks)
        assert sum((d(fill["qty"]) for fill in filled), d(0)) <= d(qty)
        # Whoever is passed over had nothing left to fill.
        for fill in filled[:-1]:
            assert d(fill["qty"]) == before[fill["order_id"]]


def test_time_never_runs_backwards() -> None:
    trader = Trader()
    trader.quote()
    trader.wait(10)
    late_ms = trader.now_ms

    answer = trader.engine.request("main", "GET", "/fapi/v3/balance", {}, START_NS)
    trader.engine.advance(START_NS)

    assert answer is not None
    assert trader.post("BUY", "0.1", "990")["updateTime"] >= late_ms


def test_an_unknown_path_is_left_to_the_server() -> None:
    trader = Trader()

    for method, path in (("GET", "/fapi/v9/order"), ("PATCH", "/fapi/v1/order")):
        assert trader.engine.request("main", method, path, {}, START_NS) is None


def test_events_of_unlisted_symbols_are_ignored() -> None:
    trader = Trader()

    trader.trade("1", "1", sells=True, symbol="NOSUCH")
    trader.quote(symbol="NOSUCH")


def test_accounts_do_not_see_each_other() -> None:
    engine = Engine({SYMBOL: rules()}, Options())
    for name in ("a", "b"):
        engine.open_account(name, {"USDT": d(100)}, START_NS)
    request = {
        "symbol": SYMBOL, "side": "BUY", "type": "LIMIT",
        "timeInForce": "GTC", "quantity": "0.1", "price": "990",
    }  # fmt: skip
    engine.request("a", "POST", "/fapi/v1/order", request, START_NS)

    assert engine.request("b", "GET", "/fapi/v1/openOrders", {}, START_NS) == (200, [])
    assert [name for name, _ in engine.take_events()] == ["a"]
    assert engine.ledger("b")["orders"] == []
