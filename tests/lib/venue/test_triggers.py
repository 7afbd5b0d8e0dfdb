from typing import Any

import pytest

from tests.lib.venue.trader import SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    trader.trade("1000", "0.1", sells=True)
    trader.post("BUY", "0.3")
    trader.events()
    return trader


def stop(trader: Trader, trigger: Any = "990", side: str = "SELL", **more: Any) -> int:
    status, body = trader.stop(side, trigger, clientAlgoId="sl-1", **more)
    assert status == 200, body
    trader.events()
    return int(body["algoId"])


def status(trader: Trader, algo_id: int) -> str:
    return str(trader.ok("GET", "/v1/algoOrder", algoId=algo_id)["algoStatus"])


def test_a_stop_becomes_a_market_order_whose_events_come_first(trader: Trader) -> None:
    algo_id = stop(trader, quantity="0.3", reduceOnly="true")

    trader.trade("990", "0.1", sells=True)

    assert trader.told() == [
        "ALGO TRIGGERING", "TRADE_LITE", "NEW", "ACCOUNT ORDER", "TRADE/FILLED",
        "ALGO TRIGGERED", "ALGO FINISHED",
    ]  # fmt: skip
    assert trader.position() == 0
    child = trader.ok("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="sl-1")
    row = trader.ok("GET", "/v1/algoOrder", algoId=algo_id)
    assert (child["type"], child["reduceOnly"]) == ("MARKET", True)
    assert row["actualOrderId"] == str(child["orderId"])
    assert row["actualPrice"] == "1000.00000"


def test_the_finished_event_carries_what_was_executed(trader: Trader) -> None:
    stop(trader, quantity="0.3", reduceOnly="true")

    trader.trade("990", "0.1", sells=True)

    algos = [e["o"] for e in trader.events() if e["e"] == "ALGO_UPDATE"]
    assert [(a["X"], a.get("ap"), a.get("aq"), a.get("act")) for a in algos] == [
        ("TRIGGERING", None, None, None),
        ("TRIGGERED", "0", "0", "MARKET"),
        ("FINISHED", "1000", "0.3", "MARKET"),
    ]


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "before", "reached"),
    [
        ("STOP_MARKET", "SELL", "990", "990.1", "990"),
        ("STOP_MARKET", "BUY", "1010", "1009.9", "1010"),
        ("TAKE_PROFIT_MARKET", "SELL", "1010", "1009.9", "1010"),
        ("TAKE_PROFIT_MARKET", "BUY", "990", "990.1", "990"),
    ],
)
def test_each_kind_triggers_in_its_direction(
    trader: Trader, kind: str, side: str, trigger: str, before: str, reached: str
) -> None:
    algo_id = stop(trader, trigger, side, type=kind, quantity="0.1")

    trader.trade(before, "0.1", sells=True)
    assert status(trader, algo_id) == "NEW"
    trader.trade(reached, "0.1", sells=True)

    assert status(trader, algo_id) == "FINISHED"


def test_the_mark_price_triggers_where_asked(trader: Trader) -> None:
    algo_id = stop(trader, quantity="0.1", workingType="MARK_PRICE")

    trader.trade("980", "0.1", sells=True)
    assert status(trader, algo_id) == "NEW"
    trader.mark("990")

    assert status(trader, algo_id) == "FINISHED"


def test_without_trades_the_book_s_middle_counts() -> None:
    trader = Trader()
    trader.quote()
    status_code, body = trader.stop("SELL", "990", quantity="0.1")
    assert status_code == 200

    trader.quote("985", "986")

    assert status(trader, body["algoId"]) == "FINISHED"


def test_price_protection_waits_until_last_and_mark_agree(trader: Trader) -> None:
    algo_id = stop(trader, "940", quantity="0.1", priceProtect="true")

    trader.trade("940", "0.1", sells=True)
    assert status(trader, algo_id) == "NEW"
    trader.mark("985")

    assert status(trader, algo_id) == "FINISHED"


def test_a_stop_limit_rests_and_finishes_with_its_child(trader: Trader) -> None:
    algo_id = stop(trader, type="STOP", quantity="0.1", price="1005")

    trader.trade("990", "0.1", sells=True)
    assert trader.told() == ["ALGO TRIGGERING", "NEW", "ALGO TRIGGERED"]
    assert status(trader, algo_id) == "TRIGGERED"
    assert trader.code("DELETE", "/v1/algoOrder", algoId=algo_id) == -2011
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, origClientOrderId="sl-1")

    assert trader.told() == ["CANCELED", "ALGO FINISHED"]


def test_close_position_closes_all_whatever_else_rests(trader: Trader) -> None:
    profit = trader.post("SELL", "0.3", "1010", reduceOnly="true")["orderId"]
    stop(trader, closePosition="true")

    trader.trade("990", "0.1", sells=True)

    assert trader.position() == 0
    assert trader.get(profit)["status"] == "EXPIRED"


def test_a_child_that_is_refused_rejects_the_conditional_order(trader: Trader) -> None:
    algo_id = stop(trader, "1010", "BUY", quantity="100")
    trader.post("BUY", "150", "999.9")
    trader.events()

    trader.trade("1010", "0.1", sells=False)

    assert status(trader, algo_id) == "REJECTED"
    assert trader.events()[-1]["o"]["rm"] == "Margin is insufficient."


def test_a_reduce_only_child_without_a_position_is_rejected(trader: Trader) -> None:
    algo_id = stop(trader, quantity="0.3", reduceOnly="true")
    trader.post("SELL", "0.3")

    trader.trade("990", "0.1", sells=True)

    assert status(trader, algo_id) == "REJECTED"


def test_a_trailing_stop_follows_the_price(trader: Trader) -> None:
    algo_id = stop(trader, None, type="TRAILING_STOP_MARKET", quantity="0.1", callbackRate="1")

    for price in ("1010", "1005", "1020", "1009.9"):
        trader.trade(price, "0.1", sells=True)
    assert status(trader, algo_id) == "NEW"
    trader.trade("1009.8", "0.1", sells=True)

    assert status(trader, algo_id) == "FINISHED"


def test_a_trailing_stop_waits_for_its_activation_and_tells_it(trader: Trader) -> None:
    algo_id = stop(
        trader, None, "BUY", type="TRAILING_STOP_MARKET", quantity="0.1",
        callbackRate="1", activatePrice="990",
    )  # fmt: skip

    trader.trade("1030", "0.1", sells=True)
    assert trader.events() == []
    trader.trade("990", "0.1", sells=True)
    event = trader.events()[0]["o"]
    assert (event["X"], event["ia"]) == ("NEW", True)
    trader.trade("980", "0.1", sells=True)
    trader.trade("989.8", "0.1", sells=True)

    assert status(trader, algo_id) == "FINISHED"


def test_a_gtd_order_expires(trader: Trader) -> None:
    algo_id = stop(trader, quantity="0.1", timeInForce="GTD", goodTillDate=trader.now_ms + 700_000)

    trader.wait(700)

    assert status(trader, algo_id) == "EXPIRED"


def test_an_order_bound_to_a_position_expires_with_it(trader: Trader) -> None:
    algo_id = stop(trader, quantity="0.3", reduceOnly="true", timeInForce="GTE_GTC")

    trader.post("SELL", "0.3")

    assert status(trader, algo_id) == "EXPIRED"


def test_a_held_trigger_cannot_be_cancelled(trader: Trader) -> None:
    trader.engine.fault("hold_triggering", hold=2.0, seconds=60)
    algo_id = stop(trader, quantity="0.3", reduceOnly="true")

    trader.trade("990", "0.1", sells=True)
    assert trader.told() == ["ALGO TRIGGERING"]
    assert trader.code("DELETE", "/v1/algoOrder", algoId=algo_id) == -4117
    assert trader.position() == d("0.3")
    trader.wait(2)

    assert status(trader, algo_id) == "FINISHED"
