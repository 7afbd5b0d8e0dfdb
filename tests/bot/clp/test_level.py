from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clp.config import LevelConfig
from bot.clp.level import Level, is_outrun
from bot.clp.quoting import Prices
from lib.constants import Side

HOLD_NS = 2_000
PRICES = Prices(Decimal(90), Decimal(110), Decimal(100))


def config(hysteresis: str = "0.1", force: str | None = None) -> LevelConfig:
    return LevelConfig(
        "inner", Decimal("0.2"), Decimal(0), (Decimal(1),), False, Decimal(hysteresis),
        None if force is None else Decimal(force), Decimal(0),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("centre", "hysteresis", "outrun"),
    [
        ("100", "0.1", False),
        ("99", "0.1", False),  # remaining 9 of 10 = 1 - 0.1: not below
        ("98.9", "0.1", True),  # 8.9 of 10
        ("101", "0.1", False),
        ("101.1", "0.1", True),  # the sell is the one that is approached
        ("95.1", "0.5", False),  # 5.1 of 10
        ("94.9", "0.5", True),
        ("89", "1", True),  # beyond the buy: less than nothing remains
        ("90.1", "1", False),
    ],
)
def test_a_level_is_outrun_when_too_little_of_its_distance_remains(
    centre: str, hysteresis: str, outrun: bool
) -> None:
    assert is_outrun(config(hysteresis), PRICES, Decimal(centre), is_held=False) is outrun


@pytest.mark.parametrize(
    ("centre", "force", "outrun"),
    [
        ("98.9", "0.5", False),  # hysteresis does not count while held
        ("95.1", "0.5", False),
        ("94.9", "0.5", True),
        ("10", None, False),  # without force it is left alone whatever happens
    ],
)
def test_within_the_holding_time_force_decides(
    centre: str, force: str | None, outrun: bool
) -> None:
    assert is_outrun(config("0.1", force), PRICES, Decimal(centre), is_held=True) is outrun


def test_sides_need_not_be_at_the_same_distance() -> None:
    prices = Prices(Decimal(98), Decimal(110), Decimal(100))

    assert is_outrun(config("0.5"), prices, Decimal("98.9"), is_held=False)  # 0.9 of 2
    assert not is_outrun(config("0.5"), prices, Decimal(104), is_held=False)  # 6 of 10


@given(
    moved=st.decimals(-40, 40, places=3),
    hysteresis=st.decimals("0.01", 1, places=2),
    more=st.decimals(0, 10, places=3),
)
def test_moving_further_never_makes_a_level_fit_again(
    moved: Decimal, hysteresis: Decimal, more: Decimal
) -> None:
    level = config(str(hysteresis))
    further = moved + more if moved > 0 else moved - more

    if is_outrun(level, PRICES, 100 + moved, is_held=False):
        assert is_outrun(level, PRICES, 100 + further, is_held=False)


class TestLevel:
    def posted(self, force: str | None = "0.5") -> Level:
        level = Level(config("0.1", force), HOLD_NS)
        level.renew(PRICES, [Decimal(1), Decimal(2)], 1_000)
        for number, slot in enumerate(level.slots):
            slot.id = f"order {number}"
        return level

    def test_an_empty_level_is_not_due(self) -> None:
        assert Level(config(), HOLD_NS).due(Decimal(1), 10**9) == ""

    def test_each_quantity_has_an_order_on_each_side(self) -> None:
        assert [(slot.side, slot.price, slot.qty) for slot in self.posted().slots] == [
            (Side.BUY, 90, 1), (Side.BUY, 90, 2), (Side.SELL, 110, 1), (Side.SELL, 110, 2),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("centre", "now_ns", "reason"),
        [
            ("98", 2_999, ""),  # held: 20 % lost is less than force
            ("98", 3_000, "outrun"),
            ("94", 2_999, "outrun"),
            ("100", 3_000, ""),
        ],
    )
    def test_the_holding_time_begins_with_the_posting(
        self, centre: str, now_ns: int, reason: str
    ) -> None:
        assert self.posted().due(Decimal(centre), now_ns) == reason

    def test_an_order_that_ended_makes_it_due_after_the_holding_time(self) -> None:
        level = self.posted()
        level.on_final("order 1")
        level.on_final("stranger")

        assert level.ids == ["order 0", "order 2", "order 3"]
        assert level.due(Decimal(100), 2_999) == ""
        assert level.due(Decimal(100), 3_000) == "incomplete"

    def test_an_order_that_is_owed_does_not_make_it_due(self) -> None:
        level = self.posted()
        level.slots[0].id = ""

        assert level.slots[0].is_owed
        assert level.due(Decimal(100), 3_000) == ""

    def test_before_anything_is_posted_nothing_is_held(self) -> None:
        level = Level(config("0.1", None), HOLD_NS)
        level.renew(PRICES, [Decimal(1)], 1_000)
        assert level.due(Decimal("98.9"), 1_001) == "outrun"

        level.slots[0].ended = True  # refused: that is not tried again at once
        assert level.due(Decimal("98.9"), 1_001) == ""

    def test_nothing_is_owed_where_the_market_has_come_too_close(self) -> None:
        level = self.posted()
        level.slots[0].id = ""

        assert level.owed(Decimal(99)) == [level.slots[0]]
        assert level.owed(Decimal("98.9")) == []
        level.clear()
        assert level.owed(Decimal(99)) == []

    def test_a_cleared_level_is_empty(self) -> None:
        level = self.posted()
        level.clear()

        assert level.ids == []
        assert level.due(Decimal(1), 10**9) == ""
