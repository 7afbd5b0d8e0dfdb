import pytest

from lib.venue.fault_actions import FAULTS, FaultActions
from tests.lib.venue.trader import SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def test_every_listed_fault_exists_and_no_other() -> None:
    actions = {
        name.removeprefix("_")
        for name in vars(FaultActions)
        if name.startswith("_") and not name.startswith("__")
    }

    assert actions - {"until", "account", "held"} == set(FAULTS)


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("explode", {}, "unknown fault 'explode'; known: adl, "),
        ("late_accept", {}, "fault 'late_accept' takes seconds, count=1"),
        ("adl", {"symbol": SYMBOL}, "no position in BTCUSDT"),
        ("change_filters", {"symbol": SYMBOL, "tack": 1}, "no rule tack; known: symbol, "),
        ("manual_trade", {"symbol": SYMBOL, "qty": "much"}, "fault 'manual_trade' takes"),
        ("mode_flip", {"account": "nobody"}, "nobody"),
        ("delist", {"symbol": "NOSUCH"}, "Invalid symbol."),
        ("late_accept", {"seconds": 1, "code": -1}, "no code -1"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_line(
    trader: Trader, name: str, args: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match="fault") as caught:
        trader.engine.fault(name, **args)

    assert says in str(caught.value)


def test_a_hidden_order_exists_but_is_not_shown(trader: Trader) -> None:
    trader.engine.fault("hide_order", client_ids=["a"], seconds=40)
    trader.post("BUY", "0.1", "990", newClientOrderId="a")
    trader.post("BUY", "0.1", "990", newClientOrderId="b")
    ids = {"symbol": SYMBOL, "origClientOrderId": "a"}

    for path in ("/v1/order", "/v1/openOrder"):
        assert trader.code("GET", path, **ids) == -2013
    for path in ("/v1/openOrders", "/v1/allOrders"):
        rows = trader.ok("GET", path, symbol=SYMBOL)
        assert [row["clientOrderId"] for row in rows] == ["b"]
    assert len(trader.engine.ledger()["orders"]) == 2
    trader.wait(40)

    assert trader.ok("GET", "/v1/order", **ids)["status"] == "NEW"


def test_one_endpoint_can_hide_alone(trader: Trader) -> None:
    trader.engine.fault("hide_order", endpoints=["openOrders"])
    order_id = trader.post("BUY", "0.1", "990")["orderId"]

    assert trader.ok("GET", "/v1/openOrders") == []
    assert trader.get(order_id)["status"] == "NEW"
    trader.engine.fault("clear")
    assert len(trader.ok("GET", "/v1/openOrders")) == 1


def test_a_late_order_is_unknown_first_and_there_later(trader: Trader) -> None:
    trader.engine.fault("late_accept", seconds=12)

    status, body = trader.order("BUY", "0.1", "990", newClientOrderId="a")
    assert (status, body["code"]) == (408, -1007)
    trader.post("BUY", "0.1", "990", newClientOrderId="b")
    assert trader.code("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="a") == -2013
    trader.wait(12)

    found = trader.ok("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="a")
    assert found["status"] == "NEW"


def test_a_late_order_that_is_refused_stays_unheard_of(trader: Trader) -> None:
    trader.engine.fault("late_accept", seconds=1)
    trader.order("BUY", "0.1", "990.01", newClientOrderId="a")

    trader.wait(2)

    assert trader.code("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="a") == -2013


def test_lagging_reads_show_the_past(trader: Trader) -> None:
    trader.engine.fault("read_lag", lag=3, seconds=60)
    order_id = trader.post("BUY", "0.1", "1000")["orderId"]
    assert trader.code("GET", "/v1/order", symbol=SYMBOL, orderId=order_id) == -2013
    trader.wait(3)
    assert trader.get(order_id)["status"] == "NEW"

    trader.trade("999", "1", sells=True)
    trader.wait(2)
    assert trader.get(order_id)["status"] == "NEW"
    assert trader.ok("GET", "/v3/positionRisk")[0]["positionAmt"] == "0"
    assert trader.position() == d("0.1")
    trader.wait(1)
    assert trader.get(order_id)["status"] == "FILLED"
    assert trader.ok("GET", "/v3/positionRisk")[0]["positionAmt"] == "0.1"

    trader.wait(60)
    fresh = trader.post("BUY", "0.1", "990")["orderId"]
    assert trader.get(fresh)["status"] == "NEW"


def test_open_lists_can_lack_rows(trader: Trader) -> None:
    for _ in range(20):
        trader.post("BUY", "0.1", "990")
        trader.stop("SELL", "990", quantity="0.1")
    trader.engine.fault("subset_open_orders", keep=0.5, seconds=10)

    assert 0 < len(trader.ok("GET", "/v1/openOrders")) < 20
    assert 0 < len(trader.ok("GET", "/v1/openAlgoOrders")) < 20
    trader.wait(10)

    assert len(trader.ok("GET", "/v1/openOrders")) == 20


def test_a_single_conditional_order_can_be_untraceable(trader: Trader) -> None:
    algo_id = trader.stop("SELL", "990", quantity="0.1")[1]["algoId"]
    trader.engine.fault("algo_get_not_found", seconds=5)

    assert trader.code("GET", "/v1/algoOrder", algoId=algo_id) == -2013
    assert len(trader.ok("GET", "/v1/openAlgoOrders")) == 1
    trader.wait(5)
    assert trader.ok("GET", "/v1/algoOrder", algoId=algo_id)["algoStatus"] == "NEW"


def test_the_mode_can_flip_under_our_feet(trader: Trader) -> None:
    trader.post("BUY", "0.1", "990")
    trader.engine.fault("mode_flip")

    assert trader.refused("BUY", "0.1") == -4061
    assert trader.ok("GET", "/v1/positionSide/dual") == {"dualSidePosition": True}
    trader.engine.fault("mode_flip", account="main")

    trader.post("BUY", "0.2")
    assert trader.position() == d("0.2")


def test_the_mode_cannot_flip_with_a_position(trader: Trader) -> None:
    trader.post("SELL", "0.2")

    with pytest.raises(ValueError, match="cannot be changed if there exists position"):
        trader.engine.fault("mode_flip")

    assert trader.ok("GET", "/v1/positionSide/dual") == {"dualSidePosition": False}
    assert trader.position() == d("-0.2")
    trader.engine.fault("mode_flip", close=True)
    assert trader.position() == 0
    assert trader.ok("GET", "/v1/positionSide/dual") == {"dualSidePosition": True}


def test_a_liquidation_can_be_forced(trader: Trader) -> None:
    trader.post("BUY", "0.2")
    trader.events()

    trader.engine.fault("liquidate", symbol=SYMBOL)

    assert trader.position() == 0
    assert trader.events()[0]["o"]["c"].startswith("autoclose-")


def test_auto_deleveraging_takes_a_part_without_a_fee(trader: Trader) -> None:
    trader.post("BUY", "0.2")
    trader.events()

    trader.engine.fault("adl", symbol=SYMBOL, qty="0.05")

    assert trader.position() == d("0.15")
    body = trader.events()[-1]["o"]
    assert (body["c"], body["x"], body["n"], body["L"]) == (
        "adl_autoclose", "CALCULATED", "0", "1000",
    )  # fmt: skip


def test_somebody_can_trade_by_hand(trader: Trader) -> None:
    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="-0.3")
    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="0.1", price="900")

    assert trader.position() == d("-0.2")
    assert [fill["price"] for fill in trader.fills()] == ["1000.00", "900.00"]
    assert all(fill["client_id"].startswith("web_") for fill in trader.fills())


def test_in_hedge_mode_a_hand_opens_legs(trader: Trader) -> None:
    trader.engine.fault("mode_flip")
    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="-0.3")

    assert trader.ok("GET", "/v3/positionRisk")[0]["positionSide"] == "SHORT"
    trader.engine.fault("mode_flip", close=True)
    assert trader.position() == 0


def test_an_order_can_appear_that_is_not_ours(trader: Trader) -> None:
    trader.engine.fault("foreign_order", symbol=SYMBOL, qty="-0.1", price="1010")
    trader.engine.fault("foreign_order", symbol=SYMBOL, qty="0.1", price="990", client_id="ios_1")

    rows = trader.ok("GET", "/v1/openOrders")
    assert [row["side"] for row in rows] == ["SELL", "BUY"]
    assert rows[0]["clientOrderId"].startswith("web_")
    assert rows[1]["clientOrderId"] == "ios_1"


def test_delisting_ends_orders_positions_and_trading(trader: Trader) -> None:
    trader.post("BUY", "0.2")
    trader.post("BUY", "0.1", "990")
    trader.stop("SELL", "990", quantity="0.1")
    trader.events()

    trader.engine.fault("delist", symbol=SYMBOL)

    events = trader.events()
    assert (events[0]["o"]["X"], events[0]["o"]["er"]) == ("EXPIRED", "7")
    assert events[1]["o"]["X"] == "EXPIRED"
    assert events[-1]["o"]["c"].startswith("settlement_autoclose-")
    assert trader.position() == 0
    assert trader.refused("BUY", "0.1") == -4108


def test_rules_can_change_at_run_time(trader: Trader) -> None:
    trader.engine.fault("change_filters", symbol=SYMBOL, tick="0.5", min_notional="200")

    assert trader.refused("BUY", "1", "990.1") == -4014
    assert trader.refused("BUY", "0.1", "990.5") == -4164


def test_a_larger_tick_takes_the_least_price_along(trader: Trader) -> None:
    trader.engine.fault("change_filters", symbol=SYMBOL, min_price="39.86")
    trader.engine.fault("change_filters", symbol=SYMBOL, tick="0.5")

    assert trader.engine._state.info(SYMBOL).min_price == d("40")
    trader.post("BUY", "1", "990.5")


def test_a_forced_trade_on_a_thin_book_ends_at_its_last_level(trader: Trader) -> None:
    trader.levels([(d(1000), d("0.1")), (d(990), d("0.1"))], [(d(1001), d(1))], snapshot=True)

    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="-0.4")

    assert trader.fills()[0]["price"] == "992.50"
