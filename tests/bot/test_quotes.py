from decimal import Decimal
from typing import Any

import pytest

from bot.quotes import QuoterConfig
from lib.constants import Side
from lib.errors import ConfigError

MID = Decimal(50_000)


def test_the_defaults_quote_the_smallest_order_worth_its_value() -> None:
    config = QuoterConfig.read({})

    assert config.quantity(MID, Decimal("0.001")) == Decimal("0.003")
    assert config.quantity(Decimal("0.5"), Decimal(1)) == Decimal(220)
    assert config.quantity(Decimal(500_000), Decimal("0.001")) == Decimal("0.001")
    assert config.limit(Decimal("0.003")) == Decimal("0.015")


def test_prices_lie_symmetric_about_the_mid() -> None:
    config = QuoterConfig.read({"width": 0.001})

    assert config.price(Side.BUY, MID) == Decimal(49_950)
    assert config.price(Side.SELL, MID) == Decimal(50_050)


@pytest.mark.parametrize(
    ("price", "off"), [("49975", False), ("49967.5", False), ("49967.4", True), ("49982.6", True)]
)
def test_an_order_is_off_beyond_the_hysteresis(price: str, off: bool) -> None:
    config = QuoterConfig.read({"width": "0.0005", "hysteresis": "0.3"})

    assert config.is_off(Side.BUY, Decimal(price), MID) is off


@pytest.mark.parametrize(
    "config",
    [{"width": "wide"}, {"width": 0}, {"width": 1}, {"qty": -1}, {"notional": float("nan")}],
)
def test_values_that_make_no_sense_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(config))):
        QuoterConfig.read(config)
