from typing import Any

import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import OTHER, SYMBOL, Trader

GOOD: dict[str, Any] = {
    "algoType": "CONDITIONAL",
    "symbol": SYMBOL,
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "0.1",
    "triggerPrice": "990",
}
TRAILING = {"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "1"}


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def place(trader: Trader, **change: Any) -> tuple[int, Any]:
    return trader.send("/v1/algoOrder", GOOD | change)


def accepted(trader: Trader, **change: Any) -> Any:
    status, body = place(trader, **change)
    assert status == 200, body
    return body


@pytest.mark.parametrize(
    ("code", "change"),
    [
        *((-1102, {name: None}) for name in ("algoType", "symbol", "side", "type", "quantity")),
        (-1102, {"triggerPrice": None}),
        (-1102, {"type": "STOP"}),
        (-1102, TRAILING | {"callbackRate": None}),
        (-1102, {"timeInForce": "GTD"}),
        (-1130, {"algoType": "VP"}),
        (-1130, {"workingType": "INDEX"}),
        (-1104, {"stopPrice": "990"}),
        (-1106, {"price": "990"}),
        (-1106, {"closePosition": "true", "quantity": None, "reduceOnly": "true"}),
        (-1115, {"timeInForce": "DAY"}),
        (-1116, {"type": "LIMIT"}),
        (-1117, {"side": "HOLD"}),
        (-1121, {"symbol": "NOSUCH"}),
        (-1136, {"newOrderRespType": "FULL"}),
        (-1100, {"clientAlgoId": "a b"}),
        (-4015, {"clientAlgoId": "a" * 37}),
        (-2007, TRAILING | {"callbackRate": "20.1"}),
        (-2007, TRAILING | {"callbackRate": "0.05"}),
        (-2021, {"triggerPrice": "1000"}),
        (-2021, {"side": "BUY", "triggerPrice": "1000"}),
        (-2021, {"type": "TAKE_PROFIT_MARKET", "triggerPrice": "1000"}),
        (-2021, TRAILING | {"activatePrice": "1000"}),
        (-2021, TRAILING | {"activatePrice": "1000", "side": "BUY"}),
        (-4014, {"triggerPrice": "990.05"}),
        (-4013, {"triggerPrice": "1"}),
        (-4003, {"quantity": "0"}),
        (-4061, {"positionSide": "LONG"}),
        (-4136, {"type": "STOP", "price": "990", "closePosition": "true", "quantity": None}),
        (-4137, {"closePosition": "true"}),
        (-4164, {"quantity": "0.01"}),
        (-5037, {"type": "STOP", "price": "990", "priceMatch": "QUEUE"}),
        (-5038, {"priceMatch": "QUEUE"}),
        (-5039, {"selfTradePreventionMode": "MAYBE"}),
    ],
)
def test_each_bad_conditional_order_has_its_own_code(
    trader: Trader, code: int, change: dict[str, Any]
) -> None:
    status, body = place(trader, **change)

    assert (status, body["code"]) == (400, code)
    assert trader.ok("GET", "/v1/openAlgoOrders") == []


def test_an_accepted_order_is_told_and_listed(trader: Trader) -> None:
    body = accepted(trader, clientAlgoId="sl-1", reduceOnly="true")

    assert (body["algoStatus"], body["orderType"]) == ("NEW", "STOP_MARKET")
    assert trader.told() == ["ALGO NEW"]
    listed = trader.ok("GET", "/v1/openAlgoOrders")[0]
    assert (listed["algoId"], listed["actualOrderId"]) == (body["algoId"], "")
    assert trader.ok("GET", "/v1/algoOrder", clientAlgoId="sl-1")["algoId"] == body["algoId"]
    assert trader.ok("GET", "/v1/openOrders") == []
    assert trader.ok("GET", "/v1/allOrders", symbol=SYMBOL) == []


def test_no_margin_is_checked_before_the_trigger(trader: Trader) -> None:
    accepted(trader, quantity="100", side="BUY", triggerPrice="1010")
    accepted(trader, quantity="100", side="BUY", triggerPrice="1010")


def test_a_client_id_is_unique_among_waiting_orders(trader: Trader) -> None:
    first = accepted(trader, clientAlgoId="a")["algoId"]
    assert place(trader, clientAlgoId="a")[1]["code"] == -4116

    trader.ok("DELETE", "/v1/algoOrder", clientAlgoId="a")
    second = accepted(trader, clientAlgoId="a")["algoId"]

    assert trader.ok("GET", "/v1/algoOrder", clientAlgoId="a")["algoId"] == second
    assert trader.ok("GET", "/v1/algoOrder", algoId=first)["algoStatus"] == "CANCELED"


def test_cancelling_answers_with_a_code_that_is_text(trader: Trader) -> None:
    body = accepted(trader, clientAlgoId="a")
    trader.events()

    answer = trader.ok("DELETE", "/v1/algoOrder", algoId=body["algoId"])

    assert answer == {
        "algoId": body["algoId"], "clientAlgoId": "a", "code": "200", "msg": "success",
    }  # fmt: skip
    assert trader.told() == ["ALGO CANCELED"]
    assert trader.code("DELETE", "/v1/algoOrder", algoId=body["algoId"]) == -2011
    assert trader.code("DELETE", "/v1/algoOrder", algoId=1) == -2011
    assert trader.code("DELETE", "/v1/algoOrder") == -1102
    assert trader.code("GET", "/v1/algoOrder", algoId=1) == -2013


def test_cancel_all_takes_one_symbol(trader: Trader) -> None:
    trader.quote(symbol=OTHER)
    accepted(trader)
    kept = accepted(trader, symbol=OTHER)["algoId"]

    trader.ok("DELETE", "/v1/algoOpenOrders", symbol=SYMBOL)

    assert [each["algoId"] for each in trader.ok("GET", "/v1/openAlgoOrders")] == [kept]
    assert trader.ok("GET", "/v1/openAlgoOrders", symbol=SYMBOL) == []
    assert trader.ok("GET", "/v1/openAlgoOrders", algoId=1) == []


def test_an_account_has_so_many_conditional_orders_and_no_more() -> None:
    trader = Trader(Options(max_algo_orders=2))
    trader.quote()
    accepted(trader)
    accepted(trader)

    assert place(trader)[1]["code"] == -4045


def test_all_orders_lists_final_ones_too(trader: Trader) -> None:
    ids = [accepted(trader)["algoId"] for _ in range(3)]
    trader.ok("DELETE", "/v1/algoOrder", algoId=ids[0])

    def listed(**more: Any) -> list[int]:
        rows = trader.ok("GET", "/v1/allAlgoOrders", symbol=SYMBOL, **more)
        return [row["algoId"] for row in rows]

    assert listed() == ids
    assert listed(limit=2) == ids[1:]
    assert listed(algoId=ids[1]) == ids[1:]
    assert listed(endTime=1) == []
    week_ms = 7 * 86_400_000
    request = {"symbol": SYMBOL, "startTime": 1, "endTime": week_ms + 2}
    assert trader.code("GET", "/v1/allAlgoOrders", **request) == -1127


def test_old_final_orders_are_forgotten() -> None:
    trader = Trader(Options(history_limit=1))
    trader.quote()
    first = accepted(trader)["algoId"]
    trader.ok("DELETE", "/v1/algoOrder", algoId=first)

    accepted(trader)

    assert trader.code("GET", "/v1/algoOrder", algoId=first) == -2013


def test_in_hedge_mode_only_the_closing_direction_may_close(trader: Trader) -> None:
    trader.ok("POST", "/v1/positionSide/dual", dualSidePosition="true")
    close = {"closePosition": "true", "quantity": None}

    assert place(trader)[1]["code"] == -4061
    assert place(trader, positionSide="SHORT", **close)[1]["code"] == -2022
    assert place(trader, positionSide="LONG", reduceOnly="true")[1]["code"] == -1106
    accepted(trader, positionSide="LONG", **close)
