from lib.constants import NS_PER_SECOND
from lib.venue.engine import Options
from tests.lib.venue.trader import OTHER, SYMBOL, Trader, d


def test_a_late_reduce_only_order_is_shrunk_to_what_is_left_or_expires() -> None:
    trader = Trader(Options(order_latency_ns=5_000_000))
    trader.quote()
    trader.post("BUY", "0.3")
    trader.wait(0.01)
    half = trader.post("SELL", "0.3", reduceOnly="true")["orderId"]
    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="-0.2")
    trader.wait(0.01)
    late = trader.post("BUY", "0.2")
    assert trader.get(half)["origQty"] == "0.100"
    trader.wait(0.01)

    gone = trader.post("SELL", "0.2", reduceOnly="true")["orderId"]
    trader.engine.fault("manual_trade", symbol=SYMBOL, qty="-0.2")
    trader.wait(0.01)

    assert trader.get(late["orderId"])["status"] == "FILLED"
    assert trader.get(gone)["status"] == "EXPIRED"
    assert trader.position() == 0


def test_isolated_margin_follows_the_position_up_down_and_over() -> None:
    trader = Trader()
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.quote()
    trader.mark("1000")

    def margin() -> str:
        return str(trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"])

    trader.post("BUY", "1")
    first = d(margin())
    trader.post("BUY", "1")
    assert abs(d(margin()) - 2 * first) < 1
    trader.post("SELL", "1")
    assert abs(d(margin()) - first) < 1
    trader.post("SELL", "3")

    # Turned over: the margin of the new side alone, 2 at 1000 and leverage 20.
    assert margin() == "100"


def test_funding_is_planned_anew_when_its_time_moves() -> None:
    trader = Trader()
    trader.quote()
    trader.mark("1000", "0.0001", trader.now_ns + 10 * NS_PER_SECOND)
    trader.mark("1000", "0", trader.now_ns + 20 * NS_PER_SECOND)
    trader.post("BUY", "1")
    before = trader.wallet()

    trader.wait(30)

    assert trader.wallet() == before


def test_in_liquidation_nothing_can_be_placed() -> None:
    trader = Trader()
    trader.quote()
    trader.post("BUY", "0.1")
    trader.engine.fault("liquidate", symbol=SYMBOL, seconds=5)

    assert trader.refused("BUY", "0.1") == -2023
    assert trader.stop("BUY", "1010", quantity="0.1")[1]["code"] == -2023
    trader.wait(5)
    trader.post("BUY", "0.1")


def test_a_market_order_under_way_cannot_be_changed() -> None:
    trader = Trader(Options(order_latency_ns=5_000_000))
    trader.quote()
    order_id = trader.post("BUY", "0.1")["orderId"]

    request = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": "990"}
    assert trader.code("PUT", "/v1/order", orderId=order_id, **request) == -5025


def test_an_order_is_changed_ten_thousand_times_at_most() -> None:
    trader = Trader()
    trader.quote()
    order_id = trader.post("BUY", "0.1", "990")["orderId"]
    next(iter(trader.engine._state.accounts["main"].orders)).changes = 10_000

    request = {"symbol": SYMBOL, "side": "BUY", "quantity": "0.2", "price": "990"}
    assert trader.code("PUT", "/v1/order", orderId=order_id, **request) == -5026


def test_margin_is_counted_by_asset() -> None:
    trader = Trader()
    trader.engine.open_account("two", {"USDT": d(100), "USDC": d(100)}, trader.now_ns)
    trader.engine.fault("change_filters", symbol=OTHER, margin_asset="USDC")
    for symbol in (SYMBOL, OTHER):
        trader.quote(symbol=symbol)
        request = {"symbol": symbol, "side": "BUY", "type": "MARKET", "quantity": "1"}
        answer = trader.engine.request("two", "POST", "/fapi/v1/order", request, trader.tick())
        assert answer is not None
        assert answer[0] == 200

    rows = trader.engine.request("two", "GET", "/fapi/v3/balance", {}, trader.tick())

    assert rows is not None
    used = [d(row["balance"]) - d(row["availableBalance"]) for row in rows[1]]
    assert used[0] == used[1] > 50
