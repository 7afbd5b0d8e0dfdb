from lib.constants import NS_PER_SECOND
from tests.lib.venue.trader import SYMBOL, Trader, d


def holding(side: str = "BUY", *, isolated: bool = False) -> tuple[Trader, int]:
    """Return a trader with a position of 1, and the time of the next funding."""
    trader = Trader()
    if isolated:
        trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.quote()
    due_ns = trader.now_ns + 100 * NS_PER_SECOND
    trader.mark("1000", "0.0001", due_ns)
    trader.post(side, "1")
    trader.events()
    return trader, due_ns


def test_a_long_pays_a_positive_rate_at_its_time() -> None:
    trader, due_ns = holding()
    before = trader.wallet()
    assert trader.engine.deadline() == due_ns

    trader.wait(100)

    assert trader.wallet() == before - d("0.1")
    body = trader.events()[0]["a"]
    assert (body["m"], body["S"], body["P"]) == ("FUNDING_FEE", SYMBOL, [])
    assert body["B"][0]["bc"] == "-0.1"
    income = trader.ok("GET", "/v1/income", incomeType="FUNDING_FEE")
    assert (income[0]["income"], income[0]["tradeId"]) == ("-0.10000000", "")


def test_a_short_receives_it() -> None:
    trader, _ = holding("SELL")
    before = trader.wallet()

    trader.wait(100)

    assert trader.wallet() == before + d("0.1")


def test_a_position_closed_before_pays_nothing() -> None:
    trader, _ = holding()
    trader.post("SELL", "1")
    before = trader.wallet()

    trader.wait(100)

    assert trader.wallet() == before


def test_the_newest_rate_counts_and_each_time_once() -> None:
    trader, due_ns = holding()
    before = trader.wallet()

    trader.mark("1000", "0.0003", due_ns)
    trader.wait(100)
    trader.mark("1000", "0.0003", due_ns)
    trader.wait(100)

    assert trader.wallet() == before - d("0.3")


def test_an_isolated_position_pays_from_its_own_margin() -> None:
    trader, _ = holding(isolated=True)
    margin = d(trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"])

    trader.wait(100)

    assert d(trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"]) == margin - d("0.1")
    assert trader.events()[0]["a"]["P"][0]["s"] == SYMBOL
