from lib.venue.engine import Options
from tests.lib.venue.trader import SYMBOL, Trader, d


def resting(price: str = "1000", qty: str = "1", size: str = "10") -> tuple[Trader, int]:
    """Return a trader with one resting bid behind `size` at its level."""
    trader = Trader()
    trader.quote(size=size)
    order_id = trader.post("BUY", qty, price)["orderId"]
    trader.events()
    return trader, order_id


def filled(trader: Trader, order_id: int) -> str:
    return str(trader.get(order_id)["executedQty"])


def test_trades_at_the_level_fill_what_stood_before_us_first() -> None:
    trader, order_id = resting()

    trader.trade("1000", "9.5", sells=True)
    assert filled(trader, order_id) == "0.000"
    trader.trade("1000", "0.7", sells=True)

    assert filled(trader, order_id) == "0.200"


def test_a_trade_through_our_price_fills_no_more_than_its_quantity() -> None:
    trader, order_id = resting()

    trader.trade("999.9", "0.3", sells=True)

    assert filled(trader, order_id) == "0.300"


def test_trades_on_the_other_side_do_not_touch_us() -> None:
    trader, order_id = resting()

    trader.trade("1000.1", "100", sells=False)

    assert filled(trader, order_id) == "0.000"


def test_an_opposite_quote_at_our_price_fills_up_to_its_quantity() -> None:
    trader, order_id = resting()

    trader.quote("999.9", "1000", size="0.4")

    assert filled(trader, order_id) == "0.400"
    assert trader.fills()[0]["price"] == "1000"
    assert trader.fills()[0]["maker"] is True


def test_a_queue_that_shrinks_by_odd_parts_still_fills_whole_steps() -> None:
    trader, order_id = resting(size="7")

    trader.quote(size="9.001")
    trader.quote(size="4.7")
    trader.trade("1000", "4", sells=True)

    for fill in trader.fills():
        assert d(fill["qty"]) % d("0.001") == 0
    assert 0 < d(filled(trader, order_id)) < 1


def test_a_level_that_shrinks_without_trades_moves_us_in_proportion() -> None:
    trader, order_id = resting()

    trader.quote(size="12")
    trader.quote(size="6")
    trader.trade("1000", "5.5", sells=True)

    # 10 of 12 stood before us; half of all was cancelled: 5 remain.
    assert filled(trader, order_id) == "0.500"


def test_shrinkage_that_trades_explain_moves_us_once() -> None:
    trader, order_id = resting()

    trader.trade("1000", "4", sells=True)
    trader.quote(size="6")
    trader.trade("1000", "5.9", sells=True)
    assert filled(trader, order_id) == "0.000"
    trader.trade("1000", "0.3", sells=True)

    assert filled(trader, order_id) == "0.200"


def test_cancels_behind_us_can_be_chosen() -> None:
    trader = Trader(Options(queue_cancels="none"))
    trader.quote(size="10")
    order_id = trader.post("BUY", "1", "1000")["orderId"]

    trader.quote(size="14")
    trader.quote(size="11")
    trader.trade("1000", "10.1", sells=True)

    assert filled(trader, order_id) == "0.100"


def test_a_vanished_level_puts_us_first() -> None:
    trader, order_id = resting()

    trader.quote("999.9", "1000.1")
    trader.quote("1000", "1000.1")
    trader.trade("1000", "0.5", sells=True)

    assert filled(trader, order_id) == "0.500"


def test_better_price_then_earlier_time_is_filled_first() -> None:
    trader = Trader()
    trader.quote("999", "1001", size="1")
    late_better = [
        trader.post("BUY", "0.1", price)["orderId"] for price in ("999.5", "1000", "1000")
    ]

    trader.trade("999.5", "0.25", sells=True)

    assert [filled(trader, each) for each in late_better] == ["0.050", "0.100", "0.100"]
    assert [fill["order_id"] for fill in trader.fills()] == [
        late_better[1],
        late_better[2],
        late_better[0],
    ]


def test_a_taker_walks_the_book_and_leaves_it_as_it_is() -> None:
    trader = Trader()
    asks = [(d("1000.1"), d(1)), (d("1000.2"), d(2)), (d("1000.4"), d(3))]
    trader.levels([(d(1000), d(1))], asks, snapshot=True)

    trader.post("BUY", "2.5", "1000.2")

    assert [(fill["price"], fill["qty"]) for fill in trader.fills()] == [
        ("1000.1", "1"),
        ("1000.2", "1.5"),
    ]
    assert trader.engine.depth(SYMBOL)[1] == asks


def test_the_rest_of_a_taker_rests_at_its_price() -> None:
    trader = Trader()
    trader.levels([(d(1000), d(1))], [(d("1000.1"), d(1))], snapshot=True)

    body = trader.post("BUY", "3", "1000.1", newOrderRespType="RESULT")

    assert (body["status"], body["executedQty"]) == ("PARTIALLY_FILLED", "1.000")
    assert trader.told() == ["TRADE_LITE", "NEW", "ACCOUNT ORDER", "TRADE/PARTIALLY_FILLED"]


def test_a_market_order_ends_at_the_take_bound() -> None:
    trader = Trader()
    asks = [(d("1000.1"), d("0.1")), (d("1049.9"), d("0.1")), (d("1051"), d("9"))]
    trader.levels([(d(1000), d(1))], asks, snapshot=True)
    trader.mark("1000")

    body = trader.post("BUY", "1", newOrderRespType="RESULT")

    assert (body["status"], body["executedQty"]) == ("EXPIRED", "0.200")
    assert trader.events()[-1]["o"]["er"] == "9"


def test_orders_of_two_accounts_meet() -> None:
    trader = Trader()
    trader.quote("999", "1001", size="1")
    trader.engine.open_account("other", {"USDT": d(10_000)}, trader.now_ns)
    request = {
        "symbol": SYMBOL, "side": "SELL", "type": "LIMIT",
        "timeInForce": "GTC", "quantity": "0.5", "price": "1000",
    }  # fmt: skip
    trader.engine.request("other", "POST", "/fapi/v1/order", request, trader.tick())

    trader.post("BUY", "0.8", "1000")

    fills = trader.engine.ledger()["fills"]
    assert [(f["account"], f["price"], f["qty"], f["maker"]) for f in fills] == [
        ("main", "1000", "0.5", False),
        ("other", "1000", "0.5", True),
    ]
    assert fills[0]["id"] == fills[1]["id"], "one trade has one id, whoever asks"


def prevented(mode: str, **more: str) -> tuple[Trader, str, str]:
    trader = Trader()
    trader.quote("999", "1001", size="1")
    maker = trader.post("SELL", "0.5", "1000")["orderId"]
    taker = trader.post("BUY", "0.5", "1000", selfTradePreventionMode=mode, **more)["orderId"]
    return trader, trader.get(maker)["status"], trader.get(taker)["status"]


def test_self_trade_prevention_expires_whom_the_taker_says() -> None:
    assert prevented("EXPIRE_MAKER")[1:] == ("EXPIRED_IN_MATCH", "NEW")
    assert prevented("EXPIRE_TAKER")[1:] == ("NEW", "EXPIRED_IN_MATCH")
    assert prevented("EXPIRE_BOTH")[1:] == ("EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH")
    assert prevented("NONE")[1:] == ("FILLED", "FILLED")


def test_prevention_is_told_with_its_reason() -> None:
    trader = prevented("EXPIRE_TAKER", timeInForce="IOC")[0]
    last = trader.events()[-1]["o"]
    assert (last["x"], last["X"], last["er"]) == ("EXPIRED", "EXPIRED_IN_MATCH", "3")

    trader = prevented("EXPIRE_MAKER")[0]
    expired = [e["o"] for e in trader.events() if e.get("o", {}).get("x") == "EXPIRED"]
    assert [each["er"] for each in expired] == ["1"]


def test_prevention_can_be_turned_off() -> None:
    trader = Trader()
    trader.quote("999", "1001", size="1")
    trader.engine.fault("prevention_off")
    maker = trader.post("SELL", "0.5", "1000")["orderId"]

    trader.post("BUY", "0.5", "1000")

    assert trader.get(maker)["status"] == "FILLED"
    assert trader.position() == 0
