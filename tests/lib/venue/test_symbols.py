from decimal import Decimal

from lib.venue.symbols import catalogue, info


def test_every_starting_price_fits_its_own_rules() -> None:
    for rules in catalogue().values():
        assert rules.min_price < rules.price < rules.max_price, rules.symbol
        assert rules.price % rules.tick == 0, rules.symbol
        assert rules.min_qty % rules.step == 0, rules.symbol


def test_catalogue_holds_the_whole_exchange() -> None:
    found = catalogue()
    assert len(found) == 578
    bitcoin = found["BTCUSDT"]
    assert (bitcoin.tick, bitcoin.step) == (Decimal("0.10"), Decimal("0.001"))
    assert found["ETHUSDT_251226"].pair == "ETHUSDT"


def test_unknown_symbol_gets_plausible_rules() -> None:
    rules = info("FOOUSDC")
    assert (rules.base_asset, rules.quote_asset, rules.margin_asset) == ("FOO", "USDC", "USDC")
    assert info("USDT").base_asset == "USDT"
