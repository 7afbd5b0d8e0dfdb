from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.config import InventoryConfig
from bot.clp.trailing_stop import TrailingStop
from lib.models import ZERO

TICK = Decimal("0.1")
HUNDRED = Decimal(100)
CONFIG = InventoryConfig(
    stoploss_coeff=Decimal(5),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0005"),
    minimal_profit=Decimal("0.005"),
    trailing_profit=Decimal("0.002"),
    first_liquidation=Decimal("0.5"),
    second_liquidation=Decimal("0.3"),
    step_ns=10**9,
    cooldown_ns=10**10,
)
ONE_PERCENT = Decimal("0.01")


def follow(
    stop: TrailingStop, mid: str, qty: int = 1, entry: str = "100", distance: str | None = "0.01"
) -> Decimal | None:
    stop.follow(
        Decimal(qty), Decimal(entry), Decimal(mid), None if distance is None else Decimal(distance)
    )
    return stop.price


@pytest.mark.parametrize(
    ("qty", "steps"),
    [
        (
            1,
            [  # mid, stop, hit; break-even is 100.0700, profit begins at 100.5704
                ("100", "99.0", False),  # entry - 1 %
                ("100.3", "99.2", False),  # 100.3 x 0.99 = 99.297, rounded down
                ("100.1", "99.2", False),  # never back
                ("100.57", "99.5", False),  # 99.5643: just below the profit
                ("100.58", "100.3", False),  # profit: 100.58 x 0.998 = 100.3788
                ("101", "100.7", False),  # 100.798
                ("100.8", "100.7", False),
                ("100.7", "100.7", True),  # reached is hit
                ("100.6", "100.7", True),
            ],
        ),
        (
            -1,
            [  # break-even is 99.9300, profit begins at 99.4304
                ("100", "101.0", False),
                ("99.7", "100.7", False),  # 99.7 x 1.01 = 100.697, rounded up
                ("99.9", "100.7", False),
                ("99.44", "100.5", False),  # 100.4344
                ("99.43", "99.7", False),  # 99.43 x 1.002 = 99.62886
                ("99", "99.2", False),  # 99.198
                ("99.2", "99.2", True),
            ],
        ),
    ],
    ids=["long", "short"],
)
def test_the_stop_follows_and_never_goes_back(qty: int, steps: list[tuple[str, str, bool]]) -> None:
    stop = TrailingStop(CONFIG, TICK)

    for mid, price, is_hit in steps:
        assert follow(stop, mid, qty) == Decimal(price), mid
        assert stop.is_hit(Decimal(mid)) is is_hit, mid


@pytest.mark.parametrize(
    ("mid", "profit"), [("100.5703", False), ("100.5704", True), ("100.0701", False)]
)
def test_profit_begins_beyond_break_even_and_minimal_profit(mid: str, profit: bool) -> None:
    # 100.02 / 0.9995 x 1.005 = 100.57038519…
    stop = TrailingStop(CONFIG, TICK)
    follow(stop, "100")

    assert stop.is_profit(Decimal(1), Decimal(mid)) is profit


def test_a_quieter_market_tightens_and_a_wilder_one_changes_nothing() -> None:
    stop = TrailingStop(CONFIG, TICK)

    assert follow(stop, "100", distance="0.02") == 98
    assert follow(stop, "100", distance="0.01") == 99
    assert follow(stop, "100", distance="0.05") == 99


def test_the_trailing_profit_never_widens_the_distance() -> None:
    stop = TrailingStop(CONFIG, TICK)

    # 0.1 % is closer than the 0.2 % of the trailing profit.
    assert follow(stop, "101", distance="0.001") == Decimal("100.8")


@pytest.mark.parametrize(
    ("qty", "entry", "price"),
    [
        (2, "98", "98.8"),  # another entry, with a profit already: 99 x 0.998 = 98.802
        (1, "104", "102.9"),  # 104 x 0.99 = 102.96
        (-1, "100", "99.2"),  # another side, with a profit: 99 x 1.002 = 99.198
        (2, "100", "99.8"),  # more of the same at the same price: as it was
    ],
)
def test_another_entry_or_side_begins_anew(qty: int, entry: str, price: str) -> None:
    stop = TrailingStop(CONFIG, TICK)
    follow(stop, "100.1", distance="0.002")

    found = follow(stop, "99", qty, entry)

    assert found == Decimal(price)


def test_nothing_is_known_before_the_distance_is() -> None:
    stop = TrailingStop(CONFIG, TICK)

    assert follow(stop, "90", distance=None) is None
    assert not stop.is_hit(Decimal(1))
    assert follow(stop, "100") == 99
    assert follow(stop, "102", distance=None) == 99


def test_without_a_position_there_is_no_stop() -> None:
    stop = TrailingStop(CONFIG, TICK)
    follow(stop, "100")

    assert follow(stop, "100", qty=0, entry="0") is None
    assert (stop.entry, stop.is_hit(ZERO)) == (ZERO, False)


def test_a_restored_stop_goes_on() -> None:
    stop = TrailingStop(CONFIG, TICK)
    stop.restore(Decimal(1), HUNDRED, Decimal("99.7"))

    assert follow(stop, "100") == Decimal("99.7")
    assert follow(stop, "102") == Decimal("101.7")


def test_a_stop_price_is_never_below_a_tick() -> None:
    stop = TrailingStop(CONFIG, TICK)

    assert follow(stop, "100", distance="1.5") == TICK


@given(
    qty=st.sampled_from([1, -1]),
    path=st.lists(
        st.tuples(st.decimals(80, 120, places=2), st.decimals("0.0001", "0.1", places=4)),
        min_size=1,
        max_size=30,
    ),
)
def test_while_the_entry_stands_the_stop_never_loosens(
    qty: int, path: list[tuple[Decimal, Decimal]]
) -> None:
    stop = TrailingStop(CONFIG, TICK)
    before: Decimal | None = None

    for mid, distance in path:
        stop.follow(Decimal(qty), HUNDRED, mid, distance)
        assert stop.price is not None
        assert stop.price % TICK == 0
        if before is not None:
            assert qty * (stop.price - before) >= 0
        before = stop.price
