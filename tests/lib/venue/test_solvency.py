from typing import Any

import pytest

from tests.lib.venue.trader import OTHER, SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader(balance="1000")
    trader.quote(size=1000)
    trader.mark("1000")
    trader.post("BUY", "10", "1000.1", timeInForce="IOC")
    trader.events()
    return trader


def fall(trader: Trader, price: Any) -> None:
    trader.quote(price, d(price) + d("0.1"), size=1000)
    trader.mark(price)


def test_an_account_is_warned_once_before_it_is_liquidated(trader: Trader) -> None:
    fall(trader, "910")
    assert trader.told() == []
    fall(trader, "905")
    call = trader.events()[0]
    assert (call["e"], call["p"][0]["s"], call["p"][0]["mt"]) == ("MARGIN_CALL", SYMBOL, "CROSSED")
    fall(trader, "904.9")

    assert trader.told() == []


def test_a_lost_account_is_closed_by_the_exchange(trader: Trader) -> None:
    order_id = trader.post("BUY", "0.1", "960")["orderId"]
    trader.events()

    fall(trader, "900")

    events = trader.events()
    forced = [e["o"] for e in events if e["e"] == "ORDER_TRADE_UPDATE" and e["o"]["i"] != order_id]
    assert [(o["x"], o["X"], o["o"], o["V"]) for o in forced] == [
        ("CALCULATED", "NEW", "LIQUIDATION", "NONE"),
        ("CALCULATED", "FILLED", "LIQUIDATION", "NONE"),
    ]
    assert forced[0]["c"].startswith("autoclose-")
    assert trader.position() == 0
    assert trader.wallet() == 0
    reasons = [e["a"]["m"] for e in events if e["e"] == "ACCOUNT_UPDATE"]
    assert reasons[-1] == "INSURANCE_CLEAR"


def test_open_orders_expire_before_the_position_is_closed(trader: Trader) -> None:
    order_id = trader.post("SELL", "0.1", "1040")["orderId"]
    trader.events()

    fall(trader, "900")

    first = trader.events()[0]["o"]
    assert (first["i"], first["X"], first["er"]) == (order_id, "EXPIRED", "5")


def test_the_market_hears_of_a_liquidation(trader: Trader) -> None:
    fall(trader, "900")

    event = trader.engine.take_market_events()[0]

    assert event["e"] == "forceOrder"
    assert (event["o"]["s"], event["o"]["S"], event["o"]["z"]) == (SYMBOL, "SELL", "10")
    assert trader.engine.take_market_events() == []


def test_the_insurance_fund_bears_what_the_margin_does_not(trader: Trader) -> None:
    fall(trader, "800")

    assert trader.wallet() == 0
    incomes = trader.ok("GET", "/v1/income", incomeType="INSURANCE_CLEAR")
    assert d(incomes[-1]["income"]) > 1000


def test_positions_of_other_symbols_count_and_go_too() -> None:
    trader = Trader(balance="1000")
    for symbol in (SYMBOL, OTHER):
        trader.quote(size=1000, symbol=symbol)
        trader.mark("1000", symbol=symbol)
    trader.post("BUY", "9", "1000.1", timeInForce="IOC")
    trader.post("SELL", "5", "1000", timeInForce="IOC", symbol=OTHER)

    fall(trader, "895")

    assert trader.position() == 0
    assert trader.position(OTHER) == 0


def test_a_winning_leg_saves_the_account() -> None:
    trader = Trader(balance="1000")
    for symbol in (SYMBOL, OTHER):
        trader.quote(size=1000, symbol=symbol)
        trader.mark("1000", symbol=symbol)
    trader.post("BUY", "9", "1000.1", timeInForce="IOC")
    trader.post("SELL", "9", "1000", timeInForce="IOC", symbol=OTHER)

    trader.mark("900", symbol=OTHER)
    fall(trader, "900")

    assert trader.position() == 9


def test_an_isolated_position_falls_alone() -> None:
    trader = Trader(balance="10000")
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.quote(size=1000)
    trader.mark("1000")
    trader.post("BUY", "10", "1000.1", timeInForce="IOC")
    before = trader.wallet()
    margin = d(trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"])

    fall(trader, "940")

    assert trader.position() == 0
    assert trader.wallet() == before - margin


def test_without_mark_events_the_book_s_middle_decides() -> None:
    trader = Trader(balance="1000")
    trader.quote(size=1000)
    trader.post("BUY", "10", "1000.1", timeInForce="IOC")

    trader.quote("890", "890.1", size=1000)

    assert trader.position() == 0
