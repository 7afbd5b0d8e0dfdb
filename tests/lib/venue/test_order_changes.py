from typing import Any

import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import OTHER, SYMBOL, Trader


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def modify(trader: Trader, order_id: int, **change: Any) -> tuple[int, Any]:
    request = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": "991"}
    sent = {k: v for k, v in (request | change).items() if v is not None}
    return trader.call("PUT", "/v1/order", orderId=order_id, **sent)


def test_cancelling_tells_it_once_and_never_twice(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990", newClientOrderId="a")["orderId"]
    trader.events()

    body = trader.ok("DELETE", "/v1/order", symbol=SYMBOL, origClientOrderId="a")

    assert (body["status"], body["orderId"]) == ("CANCELED", order_id)
    assert trader.told() == ["CANCELED"]
    for ids in ({"orderId": order_id}, {"orderId": 1}, {"origClientOrderId": "b"}):
        assert trader.code("DELETE", "/v1/order", symbol=SYMBOL, **ids) == -2011


def test_a_cancel_must_name_an_order(trader: Trader) -> None:
    assert trader.code("DELETE", "/v1/order", symbol=SYMBOL) == -1102
    assert trader.code("DELETE", "/v1/order", symbol=SYMBOL, orderId="x") == -1102
    assert trader.code("DELETE", "/v1/order", symbol="NOSUCH", orderId=1) == -1121


def test_an_order_is_found_under_its_own_symbol_only(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]

    assert trader.code("DELETE", "/v1/order", symbol=OTHER, orderId=order_id) == -2011


def test_cancel_all_takes_one_symbol_and_leaves_conditional_orders(trader: Trader) -> None:
    trader.quote(symbol=OTHER)
    trader.post("BUY", "0.1", "990")
    trader.post("SELL", "0.1", "1010")
    other = trader.post("BUY", "0.1", "990", symbol=OTHER)["orderId"]
    trader.stop("SELL", "990", quantity="0.1")

    body = trader.ok("DELETE", "/v1/allOpenOrders", symbol=SYMBOL)

    assert body == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert [row["orderId"] for row in trader.ok("GET", "/v1/openOrders")] == [other]
    assert len(trader.ok("GET", "/v1/openAlgoOrders")) == 1


def test_a_delayed_cancel_may_lose_against_a_fill() -> None:
    trader = Trader(Options(cancel_latency_ns=5_000_000))
    trader.quote()
    order_id = trader.post("BUY", "0.1", "1000")["orderId"]

    body = trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)
    trader.trade("999", "5", sells=True)
    trader.wait(0.005)

    assert body["status"] == "NEW"
    assert trader.get(order_id)["status"] == "FILLED"


def test_a_delayed_cancel_happens_when_nothing_fills() -> None:
    trader = Trader(Options(cancel_latency_ns=5_000_000))
    trader.quote()
    order_id = trader.post("BUY", "0.1", "1000")["orderId"]

    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)
    trader.wait(0.005)

    assert trader.get(order_id)["status"] == "CANCELED"


def test_a_changed_order_keeps_its_ids_and_loses_its_place(trader: Trader) -> None:
    first = trader.post("BUY", "0.1", "999", newClientOrderId="a")["orderId"]
    second = trader.post("BUY", "0.1", "999")["orderId"]
    trader.events()

    body = modify(trader, first, price="999", modifyId=77)[1]

    assert (body["clientOrderId"], body["origQty"], body["modifyId"]) == ("a", "0.200", 77)
    assert body["pair"] == SYMBOL
    event = trader.events()[0]["o"]
    assert (event["x"], event["X"], event["q"], event["M"]) == ("AMENDMENT", "NEW", "0.2", "77")
    trader.trade("998", "0.15", sells=True)
    assert [trader.get(each)["executedQty"] for each in (second, first)] == ["0.100", "0.050"]


def test_changes_are_on_record(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]
    modify(trader, order_id)
    modify(trader, order_id, price="992", modifyId=5)

    newest, oldest = trader.ok("GET", "/v1/orderAmendment", symbol=SYMBOL, orderId=order_id)

    assert oldest["amendment"] == {
        "price": {"before": "990.00", "after": "991.00"},
        "origQty": {"before": "0.100", "after": "0.200"},
        "count": 1,
    }
    assert (newest["amendment"]["count"], newest["amendment"]["modifyId"]) == (2, 5)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (-1102, {"quantity": None}),
        (-1102, {"price": None}),
        (-1102, {"side": None}),
        (-1117, {"side": "SELL"}),
        (-2013, {"orderId": 1}),
        (-4014, {"price": "991.05"}),
        (-1111, {"quantity": "0.2222"}),
        (-4016, {"price": "1100"}),
        (-2019, {"quantity": "300"}),
        (-5027, {"price": "990", "quantity": "0.1"}),
        (-5029, {"quantity": "0.02"}),
        (-5047, {"reduceOnly": "true"}),
        (-5037, {"priceMatch": "BEST", "price": None}),
    ],
)
def test_a_refused_change_leaves_the_order_as_it_is(
    trader: Trader, code: int, change: dict[str, Any]
) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]

    request = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": "991"}
    sent = {k: v for k, v in ({"orderId": order_id} | request | change).items() if v is not None}

    assert trader.code("PUT", "/v1/order", **sent) == code
    assert trader.get(order_id)["price"] == "990.00"
    assert trader.get(order_id)["origQty"] == "0.100"


def test_only_open_limit_orders_can_be_changed(trader: Trader) -> None:
    market = trader.post("BUY", "0.1")["orderId"]
    assert modify(trader, market)[1]["code"] == -2013

    resting = trader.post("BUY", "0.1", "990")["orderId"]
    trader.engine.fault("change_filters", symbol=SYMBOL, status="PRE_SETTLE")
    assert modify(trader, resting)[1]["code"] == -5024


def test_a_change_below_what_is_filled_cancels(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.5", "1000")["orderId"]
    trader.trade("999", "0.3", sells=True)

    assert modify(trader, order_id, quantity="0.3", price="1000")[1]["status"] == "CANCELED"


def test_a_post_only_order_changed_into_a_taker_is_cancelled(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990", timeInForce="GTX")["orderId"]

    assert modify(trader, order_id, price="1000.1")[1]["status"] == "CANCELED"
    assert trader.fills() == []


def test_a_change_may_take(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]

    modify(trader, order_id, price="1000.1")

    assert trader.get(order_id)["status"] == "FILLED"


def test_price_match_gives_a_change_its_price(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]

    body = modify(trader, order_id, price=None, priceMatch="QUEUE")[1]

    assert body["price"] == "1000.00"
