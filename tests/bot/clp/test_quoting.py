from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.config import LevelConfig
from bot.clp.quoting import Quoting, Touch

TICK = Decimal("0.1")


def level(width: str, gap: str = "0", min_width: str = "0") -> LevelConfig:
    return LevelConfig(
        "inner", Decimal(width), Decimal(gap), (Decimal(1),), False, Decimal("0.1"), None,
        Decimal(min_width),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("width", "gap", "buy", "sell"),
    [
        # 50,000 x 0.001 / 2 = 25
        ("0.001", "0", "49975.0", "50025.0"),
        # 50,000 x 0.001 x 0.95 / 2 = 23.75: buys up, sells down
        ("0.001", "0.05", "49976.3", "50023.7"),
        # 50,000 x 0.0003 x 0.9 / 2 = 6.75
        ("0.0003", "0.1", "49993.3", "50006.7"),
    ],
)
def test_prices_are_symmetric_and_rounded_inwards(
    width: str, gap: str, buy: str, sell: str
) -> None:
    touch = Touch(Decimal("49999.9"), Decimal("50000.1"))

    prices = Quoting(Decimal(0), TICK).prices(level(width, gap), touch.mid, touch)

    assert prices == (Decimal(buy), Decimal(sell), Decimal(50_000))


@pytest.mark.parametrize(
    ("width", "min_width", "buy", "sell"),
    [
        # 20 apart would be less than 50,000 x 0.0008 = 40
        ("0.0004", "0.0008", "49980", "50020"),
        # 50,000 x 0.00000101 = 0.0505: one tick outwards on both sides
        ("0.000001", "0.00000101", "49999.9", "50000.1"),
        ("0.0008", "0.0008", "49980", "50020"),
    ],
)
def test_prices_never_come_closer_than_the_minimum_width(
    width: str, min_width: str, buy: str, sell: str
) -> None:
    touch = Touch(Decimal("49999.9"), Decimal("50000.1"))

    prices = Quoting(Decimal(0), TICK).prices(level(width, "0", min_width), touch.mid, touch)

    assert (prices.buy, prices.sell) == (Decimal(buy), Decimal(sell))


@pytest.mark.parametrize(
    ("bid", "ask", "centre", "buy", "sell"),
    [
        # Half-width 0.05 rounds to the centre itself: a tick beside it is the closest.
        ("49999.9", "50000.1", "50000", "49999.9", "50000.1"),
        # The centre leans below the bid: the sell stays above the bid.
        ("49999.9", "50000.1", "49990", "49989.9", "50000.0"),
        # … and above the ask: the buy stays below the ask.
        ("49999.9", "50000.1", "50010", "50000.0", "50010.1"),
        # One tick between the best levels: joins them.
        ("50000.0", "50000.1", "50000.05", "50000.0", "50000.1"),
    ],
)
def test_prices_never_cross_the_book(bid: str, ask: str, centre: str, buy: str, sell: str) -> None:
    touch = Touch(Decimal(bid), Decimal(ask))

    prices = Quoting(Decimal(0), TICK).prices(level("0.000002"), Decimal(centre), touch)

    assert (prices.buy, prices.sell) == (Decimal(buy), Decimal(sell))


@pytest.mark.parametrize(
    ("skew", "share", "centre"),
    [
        ("0", "1", "50000"),
        ("0.0005", "0.5", "49987.5"),  # 50,000 x (1 - 0.0005 x 0.5)
        ("0.0005", "-1", "50025"),
        ("0.0005", "-7", "50025"),  # beyond the allowed exposure it does not lean further
    ],
)
def test_the_centre_leans_away_from_the_inventory(skew: str, share: str, centre: str) -> None:
    quoting = Quoting(Decimal(skew), TICK)

    assert quoting.centre(Decimal(50_000), Decimal(share)) == Decimal(centre)


def fractions(low: str, high: str) -> Any:
    return st.decimals(low, high, places=6)


@given(
    bid=st.integers(10_000, 10_000_000),
    ticks=st.integers(1, 500),
    lean=fractions("-0.02", "0.02"),
    width=fractions("0.000001", "0.1"),
    gap=fractions("0", "0.99"),
    min_width=fractions("0", "0.02"),
)
def test_whatever_the_market_no_price_crosses_or_meets_its_counterpart(
    bid: int, ticks: int, lean: Decimal, width: Decimal, gap: Decimal, min_width: Decimal
) -> None:
    touch = Touch(bid * TICK, (bid + ticks) * TICK)
    centre = touch.mid * (1 + lean)

    prices = Quoting(Decimal(0), TICK).prices(
        level(str(width), str(gap), str(min_width)), centre, touch
    )

    assert prices.buy < touch.ask
    assert prices.sell > touch.bid
    assert prices.buy < centre < prices.sell
    assert prices.sell - prices.buy >= centre * min_width
    assert prices.buy % TICK == prices.sell % TICK == 0
