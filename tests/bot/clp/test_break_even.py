from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.break_even import zero_price


@pytest.mark.parametrize(
    ("qty", "maker", "taker", "zero"),
    [
        ("1", "0.0002", "0.0005", Decimal("100.02") / Decimal("0.9995")),  # 100.0700350…
        ("-1", "0.0002", "0.0005", Decimal("99.98") / Decimal("1.0005")),  # 99.9300349…
        ("1", "0", "0", Decimal(100)),
        ("1", "0", "0.2", Decimal(125)),
        ("-1", "0", "0.25", Decimal(80)),
        ("1", "-0.01", "0.01", Decimal(100)),  # a rebate at entry pays for the exit
    ],
)
def test_break_even_pays_for_both_fees(qty: str, maker: str, taker: str, zero: Decimal) -> None:
    assert zero_price(Decimal(qty), Decimal(100), Decimal(maker), Decimal(taker)) == zero


@given(
    is_long=st.booleans(),
    entry=st.decimals("0.01", 100_000, places=2),
    maker=st.decimals("-0.001", "0.01", places=5),
    taker=st.decimals("0", "0.01", places=5),
)
def test_leaving_at_break_even_gains_nothing(
    is_long: bool, entry: Decimal, maker: Decimal, taker: Decimal
) -> None:
    qty = Decimal(1 if is_long else -1)
    zero = zero_price(qty, entry, maker, taker)

    profit = qty * (zero - entry) - maker * entry - taker * zero

    assert abs(profit) < Decimal("1e-18")
