from dataclasses import replace
from decimal import Decimal

import pytest

from lib.venue.errors import VenueError
from lib.venue.filters import check_notional, check_percent, check_price, check_quantity
from tests.lib.venue.trader import d, rules

COARSE = replace(rules(), min_qty=d("0.005"), step=d("0.002"))


@pytest.mark.parametrize(
    ("qty", "code"),
    [("0.004", -4004), ("0.006", -4023), ("0.005", 0), ("0.009", 0), ("0.0050", 0)],
)
def test_quantities_are_steps_from_the_smallest(qty: str, code: int) -> None:
    assert refusal(lambda: check_quantity(COARSE, d(qty), is_market=False)) == code


def test_a_rule_of_zero_is_off() -> None:
    free = replace(rules(), tick=d(0), min_price=d(0), max_price=d(0), max_qty=d(0), step=d(0))

    check_price(free, d("0.01"))
    check_price(free, d("99999999"))
    check_quantity(free, d("99999"), is_market=False)


def test_percent_price_binds_only_the_side_that_it_costs() -> None:
    info, mark = rules(), d(1000)

    check_percent(info, d(1), mark, is_buy=True)
    check_percent(info, d(9999), mark, is_buy=False)
    check_percent(info, d(9999), d(0), is_buy=True)


def test_the_notional_s_text_names_the_bound() -> None:
    with pytest.raises(VenueError, match="no smaller than 50 "):
        check_notional(rules(), d("49.99"))


def refusal(check: object) -> int:
    try:
        check()  # type: ignore[operator]
    except VenueError as error:
        return error.code
    return 0


def test_an_error_is_the_exchange_s_body() -> None:
    error = VenueError(-4028, leverage=Decimal(200))

    assert error.body() == {"code": -4028, "msg": "Leverage 200 is not valid"}
    assert (error.status, VenueError(-1007).status) == (400, 408)
