from typing import Any

import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import SYMBOL, Trader


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


REFUSALS: list[tuple[int, dict[str, Any]]] = [
    (-1102, {"symbol": None}),
    (-1102, {"side": None}),
    (-1102, {"type": None}),
    (-1102, {"quantity": None}),
    (-1102, {"price": None}),
    (-1102, {"timeInForce": None}),
    (-1102, {"reduceOnly": "yes"}),
    (-1102, {"timeInForce": "GTD"}),
    (-1104, {"colour": "red"}),
    (-1121, {"symbol": "NOSUCH"}),
    (-1117, {"side": "HOLD"}),
    (-1116, {"type": "ICEBERG"}),
    (-1115, {"timeInForce": "DAY"}),
    (-1136, {"newOrderRespType": "FULL"}),
    (-5039, {"selfTradePreventionMode": "MAYBE"}),
    (-5037, {"priceMatch": "BEST"}),
    (-5037, {"priceMatch": "OPPONENT_20", "price": None}),
    (-5037, {"priceMatch": "QUEUE"}),
    (-5038, {"priceMatch": "QUEUE", "type": "MARKET", "price": None, "timeInForce": None}),
    (-5040, {"timeInForce": "GTD", "goodTillDate": "1790000000000"}),
    (-1106, {"type": "MARKET", "price": None}),
    (-1106, {"type": "MARKET", "timeInForce": None}),
    (-1100, {"quantity": "1e-05"}),
    (-1100, {"price": "abc"}),
    (-1100, {"newClientOrderId": "a b"}),
    (-4015, {"newClientOrderId": "a" * 37}),
    (-1111, {"quantity": "0.1234"}),
    (-1111, {"price": "990.001"}),
    (-4014, {"price": "990.05"}),
    (-4001, {"price": "-1"}),
    (-4001, {"price": "0"}),
    (-4002, {"price": "1000000.1"}),
    (-4013, {"price": "9.9"}),
    (-4003, {"quantity": "0"}),
    (-4003, {"quantity": "-1"}),
    (-4005, {"quantity": "1000.001"}),
    (-4005, {"quantity": "121", "type": "MARKET", "price": None, "timeInForce": None}),
    (-4016, {"price": "1050.1"}),
    (-4024, {"side": "SELL", "price": "949.9"}),
    (-4061, {"positionSide": "LONG"}),
    (-4061, {"positionSide": "UP"}),
    (-2022, {"reduceOnly": "true"}),
    (-4164, {"quantity": "0.05", "price": "990"}),
    (-2019, {"quantity": "500"}),
    (-4136, {"closePosition": "true"}),
    (-5022, {"timeInForce": "GTX", "price": "1000.1"}),
    (-5021, {"timeInForce": "FOK", "price": "1000"}),
    *((-4120, {"type": kind}) for kind in ("STOP", "STOP_MARKET", "TAKE_PROFIT")),
    *((-4120, {"type": kind}) for kind in ("TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")),
]


@pytest.mark.parametrize(("code", "change"), REFUSALS)
def test_each_bad_order_has_its_own_code(trader: Trader, code: int, change: dict[str, Any]) -> None:
    good = {
        "symbol": SYMBOL, "side": "BUY", "type": "LIMIT",
        "timeInForce": "GTC", "quantity": "0.1", "price": "990",
    }  # fmt: skip

    status, body = trader.send("/v1/order", good | change)

    assert (status, body["code"]) == (400, code)
    assert trader.events() == []
    assert trader.ok("GET", "/v1/openOrders") == []


def test_texts_name_what_is_wrong(trader: Trader) -> None:
    texts = [
        trader.order("BUY", "0.1", "1060")[1]["msg"],
        trader.order("BUY", "0.01", "1000")[1]["msg"],
        trader.order("BUY", "0.1", "990", newClientOrderId="a b")[1]["msg"],
        trader.order("BUY", "0.1", "990", colour="red")[1]["msg"],
    ]

    assert texts == [
        "Limit price can't be higher than 1050.00.",
        "Order's notional must be no smaller than 50 (unless you choose reduce only).",
        "Illegal characters found in parameter 'newClientOrderId'; "
        "legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.",
        "Not all sent parameters were read; read '6' parameter(s) but was sent '7'.",
    ]


def test_unknown_parameters_can_be_let_pass() -> None:
    trader = Trader(Options(strict_parameters=False))
    trader.quote()

    trader.post("BUY", "0.1", "990", colour="red")
