from decimal import Decimal
from typing import Any

import pytest

from tests.lib.venue.trader import OTHER, SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def row(trader: Trader, path: str = "/v3/positionRisk") -> dict[str, Any]:
    rows = trader.ok("GET", path, symbol=SYMBOL)
    assert len(rows) == 1
    found: dict[str, Any] = rows[0]
    return found


def test_a_flat_account_lists_no_position_in_v3_but_every_symbol_in_v2(trader: Trader) -> None:
    assert trader.ok("GET", "/v3/positionRisk") == []
    assert trader.ok("GET", "/v3/account")["positions"] == []
    assert len(trader.ok("GET", "/v2/positionRisk")) == 2
    assert len(trader.ok("GET", "/v2/account")["positions"]) == 2


def test_an_open_order_lists_its_symbol_with_the_margin_it_ties_up(trader: Trader) -> None:
    trader.post("BUY", "1", "990")

    position = row(trader)

    assert (position["positionAmt"], position["bidNotional"]) == ("0", "990")
    assert position["openOrderInitialMargin"] == "49.5"
    balance = trader.ok("GET", "/v3/balance")[0]
    assert balance["availableBalance"] == "9950.50000000"
    assert balance["balance"] == "10000.00000000"


def test_all_endpoints_agree_on_a_position(trader: Trader) -> None:
    trader.post("BUY", "1")
    trader.mark("1010")

    account = trader.ok("GET", "/v3/account")
    old = trader.ok("GET", "/v2/account")
    balance = trader.ok("GET", "/v2/balance")[0]
    risk, old_risk = row(trader), row(trader, "/v2/positionRisk")

    position = next(p for p in old["positions"] if p["symbol"] == SYMBOL)
    assert {d(account["positions"][0][k]) for k in ("positionAmt",)} == {Decimal(1)}
    assert position["entryPrice"] == risk["entryPrice"] == old_risk["entryPrice"] == "1000.1"
    assert risk["unRealizedProfit"] == old_risk["unRealizedProfit"] == "9.90000000"
    assert account["totalUnrealizedProfit"] == old["totalUnrealizedProfit"] == "9.90000000"
    assert account["availableBalance"] == balance["availableBalance"]
    assert d(balance["availableBalance"]) == d("10000") - d("0.50005") + d("9.9") - d("50.5")
    assert d(account["totalMaintMargin"]) == d("1010") * d("0.004")


def test_the_liquidation_price_is_where_the_margin_is_gone(trader: Trader) -> None:
    trader.post("BUY", "100")
    price, entry = (d(row(trader)[key]) for key in ("liquidationPrice", "entryPrice"))

    balance = trader.wallet() + (price - entry) * 100

    # Maintenance margin at that price: 0.4 %.
    assert abs(balance - price * 100 * d("0.004")) < d("0.01")


def test_a_short_s_liquidation_price_is_above(trader: Trader) -> None:
    trader.post("SELL", "100")

    assert d(row(trader)["liquidationPrice"]) > 1090


def test_fixed_tables(trader: Trader) -> None:
    assert trader.ok("GET", "/v1/commissionRate", symbol=SYMBOL) == {
        "symbol": SYMBOL,
        "makerCommissionRate": "0.000200",
        "takerCommissionRate": "0.000500",
        "rpiCommissionRate": "0.00005",
    }
    assert trader.ok("GET", "/v1/leverageBracket", symbol=SYMBOL)["brackets"][0]["notionalCap"]
    assert len(trader.ok("GET", "/v1/leverageBracket")) == 2
    assert [each["limit"] for each in trader.ok("GET", "/v1/rateLimit/order")] == [300, 1200]


def test_income_explains_every_change_of_the_wallet(trader: Trader) -> None:
    trader.post("BUY", "1")
    trader.post("SELL", "1")

    rows = trader.ok("GET", "/v1/income")

    assert [each["incomeType"] for each in rows] == [
        "TRANSFER", "COMMISSION", "REALIZED_PNL", "COMMISSION",
    ]  # fmt: skip
    assert sum(d(each["income"]) for each in rows) == trader.wallet()
    assert len({each["tranId"] for each in rows}) == 4
    only = trader.ok("GET", "/v1/income", incomeType="REALIZED_PNL", symbol=SYMBOL)
    assert [each["income"] for each in only] == ["-0.10000000"]
    assert trader.ok("GET", "/v1/income", symbol=OTHER) == []
    assert trader.code("GET", "/v1/income", page=2) == -1104


def test_the_adl_queue_lists_positions(trader: Trader) -> None:
    assert trader.ok("GET", "/v1/adlQuantile") == []
    trader.post("BUY", "1")

    expected = {"symbol": SYMBOL, "adlQuantile": {"BOTH": 2}}
    assert trader.ok("GET", "/v1/adlQuantile") == [expected]
    assert trader.ok("GET", "/v1/adlQuantile", symbol=SYMBOL) == expected


def test_an_unknown_symbol_is_refused(trader: Trader) -> None:
    for path in ("/v3/positionRisk", "/v2/positionRisk", "/v1/symbolConfig", "/v1/income"):
        assert trader.code("GET", path, symbol="NOSUCH") == -1121


def test_a_second_asset_has_its_own_row() -> None:
    trader = Trader()
    trader.engine.open_account("rich", {"USDT": d(1), "USDC": d(2)}, trader.now_ns)

    answer = trader.engine.request("rich", "GET", "/fapi/v3/balance", {}, trader.tick())

    assert answer is not None
    assert [(each["asset"], each["balance"]) for each in answer[1]] == [
        ("USDT", "1.00000000"),
        ("USDC", "2.00000000"),
    ]
