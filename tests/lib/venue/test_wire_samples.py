"""What the engine answers has the field names and types of the reference's samples."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lib.venue.errors import TEXTS
from tests.lib.venue.samples import sample, shape
from tests.lib.venue.trader import SYMBOL, Trader

LIMIT = {"symbol": SYMBOL, "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def resting(trader: Trader) -> int:
    return int(trader.post("BUY", "0.1", "990", newClientOrderId="mine")["orderId"])


def stopped(trader: Trader) -> int:
    return int(trader.stop("SELL", "990", quantity="0.1", reduceOnly="true")[1]["algoId"])


def triggered(trader: Trader) -> Any:
    trader.post("BUY", "0.1")
    stopped(trader)
    trader.trade("989", "1", sells=True)


def forced(trader: Trader) -> Any:
    trader.post("BUY", "0.1")
    trader.engine.fault("liquidate", symbol=SYMBOL)


def batch(trader: Trader) -> Any:
    good = LIMIT | {"quantity": "0.1", "price": "990"}
    return trader.ok("POST", "/v1/batchOrders", batchOrders=json.dumps([good, LIMIT]))


def changed(trader: Trader) -> Any:
    request = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": "991"}
    return trader.ok("PUT", "/v1/order", orderId=resting(trader), modifyId=77, **request)


def hedged(trader: Trader) -> Any:
    trader.ok("POST", "/v1/positionSide/dual", dualSidePosition="true")
    trader.post("BUY", "0.1", positionSide="LONG")
    trader.post("SELL", "0.1", positionSide="SHORT")
    return trader.ok("GET", "/v3/positionRisk")


def moved_margin(trader: Trader) -> Any:
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.post("BUY", "0.1")
    return trader.ok("POST", "/v1/positionMargin", symbol=SYMBOL, amount="100", type=1)


def after(step: Callable[[Trader], Any], path: str, **params: Any) -> Callable[[Trader], Any]:
    """Return an answer's maker: do a step, then GET."""

    def run(trader: Trader) -> Any:
        step(trader)
        return trader.ok("GET", path, **params)

    return run


def bought(trader: Trader) -> None:
    trader.post("BUY", "0.1", newClientOrderId="mine")


def nothing(trader: Trader) -> None:
    pass


ID = {"symbol": SYMBOL, "origClientOrderId": "mine"}
ANSWERS: dict[str, Callable[[Trader], Any]] = {
    "rest_order_post_ack": lambda t: t.post("BUY", "0.1", "990"),
    "rest_order_post_result_market": lambda t: t.post("BUY", "0.1", newOrderRespType="RESULT"),
    "rest_order_post_result_ioc_expired": lambda t: t.post(
        "BUY", "0.1", "990", timeInForce="IOC", newOrderRespType="RESULT"
    ),
    "rest_order_test": lambda t: t.ok(
        "POST", "/v1/order/test", **LIMIT, quantity="0.1", price="990"
    ),
    "rest_order_put": changed,
    "rest_order_delete": lambda t: (resting(t), t.ok("DELETE", "/v1/order", **ID))[1],
    "rest_order_get_new": after(resting, "/v1/order", **ID),
    "rest_order_get_filled": after(bought, "/v1/order", **ID),
    "rest_openOrders": after(resting, "/v1/openOrders"),
    "rest_allOrders": after(bought, "/v1/allOrders", symbol=SYMBOL),
    "rest_userTrades": after(bought, "/v1/userTrades", symbol=SYMBOL),
    "rest_batchOrders_post": batch,
    "rest_batchOrders_delete": lambda t: t.ok(
        "DELETE", "/v1/batchOrders", symbol=SYMBOL, orderIdList=f"[{resting(t)},1]"
    ),
    "rest_allOpenOrders_delete": lambda t: t.ok("DELETE", "/v1/allOpenOrders", symbol=SYMBOL),
    "rest_countdownCancelAll": lambda t: t.ok(
        "POST", "/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=120_000
    ),
    "rest_algoOrder_post": lambda t: t.stop("SELL", "990", quantity="0.1")[1],
    "rest_openAlgoOrders": after(stopped, "/v1/openAlgoOrders"),
    "rest_allAlgoOrders": after(triggered, "/v1/allAlgoOrders", symbol=SYMBOL),
    "rest_algoOrder_get": lambda t: t.ok("GET", "/v1/algoOrder", algoId=stopped(t)),
    "rest_algoOrder_delete": lambda t: t.ok("DELETE", "/v1/algoOrder", algoId=stopped(t)),
    "rest_algoOpenOrders_delete": lambda t: t.ok("DELETE", "/v1/algoOpenOrders", symbol=SYMBOL),
    "rest_balance_v3": after(nothing, "/v3/balance"),
    "rest_account_v2": after(bought, "/v2/account"),
    "rest_account_v3": after(bought, "/v3/account"),
    "rest_positionRisk_v2": after(bought, "/v2/positionRisk"),
    "rest_positionRisk_v3": after(bought, "/v3/positionRisk"),
    "rest_positionRisk_v3_hedge": hedged,
    "rest_accountConfig": after(nothing, "/v1/accountConfig"),
    "rest_symbolConfig": after(nothing, "/v1/symbolConfig"),
    "rest_leverage_post": lambda t: t.ok("POST", "/v1/leverage", symbol=SYMBOL, leverage=20),
    "rest_code200_success": lambda t: t.ok(
        "POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED"
    ),
    "rest_positionMargin_post": moved_margin,
    "rest_positionSide_dual_get": after(nothing, "/v1/positionSide/dual"),
    "rest_multiAssetsMargin_get": after(nothing, "/v1/multiAssetsMargin"),
    "rest_feeBurn_get": after(nothing, "/v1/feeBurn"),
    "rest_income": after(bought, "/v1/income"),
    "rest_commissionRate": after(nothing, "/v1/commissionRate", symbol=SYMBOL),
    "rest_leverageBracket": after(nothing, "/v1/leverageBracket"),
    "rest_leverageBracket_symbol": after(nothing, "/v1/leverageBracket", symbol=SYMBOL),
    "rest_rateLimit_order": after(nothing, "/v1/rateLimit/order"),
    "rest_forceOrders": after(forced, "/v1/forceOrders"),
    "rest_orderAmendment": after(changed, "/v1/orderAmendment", symbol=SYMBOL),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_have_the_sample_s_fields_and_types(trader: Trader, name: str) -> None:
    answer = ANSWERS[name](trader)

    assert shape(answer) == shape(sample(name))
    json.dumps(answer)


def test_every_text_of_ours_that_the_reference_knows_is_the_reference_s() -> None:
    known: dict[int, set[str]] = {}
    for entry in sample("errors"):
        body = entry.get("body", {})
        if "code" in body:
            known.setdefault(body["code"], set()).add(body["msg"])
    filled_in = {
        "name": "newClientOrderId", "legal": "^[\\.A-Z\\:/a-z0-9_-]{1,36}$", "read": 8, "sent": 9,
        "leverage": 200, "notional": 50, "type": "MARKET",
    }  # fmt: skip
    special = {
        -1102: {"name": "timestamp"}, -1106: {"name": "reduceonly"}, -1130: {"name": "limit"},
        -4016: {"bound": "80835.70"}, -4024: {"bound": "73137.00"},
    }  # fmt: skip

    differing = {
        code: text.format(**(filled_in | special.get(code, {})))
        for code, text in TEXTS.items()
        if code in known and text.format(**(filled_in | special.get(code, {}))) not in known[code]
    }

    assert differing == {}
