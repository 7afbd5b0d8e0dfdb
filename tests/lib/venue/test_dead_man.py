import pytest

from lib.venue.engine import Options
from tests.lib.venue.trader import OTHER, SYMBOL, Trader


def armed(options: Options | None = None, countdown_ms: int = 1000) -> Trader:
    trader = Trader(options)
    for symbol in (SYMBOL, OTHER):
        trader.quote(symbol=symbol)
        trader.post("BUY", "0.1", "990", symbol=symbol)
    trader.stop("SELL", "990", quantity="0.1")
    body = trader.ok("POST", "/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=countdown_ms)
    assert body == {"symbol": SYMBOL, "countdownTime": str(countdown_ms)}
    trader.events()
    return trader


def open_symbols(trader: Trader) -> list[str]:
    return [row["symbol"] for row in trader.ok("GET", "/v1/openOrders")]


def test_a_countdown_that_is_not_refreshed_cancels_its_symbol_s_orders() -> None:
    trader = armed()

    trader.wait(0.998)
    assert open_symbols(trader) == [SYMBOL, OTHER]
    trader.wait(0.002)

    assert trader.told() == ["CANCELED"]
    assert open_symbols(trader) == [OTHER]
    assert len(trader.ok("GET", "/v1/openAlgoOrders")) == 1


def test_a_refreshed_countdown_starts_again() -> None:
    trader = armed()

    trader.wait(0.9)
    trader.ok("POST", "/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=1000)
    trader.wait(0.9)
    assert open_symbols(trader) == [SYMBOL, OTHER]
    trader.wait(0.2)

    assert open_symbols(trader) == [OTHER]


def test_zero_stops_the_countdown() -> None:
    trader = armed()

    trader.ok("POST", "/v1/countdownCancelAll", symbol=SYMBOL, countdownTime=0)
    trader.wait(10)

    assert open_symbols(trader) == [SYMBOL, OTHER]


def test_it_covers_conditional_orders_where_the_options_say_so() -> None:
    trader = armed(Options(dead_man_covers_algo=True))

    trader.wait(1)

    assert trader.told() == ["CANCELED", "ALGO CANCELED"]


def test_it_covers_conditional_orders_where_a_fault_says_so() -> None:
    trader = armed()
    trader.engine.fault("dead_man", covers_algo=True)

    trader.wait(1)

    assert trader.ok("GET", "/v1/openAlgoOrders") == []


@pytest.mark.parametrize(("countdown", "code"), [("-1", -1130), ("soon", -1102), ("", -1102)])
def test_bad_countdowns_are_refused(countdown: str, code: int) -> None:
    request = {"symbol": SYMBOL, "countdownTime": countdown}
    assert Trader().code("POST", "/v1/countdownCancelAll", **request) == code
