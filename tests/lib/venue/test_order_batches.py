import json
from typing import Any

import pytest

from tests.lib.venue.trader import SYMBOL, Trader


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    return trader


def limit(price: str = "990", **more: Any) -> dict[str, Any]:
    order = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    return order | {"quantity": "0.1", "price": price} | more


def place(trader: Trader, orders: list[dict[str, Any]]) -> Any:
    return trader.ok("POST", "/v1/batchOrders", batchOrders=json.dumps(orders))


def test_each_order_of_a_batch_stands_for_itself(trader: Trader) -> None:
    answers = place(
        trader,
        [
            limit(newClientOrderId="b1"),
            limit(reduceOnly=True),
            limit(price="990.001"),
            limit(type="STOP_MARKET"),
            limit(colour="red"),
        ],
    )

    assert [each.get("code", each.get("status")) for each in answers] == [
        "NEW", -2022, -1111, -4120, -1104,
    ]  # fmt: skip
    assert answers[1] == {"code": -2022, "msg": "ReduceOnly Order is rejected."}


@pytest.mark.parametrize("count", [0, 6])
def test_a_batch_has_one_to_five_orders(trader: Trader, count: int) -> None:
    text = json.dumps([limit()] * count)

    assert trader.code("POST", "/v1/batchOrders", batchOrders=text) == -4082


@pytest.mark.parametrize(
    ("text", "code"), [("", -1102), ("{", -1102), ("{}", -1102), ("[1]", -1130)]
)
def test_a_malformed_batch_is_refused(trader: Trader, text: str, code: int) -> None:
    assert trader.code("POST", "/v1/batchOrders", batchOrders=text) == code


@pytest.mark.parametrize("name", ["orderIdList", "orderidlist"])
def test_orders_are_cancelled_by_a_list_of_ids_in_any_spelling(trader: Trader, name: str) -> None:
    ids = [each["orderId"] for each in place(trader, [limit(), limit()])]

    answers = trader.ok("DELETE", "/v1/batchOrders", symbol=SYMBOL, **{name: json.dumps([*ids, 5])})

    assert [each.get("code", each.get("status")) for each in answers] == [
        "CANCELED", "CANCELED", -2011,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["origClientOrderIdList", "origclientorderidlist"])
def test_orders_are_cancelled_by_a_list_of_client_ids(trader: Trader, name: str) -> None:
    place(trader, [limit(newClientOrderId="a")])

    answers = trader.ok("DELETE", "/v1/batchOrders", symbol=SYMBOL, **{name: '["a","b"]'})

    assert [each.get("code", each.get("status")) for each in answers] == ["CANCELED", -2011]


def test_a_batch_cancel_names_at_most_ten(trader: Trader) -> None:
    path = "/v1/batchOrders"
    assert trader.code("DELETE", path, symbol=SYMBOL) == -1102
    assert trader.code("DELETE", path, symbol=SYMBOL, orderIdList=str([1] * 11)) == -1130


def test_orders_are_changed_in_a_batch(trader: Trader) -> None:
    order_id = place(trader, [limit()])[0]["orderId"]
    change = {"symbol": SYMBOL, "side": "BUY", "orderId": order_id, "quantity": "0.2"}
    text = json.dumps([change | {"price": "991"}, change | {"price": "991"}])

    answers = trader.ok("PUT", "/v1/batchOrders", batchOrders=text)

    assert answers[0]["price"] == "991.00"
    assert answers[1] == {"code": -5027, "msg": "No need to modify the order."}
