import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def test_a_market_order_without_a_book_is_refused() -> None:
    assert Trader().refused("BUY", "0.1") == -4131


def test_a_market_order_far_from_the_mark_is_refused(trader: Trader) -> None:
    trader.quote("1060", "1060.1")

    assert trader.refused("BUY", "0.1") == -4131


def test_a_symbol_out_of_trading_is_refused(trader: Trader) -> None:
    trader.engine.fault("delist", symbol=SYMBOL)

    assert trader.refused("BUY", "0.1", "990") == -4108


def test_the_number_of_open_orders_is_limited(trader: Trader) -> None:
    trader.engine.fault("change_filters", symbol=SYMBOL, max_orders=2)
    trader.post("BUY", "0.1", "990")
    trader.post("BUY", "0.1", "990")

    assert trader.refused("BUY", "0.1", "990") == -2025


def test_the_position_is_limited_by_leverage(trader: Trader) -> None:
    rich = Trader(balance="100000000")
    rich.quote()
    rich.ok("POST", "/v1/leverage", symbol=SYMBOL, leverage=125)

    assert rich.refused("BUY", "301", "1000") == -2027
    rich.post("BUY", "299", "1000")


def test_client_ids_are_unique_among_open_orders_only(trader: Trader) -> None:
    first = trader.post("BUY", "0.1", "990", newClientOrderId="mine")["orderId"]
    assert trader.refused("BUY", "0.1", "990", newClientOrderId="mine") == -4116
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=first)

    second = trader.post("BUY", "0.1", "990", newClientOrderId="mine")["orderId"]

    found = trader.ok("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="mine")
    assert found["orderId"] == second > 1 << 32


def test_a_left_out_client_id_is_made_up(trader: Trader) -> None:
    ids = {trader.post("BUY", "0.1", "990")["clientOrderId"] for _ in range(3)}

    assert len(ids) == 3
    assert all(len(each) == 22 for each in ids)


def test_an_acknowledgement_shows_the_order_as_new_and_a_result_its_end(trader: Trader) -> None:
    acknowledged = trader.post("BUY", "0.1")
    result = trader.post("BUY", "0.1", newOrderRespType="RESULT")

    assert (acknowledged["status"], acknowledged["executedQty"]) == ("NEW", "0.000")
    assert (result["status"], result["cumQty"]) == ("FILLED", "0.100")
    assert "avgPrice" not in result
    assert "cumQuote" not in result


def test_a_test_order_is_checked_but_not_placed(trader: Trader) -> None:
    body = trader.ok(
        "POST", "/v1/order/test",
        symbol=SYMBOL, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="990",
    )  # fmt: skip

    assert body["avgPrice"] == "0.00000"
    assert trader.ok("GET", "/v1/openOrders") == []
    assert trader.events() == []


def test_an_ioc_order_takes_what_there_is_and_expires(trader: Trader) -> None:
    trader.quote(size="0.06")
    trader.post("BUY", "0.1", "1000.1", timeInForce="IOC")

    assert trader.told() == [
        "TRADE_LITE", "NEW", "ACCOUNT ORDER", "TRADE/PARTIALLY_FILLED", "EXPIRED",
    ]  # fmt: skip


def test_an_ioc_order_with_nothing_to_hit_is_new_then_expired(trader: Trader) -> None:
    trader.post("BUY", "0.1", "990", timeInForce="IOC")

    events = trader.events()
    assert [(e["o"]["x"], e["o"]["er"]) for e in events] == [("NEW", "0"), ("EXPIRED", "2")]


def test_a_fok_order_is_filled_whole_or_leaves_no_trace(trader: Trader) -> None:
    assert trader.refused("BUY", "1000", "1000.1", timeInForce="FOK") == -2019
    trader.quote(size="0.4")
    assert trader.refused("BUY", "0.5", "1000.1", timeInForce="FOK") == -5021
    assert trader.ok("GET", "/v1/allOrders", symbol=SYMBOL) == []

    trader.post("BUY", "0.4", "1000.1", timeInForce="FOK")

    assert trader.position() == d("0.4")


def test_a_post_only_order_that_would_take_leaves_no_trace(trader: Trader) -> None:
    assert trader.refused("BUY", "0.1", "1000.1", timeInForce="GTX", newClientOrderId="x") == -5022

    assert trader.code("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="x") == -2013
    assert trader.post("BUY", "0.1", "1000", timeInForce="GTX")["status"] == "NEW"


def test_a_gtd_order_expires_at_its_second(trader: Trader) -> None:
    end_ms = trader.now_ms + 700_999
    body = trader.post("BUY", "0.1", "990", timeInForce="GTD", goodTillDate=end_ms)
    assert body["goodTillDate"] == end_ms // 1000 * 1000
    assert trader.engine.deadline() == body["goodTillDate"] * 1_000_000

    trader.wait((body["goodTillDate"] - trader.now_ms) / 1000 - 0.002)
    assert trader.get(body["orderId"])["status"] == "NEW"
    trader.wait(0.001)

    assert trader.get(body["orderId"])["status"] == "EXPIRED"


@pytest.mark.parametrize(
    ("side", "mode", "price"),
    [
        ("BUY", "OPPONENT", "1000.10"),
        ("BUY", "QUEUE", "1000.00"),
        ("BUY", "QUEUE_5", "999.60"),
        ("SELL", "OPPONENT_5", "999.60"),
        ("SELL", "QUEUE_10", "1001.00"),
    ],
)
def test_price_match_takes_the_book_s_price(
    trader: Trader, side: str, mode: str, price: str
) -> None:
    body = trader.post(side, "0.1", type="LIMIT", timeInForce="GTC", priceMatch=mode)

    assert (body["price"], body["priceMatch"]) == (price, mode)


def test_price_match_without_such_a_level_is_refused(trader: Trader) -> None:
    trader.levels([(d(1000), d(1))], [(d("1000.1"), d(1))], snapshot=True)

    more = {"type": "LIMIT", "timeInForce": "GTC", "priceMatch": "QUEUE_5"}
    assert trader.refused("BUY", "0.1", **more) == -5041


def test_reduce_only_orders_never_exceed_the_position(trader: Trader) -> None:
    trader.post("BUY", "0.3")

    first = trader.post("SELL", "0.2", "1010", reduceOnly="true")
    second = trader.post("SELL", "0.2", "1011", reduceOnly="true")

    assert (first["origQty"], second["origQty"]) == ("0.200", "0.100")
    assert trader.refused("SELL", "0.1", "1012", reduceOnly="true") == -4118
    assert trader.refused("SELL", "0.3", reduceOnly="true") == -4118
    assert trader.refused("BUY", "0.1", "990", reduceOnly="true") == -2022


def test_resting_reduce_only_orders_shrink_and_expire_with_the_position(trader: Trader) -> None:
    trader.post("BUY", "0.5")
    near = trader.post("SELL", "0.2", "1010", reduceOnly="true")["orderId"]
    far = trader.post("SELL", "0.3", "1020", reduceOnly="true")["orderId"]
    trader.events()

    trader.post("SELL", "0.2")
    assert [trader.get(each)["origQty"] for each in (near, far)] == ["0.200", "0.100"]
    trader.post("SELL", "0.15")
    assert [trader.get(each)["origQty"] for each in (near, far)] == ["0.150", "0.100"]

    assert trader.get(far)["status"] == "EXPIRED"
    expired = [e["o"] for e in trader.events() if e.get("o", {}).get("x") == "EXPIRED"]
    assert [(each["i"], each["er"]) for each in expired] == [(far, "4")]


def test_reduce_only_lifts_the_smallest_notional(trader: Trader) -> None:
    trader.post("BUY", "0.06")
    trader.post("SELL", "0.055", "1000", reduceOnly="true")

    assert trader.position() == d("0.005")
    trader.post("SELL", "0.005", reduceOnly="true")

    assert trader.position() == 0


def test_margin_counts_the_worse_side_and_frees_with_cancels(trader: Trader) -> None:
    first = trader.post("BUY", "100", "1000")["orderId"]
    trader.post("SELL", "100", "1001")
    assert trader.refused("BUY", "101", "1000") == -2019

    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=first)

    trader.post("BUY", "150", "1000")


def test_reducing_orders_need_no_margin(trader: Trader) -> None:
    trader.post("BUY", "120", "1000.1", timeInForce="GTC", newOrderRespType="RESULT")
    trader.mark("1000")

    assert trader.refused("BUY", "150", "999") == -2019
    trader.post("SELL", "9", "1001")


def test_hedge_mode_has_two_legs(trader: Trader) -> None:
    trader.ok("POST", "/v1/positionSide/dual", dualSidePosition="true")
    assert trader.refused("BUY", "0.1", "990") == -4061
    trader.post("BUY", "0.3", positionSide="LONG")
    trader.post("SELL", "0.2", positionSide="SHORT")

    assert trader.refused("SELL", "0.1", positionSide="LONG", reduceOnly="true") == -1106
    assert trader.refused("SELL", "0.4", positionSide="LONG") == -2022
    assert trader.refused("BUY", "0.3", positionSide="SHORT") == -2022
    trader.post("SELL", "0.1", positionSide="LONG")

    rows = trader.ok("GET", "/v3/positionRisk", symbol=SYMBOL)
    assert [(row["positionSide"], row["positionAmt"]) for row in rows] == [
        ("LONG", "0.2"),
        ("SHORT", "-0.2"),
    ]


def test_an_order_enters_after_its_latency() -> None:
    trader = Trader(Options(order_latency_ns=5_000_000))
    trader.quote()
    body = trader.post("BUY", "0.1", "1000.1", newOrderRespType="RESULT")
    assert (body["status"], trader.told()) == ("NEW", [])

    trader.wait(0.005)

    assert trader.told() == ["TRADE_LITE", "NEW", "ACCOUNT ORDER", "TRADE/FILLED"]


def test_a_post_only_order_that_the_market_reached_meanwhile_expires() -> None:
    trader = Trader(Options(order_latency_ns=5_000_000))
    trader.quote()
    trader.post("BUY", "0.1", "1000", timeInForce="GTX")

    trader.quote("999.9", "1000")
    trader.wait(0.005)

    assert trader.told() == ["NEW", "EXPIRED"]


def test_an_order_cancelled_before_it_arrives_never_enters() -> None:
    trader = Trader(Options(order_latency_ns=5_000_000))
    trader.quote()
    order_id = trader.post("BUY", "0.1", "1000.1")["orderId"]
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)

    trader.wait(0.01)

    assert trader.fills() == []
    assert trader.told() == ["NEW", "CANCELED"]
