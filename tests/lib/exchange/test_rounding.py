from decimal import Decimal

import pytest

from lib.constants import OrderType, Side
from lib.errors import OrderRejected
from lib.exchange.rounding import (
    check_notional,
    check_price,
    check_qty,
    round_price,
    round_qty,
)
from tests.lib.exchange.fake_worker import RULES


@pytest.mark.parametrize(
    ("side", "price", "rounded"),
    [
        (Side.BUY, "100.19", "100.1"),
        (Side.SELL, "100.11", "100.2"),
        (Side.BUY, "100.1", "100.1"),
        (Side.SELL, "100.1", "100.1"),
    ],
)
def test_buys_are_rounded_down_and_sells_up(side: Side, price: str, rounded: str) -> None:
    assert round_price(RULES, side, Decimal(price)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("qty", "rounded"), [("0.0019", "0.001"), ("-0.0019", "0.001"), ("0.0009", "0")]
)
def test_quantities_lose_sign_and_what_is_below_the_step(qty: str, rounded: str) -> None:
    assert round_qty(RULES, Decimal(qty)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("kind", "qty"),
    [
        (OrderType.LIMIT, "0"),
        (OrderType.LIMIT, "0.0005"),
        (OrderType.LIMIT, "1001"),
        (OrderType.MARKET, "121"),
        (OrderType.STOP_MARKET, "121"),
    ],
)
def test_quantities_outside_the_limits_are_refused(kind: OrderType, qty: str) -> None:
    with pytest.raises(OrderRejected, match="BTCUSDT: quantity"):
        check_qty(RULES, kind, Decimal(qty))


@pytest.mark.parametrize("price", ["0", "0.05", "1000000.1"])
def test_prices_outside_the_limits_are_refused(price: str) -> None:
    with pytest.raises(OrderRejected, match="BTCUSDT: price"):
        check_price(RULES, Decimal(price))


def test_a_value_below_the_minimum_is_refused_and_an_unknown_one_is_not() -> None:
    check_notional(RULES, Decimal("0.001"), Decimal(0))
    check_notional(RULES, Decimal("0.002"), Decimal(50_000))

    with pytest.raises(OrderRejected, match="worth less than 100 USDT"):
        check_notional(RULES, Decimal("0.001"), Decimal(50_000))
