"""What the engine sends has the field names and types of the reference's samples."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.venue.engine import Options
from lib.venue.errors import TEXTS
from tests.lib.venue.samples import sample, shape
from tests.lib.venue.trader import SYMBOL, Trader, d

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


def funded(trader: Trader) -> None:
    trader.mark("1000", "0.0001", trader.now_ns + 10**9)
    trader.post("BUY", "1")
    trader.wait(2)


def margin_changed(trader: Trader) -> None:
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")


def swept(trader: Trader) -> None:
    trader.levels([(d(1000), d(1))], [(d(1001), d("0.1"))], snapshot=True)
    trader.post("BUY", "0.2")


def self_traded(trader: Trader) -> None:
    resting(trader)
    trader.quote("980", "1000")
    trader.post("SELL", "0.1", "990")


def warned(trader: Trader) -> None:
    trader.post("BUY", "100")
    trader.mark("905.2")


def filled(trader: Trader) -> None:
    trader.post("BUY", "0.1", "990")
    trader.trade("989", "1", sells=True)


EVENTS: dict[str, Callable[[Trader], Any]] = {
    "user_order_new": resting,
    "user_order_canceled": lambda t: (resting(t), t.ok("DELETE", "/v1/order", **ID)),
    "user_order_filled_maker": filled,
    "user_order_partially_filled": lambda t: (
        t.post("BUY", "0.1", "990"), t.trade("989", "0.05", sells=True)
    ),
    "user_order_expired_ioc": lambda t: t.post("BUY", "0.1", "990", timeInForce="IOC"),
    "user_order_expired_market_remainder": swept,
    "user_order_expired_in_match": self_traded,
    "user_order_liquidation": forced,
    "user_order_adl": lambda t: (bought(t), t.engine.fault("adl", symbol=SYMBOL)),
    "user_trade_lite_maker": filled,
    "user_trade_lite_market_taker": bought,
    "user_account_update_order": bought,
    "user_account_update_funding_with_symbol": funded,
    "user_account_update_margin_type_change": margin_changed,
    "user_account_config_leverage": lambda t: t.ok(
        "POST", "/v1/leverage", symbol=SYMBOL, leverage=25
    ),
    "user_account_config_multiassets": lambda t: t.ok(
        "POST", "/v1/multiAssetsMargin", multiAssetsMargin="true"
    ),
    "user_algo_new": stopped,
    "user_algo_canceled": lambda t: t.ok("DELETE", "/v1/algoOrder", algoId=stopped(t)),
    "user_algo_triggering": triggered,
    "user_algo_triggered": triggered,
    "user_algo_finished": triggered,
    "user_algo_rejected": lambda t: (stopped(t), t.trade("989", "1", sells=True)),
}  # fmt: skip


def _key(event: dict[str, Any]) -> tuple[Any, ...]:
    body = event.get("o", {})
    if event["e"] == "ACCOUNT_UPDATE":
        return event["e"], event["a"]["m"], bool(event["a"]["P"])
    return event["e"], body.get("x"), body.get("X"), body.get("o"), tuple(event.get("ac", ()))


@pytest.mark.parametrize("name", EVENTS)
def test_events_have_the_sample_s_fields_and_types(trader: Trader, name: str) -> None:
    wanted = sample(name)

    EVENTS[name](trader)

    found = [event for event in trader.events() if _key(event) == _key(wanted)]
    assert found, f"no event like {_key(wanted)}"
    assert shape(found[-1]) == shape(wanted)


def test_an_amendment_and_a_margin_call_have_the_sample_s_fields(trader: Trader) -> None:
    changed(trader)
    amended = next(e for e in trader.events() if e.get("o", {}).get("x") == "AMENDMENT")
    assert amended["o"].pop("M") == "77"
    assert shape(amended) == shape(sample("user_order_amendment"))

    warned(trader)
    call = next(e for e in trader.events() if e["e"] == "MARGIN_CALL")
    assert shape(call) == shape(sample("user_margin_call"))


def test_a_forced_order_reaches_the_market_in_the_sample_s_shape(trader: Trader) -> None:
    forced(trader)

    event = trader.engine.take_market_events()[0]

    assert shape(event) == shape(sample("ws_market_forceOrder"))


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


def _replayed(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    words: list[tuple[Any, ...]] = []
    for event in events:
        body = event.get("o") or event.get("a") or event
        words.append((event["e"], body.get("x"), body.get("X"), body.get("m")))
    return words


def test_the_captured_taker_order_replays_with_its_numbers() -> None:
    captured = sample("user_sequences")["taker_limit_fill_captured_2024_11_18"]
    trader = Trader(Options(), balance=captured["start_wallet"])
    trader.engine.fault("change_filters", symbol=SYMBOL, multiplier_up="2", multiplier_down="0.5")
    trader.quote("91739.8", "91739.9", size="1")
    trader.post("BUY", "0.002", type="LIMIT", timeInForce="GTC", priceMatch="OPPONENT")
    wanted = [each["data"] for each in captured["events"]]
    found = trader.events()

    assert _replayed(found) == _replayed(wanted)
    account = next(each["a"] for each in found if each["e"] == "ACCOUNT_UPDATE")
    assert account["B"] == wanted[2]["a"]["B"]
    row, captured_row = account["P"][0], wanted[2]["a"]["P"][0]
    assert {k: row[k] for k in ("pa", "ep", "bep")} == {
        k: captured_row[k] for k in ("pa", "ep", "bep")
    }
    trader.quote("90853.2", "90853.3", size="1")
    trader.post("SELL", "0.002")
    assert trader.wallet() == Decimal(captured["then_close"]["wallet_after"])
