import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import OTHER, SYMBOL, Trader

DAY = 86_400


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def test_an_open_order_is_gone_from_open_order_as_soon_as_it_is_final(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "990")["orderId"]
    assert trader.ok("GET", "/v1/openOrder", symbol=SYMBOL, orderId=order_id)["status"] == "NEW"

    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)

    assert trader.code("GET", "/v1/openOrder", symbol=SYMBOL, orderId=order_id) == -2013
    assert trader.get(order_id)["status"] == "CANCELED"


def test_a_fill_shows_its_average_and_quote(trader: Trader) -> None:
    trader.quote(size="0.06")
    trader.post("BUY", "0.1", newClientOrderId="m")

    order = trader.ok("GET", "/v1/order", symbol=SYMBOL, origClientOrderId="m")

    assert (order["avgPrice"], order["cumQuote"]) == ("1000.14000", "100.01400")


def test_unfilled_orders_are_forgotten_after_three_days_filled_ones_after_ninety(
    trader: Trader,
) -> None:
    cancelled = trader.post("BUY", "0.1", "990")["orderId"]
    resting = trader.post("BUY", "0.1", "980")["orderId"]
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=cancelled)
    filled = trader.post("BUY", "0.1")["orderId"]

    trader.wait(3 * DAY + 1)
    assert trader.code("GET", "/v1/order", symbol=SYMBOL, orderId=cancelled) == -2013
    assert trader.get(filled)["status"] == "FILLED"
    trader.wait(90 * DAY)

    assert trader.code("GET", "/v1/order", symbol=SYMBOL, orderId=filled) == -2013
    assert trader.get(resting)["status"] == "NEW"


def test_open_orders_can_be_asked_for_one_symbol(trader: Trader) -> None:
    trader.quote(symbol=OTHER)
    first = trader.post("BUY", "0.1", "990")["orderId"]
    second = trader.post("BUY", "0.1", "990", symbol=OTHER)["orderId"]

    assert [o["orderId"] for o in trader.ok("GET", "/v1/openOrders")] == [first, second]
    rows = trader.ok("GET", "/v1/openOrders", symbol=OTHER)
    assert [o["orderId"] for o in rows] == [second]
    assert trader.code("GET", "/v1/openOrders", symbol="NOSUCH") == -1121


def test_a_limit_gives_the_newest_orders_but_the_oldest_trades(trader: Trader) -> None:
    ids = [trader.post("BUY", "0.1")["orderId"] for _ in range(4)]

    orders = trader.ok("GET", "/v1/allOrders", symbol=SYMBOL, limit=2)
    trades = trader.ok("GET", "/v1/userTrades", symbol=SYMBOL, limit=2)

    assert [each["orderId"] for each in orders] == ids[2:]
    assert [each["orderId"] for each in trades] == ids[:2]


def test_orders_and_trades_can_be_paged_by_id(trader: Trader) -> None:
    ids = [trader.post("BUY", "0.1")["orderId"] for _ in range(4)]
    trade_ids = [each["id"] for each in trader.ok("GET", "/v1/userTrades", symbol=SYMBOL)]

    orders = trader.ok("GET", "/v1/allOrders", orderId=ids[1], limit=2)
    trades = trader.ok("GET", "/v1/userTrades", symbol=SYMBOL, fromId=trade_ids[2])
    of_order = trader.ok("GET", "/v1/userTrades", symbol=SYMBOL, orderId=ids[3])

    assert [each["orderId"] for each in orders] == ids[1:3]
    assert [each["id"] for each in trades] == trade_ids[2:]
    assert [each["id"] for each in of_order] == trade_ids[3:]


def test_history_reaches_back_seven_days_unless_told_otherwise(trader: Trader) -> None:
    old = trader.post("BUY", "0.1")["orderId"]
    then_ms = trader.now_ms
    trader.wait(8 * DAY)
    new = trader.post("BUY", "0.1")["orderId"]

    def seen(path: str, **window: int) -> list[int]:
        return [row["orderId"] for row in trader.ok("GET", path, symbol=SYMBOL, **window)]

    for path in ("/v1/allOrders", "/v1/userTrades"):
        assert seen(path) == [new]
        assert seen(path, startTime=then_ms) == [old]
        assert seen(path, endTime=then_ms) == [old]


def test_bad_windows_are_refused(trader: Trader) -> None:
    week_ms = 7 * DAY * 1000
    for path in ("/v1/allOrders", "/v1/userTrades"):
        assert trader.code("GET", path, symbol=SYMBOL, startTime=1, endTime=week_ms + 2) == -1127
        assert trader.code("GET", path, symbol=SYMBOL, limit=1001) == -1130
        assert trader.code("GET", path, symbol=SYMBOL, limit=0) == -1130
    assert trader.code("GET", "/v1/userTrades", symbol=SYMBOL, fromId=1, startTime=1) == -1128
    assert trader.code("GET", "/v1/userTrades") == -1102


def test_forced_orders_are_listed_by_kind(trader: Trader) -> None:
    trader.post("BUY", "0.1")
    trader.engine.fault("adl", symbol=SYMBOL)
    trader.post("BUY", "0.1")
    trader.engine.fault("liquidate", symbol=SYMBOL)

    def kinds(**filters: str) -> list[str]:
        rows = trader.ok("GET", "/v1/forceOrders", **filters)
        return [row["clientOrderId"].partition("-")[0] for row in rows]

    assert kinds() == ["autoclose", "adl_autoclose"]
    assert kinds(autoCloseType="ADL") == ["adl_autoclose"]
    assert kinds(autoCloseType="LIQUIDATION", symbol=SYMBOL) == ["autoclose"]
    assert kinds(symbol=OTHER) == []


def test_only_so_many_closed_orders_are_kept() -> None:
    trader = Trader(Options(history_limit=2))
    trader.quote()
    ids = [trader.post("BUY", "0.1")["orderId"] for _ in range(4)]

    rows = trader.ok("GET", "/v1/allOrders", symbol=SYMBOL)

    assert [row["orderId"] for row in rows] == ids[2:]
    assert trader.code("GET", "/v1/order", symbol=SYMBOL, orderId=ids[0]) == -2013
