from decimal import Decimal

import pytest

from bot.clp.fees import fee_of
from tests.bot.clp.orders import update
from tests.bot.clp.test_trailing_stop import CONFIG


@pytest.mark.parametrize(
    ("fee", "asset", "maker", "cost"),
    [
        ("0.3", "USDT", True, "0.3"),
        ("-0.3", "USDT", True, "-0.3"),  # a rebate
        ("0", "", True, "0"),
        ("0.0001", "BNB", True, "0.04"),  # 2 x 100 x 0.0002
        ("0.0001", "BNB", False, "0.1"),
    ],
)
def test_a_fee_in_another_asset_is_worked_out(fee: str, asset: str, maker: bool, cost: str) -> None:
    fill = update(
        fill_qty=Decimal(2), fill_price=Decimal(100), fee=Decimal(fee), fee_asset=asset, maker=maker
    )

    assert fee_of(fill, CONFIG) == Decimal(cost)
