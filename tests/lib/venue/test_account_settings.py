import pytest

from tests.lib.venue.trader import SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def test_leverage_changes_the_margin_and_is_told(trader: Trader) -> None:
    body = trader.ok("POST", "/v1/leverage", symbol=SYMBOL, leverage=10)

    assert body == {"leverage": 10, "maxNotionalValue": "50000000", "symbol": SYMBOL}
    assert trader.events()[0]["ac"] == {"s": SYMBOL, "l": 10}
    trader.post("BUY", "1", "990")
    assert trader.ok("GET", "/v3/balance")[0]["availableBalance"] == "9901.00000000"
    assert trader.ok("GET", "/v1/symbolConfig", symbol=SYMBOL)[0]["leverage"] == 10


@pytest.mark.parametrize(("leverage", "code"), [(0, -4028), (126, -4028), ("x", -1102)])
def test_bad_leverage_is_refused(trader: Trader, leverage: object, code: int) -> None:
    assert trader.code("POST", "/v1/leverage", symbol=SYMBOL, leverage=leverage) == code


def test_leverage_cannot_be_lowered_below_what_the_balance_carries(trader: Trader) -> None:
    trader.post("BUY", "100")

    assert trader.code("POST", "/v1/leverage", symbol=SYMBOL, leverage=5) == -2028
    assert trader.ok("GET", "/v1/symbolConfig", symbol=SYMBOL)[0]["leverage"] == 20


def test_leverage_cannot_be_raised_beyond_its_bracket() -> None:
    trader = Trader(balance="1000000")
    trader.quote()
    trader.post("BUY", "301", "1000.1")
    trader.trade("1000", "1000", sells=True)
    trader.quote("999", "1000.1", size="1000")

    assert trader.position() == 301
    assert trader.code("POST", "/v1/leverage", symbol=SYMBOL, leverage=125) == -2027


def test_the_margin_type_changes_only_without_orders_and_positions(trader: Trader) -> None:
    def change(kind: str) -> int:
        return trader.code("POST", "/v1/marginType", symbol=SYMBOL, marginType=kind)

    assert change("CROSSED") == -4046
    assert change("SIDEWAYS") == -1130
    trader.post("BUY", "1", "990")
    assert change("ISOLATED") == -4047
    trader.ok("DELETE", "/v1/allOpenOrders", symbol=SYMBOL)
    trader.post("BUY", "1")
    assert change("ISOLATED") == -4048
    trader.post("SELL", "1")
    trader.events()

    body = trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")

    assert body == {"code": 200, "msg": "success"}
    assert trader.told() == ["ACCOUNT MARGIN_TYPE_CHANGE"]
    assert trader.ok("GET", "/v1/symbolConfig", symbol=SYMBOL)[0]["marginType"] == "ISOLATED"


def isolated(trader: Trader) -> Trader:
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.post("BUY", "1")
    trader.events()
    return trader


def test_an_isolated_position_has_its_own_margin(trader: Trader) -> None:
    isolated(trader)

    position = trader.ok("GET", "/v3/positionRisk")[0]
    balance = trader.ok("GET", "/v3/balance")[0]

    assert position["isolatedWallet"] == "50.005"
    assert d(balance["crossWalletBalance"]) == trader.wallet() - d("50.005")
    trader.post("SELL", "0.5")
    assert d(trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"]) < 25
    trader.post("SELL", "0.5")
    balance = trader.ok("GET", "/v3/balance")[0]
    assert d(balance["crossWalletBalance"]) == trader.wallet()


def test_isolated_margin_can_be_added_and_taken(trader: Trader) -> None:
    isolated(trader)
    add = {"symbol": SYMBOL, "amount": "100", "type": 1}

    body = trader.ok("POST", "/v1/positionMargin", **add)

    assert (body["amount"], body["type"], body["code"]) == (100.0, 1, 200)
    assert trader.ok("GET", "/v3/positionRisk")[0]["isolatedWallet"] == "150.005"
    assert trader.told() == ["ACCOUNT MARGIN_TRANSFER"]
    trader.ok("POST", "/v1/positionMargin", **(add | {"type": 2, "amount": "99"}))
    assert trader.code("POST", "/v1/positionMargin", **(add | {"type": 2})) == -4051
    assert trader.code("POST", "/v1/positionMargin", **(add | {"type": 3})) == -1130
    assert trader.code("POST", "/v1/positionMargin", **(add | {"amount": "0"})) == -4055
    assert trader.code("POST", "/v1/positionMargin", **(add | {"amount": "99999"})) == -2019


def test_margin_moves_only_for_isolated_positions(trader: Trader) -> None:
    trader.post("BUY", "1")

    request = {"symbol": SYMBOL, "amount": "1", "type": 1}
    assert trader.code("POST", "/v1/positionMargin", **request) == -4049


def test_isolated_leverage_cannot_be_lowered_with_a_position(trader: Trader) -> None:
    isolated(trader)

    assert trader.code("POST", "/v1/leverage", symbol=SYMBOL, leverage=10) == -4161


def test_the_position_mode_changes_only_when_all_is_flat(trader: Trader) -> None:
    path = "/v1/positionSide/dual"
    assert trader.ok("GET", path) == {"dualSidePosition": False}
    assert trader.code("POST", path, dualSidePosition="false") == -4059
    assert trader.code("POST", path) == -1102
    order_id = trader.post("BUY", "1", "990")["orderId"]
    assert trader.code("POST", path, dualSidePosition="true") == -4067
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)
    trader.post("BUY", "1")
    assert trader.code("POST", path, dualSidePosition="true") == -4068
    trader.post("SELL", "1")

    trader.ok("POST", path, dualSidePosition="true")

    assert trader.ok("GET", path) == {"dualSidePosition": True}
    assert trader.ok("GET", "/v1/accountConfig")["dualSidePosition"] is True


def test_multi_assets_mode(trader: Trader) -> None:
    path = "/v1/multiAssetsMargin"
    assert trader.ok("GET", path) == {"multiAssetsMargin": False}
    assert trader.code("POST", path, multiAssetsMargin="false") == -4171
    order_id = trader.post("BUY", "1", "990")["orderId"]
    assert trader.code("POST", path, multiAssetsMargin="true") == -4172
    trader.ok("DELETE", "/v1/order", symbol=SYMBOL, orderId=order_id)
    trader.events()

    trader.ok("POST", path, multiAssetsMargin="true")

    assert trader.events()[0]["ai"] == {"j": True}
    assert trader.code("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED") == -4168


def test_multi_assets_mode_refuses_isolated_symbols(trader: Trader) -> None:
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")

    assert trader.code("POST", "/v1/multiAssetsMargin", multiAssetsMargin="true") == -4167


def test_fee_burn_is_remembered(trader: Trader) -> None:
    trader.ok("POST", "/v1/feeBurn", feeBurn="false")

    assert trader.ok("GET", "/v1/feeBurn") == {"feeBurn": False}
    assert trader.ok("GET", "/v2/account")["feeBurn"] is False
