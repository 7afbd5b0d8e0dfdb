"""The whole bot in a market that stands until it is moved; half-width 25 at 50,000, tick 0.1."""

from decimal import Decimal
from typing import ClassVar

import pytest

from bot import CLP as EXPORTED
from bot.clp.clp import CLP
from bot.clp.config import LevelConfig
from bot.clp.quoting import Prices, Quoting, Touch
from bot.clp.state import Mode
from lib.constants import NS_PER_MINUTE, Side, Status
from lib.errors import ConfigError
from lib.registry import find
from tests.bot.clp.paper import SYMBOL
from tests.bot.clp.rig import LEVEL, MID, START_NS, Rig

D = Decimal


def test_it_is_found_by_its_name() -> None:
    assert EXPORTED is CLP
    assert find("bot", "CLP") is CLP


def test_all_orders_of_all_levels_are_posted_in_one_batch() -> None:
    spread = {"inner": LEVEL, "outer": LEVEL | {"width": "0.003", "qty": ["0.002", "0.003"]}}
    rig = Rig(spread=spread, max_exposure_usd=5000).start()

    ((name, ids),) = rig.venue.requests
    assert (name, len(ids)) == ("post", 6)
    assert [(order.side, order.price, order.qty) for order in rig.venue.orders.values()] == [
        (Side.BUY, D("49975"), D("0.01")),
        (Side.SELL, D("50025"), D("0.01")),
        (Side.BUY, D("49925"), D("0.002")),
        (Side.BUY, D("49925"), D("0.003")),
        (Side.SELL, D("50075"), D("0.002")),
        (Side.SELL, D("50075"), D("0.003")),
    ]
    assert set(rig.venue.types.values()) == {(True, "inner"), (True, "outer")}
    assert rig.bot.note == "QUOTE, 6 quotes, position 0, profit 0.00"


def test_nothing_happens_before_account_and_book_are_known() -> None:
    rig = Rig()
    rig.show()
    assert rig.venue.requests == []

    rig.sync()
    assert rig.mode is Mode.QUOTE


def test_a_replacement_posts_the_new_orders_then_cancels_the_old() -> None:
    rig = Rig().start()
    rig.pass_time(2)
    rig.book(50_012)
    assert len(rig.venue.requests) == 1  # 13 of 25 remain

    rig.book(50_013)  # 12 of 25: less than half

    assert rig.venue.requests[1:] == [
        ("post", ["order 3", "order 4"]), ("cancel", ["order 1", "order 2"]),
    ]  # fmt: skip
    assert rig.prices(Side.BUY) == [D("49988.0")]  # 50,013 - 25.0065, rounded up
    assert rig.prices(Side.SELL) == [D("50038.0")]


@pytest.mark.parametrize(("mid", "replaced"), [(50_019, False), (50_021, True)])
def test_within_the_holding_time_only_force_replaces(mid: int, replaced: bool) -> None:
    rig = Rig().start()  # force 0.8: 5 of 25 must remain
    rig.pass_time(1)
    rig.book(mid)

    assert (len(rig.venue.requests) > 1) is replaced


def test_old_orders_go_first_where_both_would_be_too_much() -> None:
    rig = Rig(max_exposure_usd=900).start()  # one order of 500, not two
    rig.venue.is_slow = True
    rig.pass_time(2)
    rig.book(50_013)
    assert rig.venue.requests[1:] == [("cancel", ["order 1", "order 2"])]

    rig.venue.work()
    rig.deliver()

    assert rig.venue.requests[2:] == [("post", ["order 3"]), ("post", ["order 4"])]
    assert rig.prices(Side.BUY) == [D("49988.0")]


def test_a_filled_level_is_renewed_after_its_holding_time() -> None:
    rig = Rig().start()
    rig.venue.fill("order 1")
    rig.deliver()
    rig.pass_time(1)
    assert rig.prices(Side.BUY) == []

    rig.pass_time(1)

    assert rig.prices(Side.BUY) == [D("49975")]
    assert rig.prices(Side.SELL) == [D("50025")]
    assert rig.venue.position == D("0.01")


def test_at_the_limit_only_the_way_back_is_quoted() -> None:
    rig = Rig(max_exposure_usd=800).start()
    rig.venue.fill("order 1")
    rig.deliver()
    rig.pass_time(3)

    assert rig.prices(Side.BUY) == []
    assert rig.prices(Side.SELL) == [D("50025")]


def test_quotes_lean_against_the_inventory_when_told_to() -> None:
    rig = Rig(skew="0.001", max_exposure_usd=1000).start()
    rig.venue.take(D("0.01"), MID)  # half of the allowed exposure
    rig.deliver()
    rig.pass_time(2)

    # Centre 50,000 x (1 - 0.001 x 0.5) = 49,975; half-width 24.9875.
    assert rig.prices(Side.BUY) == [D("49950.1")]
    assert rig.prices(Side.SELL) == [D("50000.0")]


def test_other_symbols_are_not_traded() -> None:
    rig = Rig()
    rig.sync()
    rig.bot.onOrderbook(D(2), D(1), D(1), D(1), "ETHUSDT", "X", 0, 0)
    rig.bot.onAccount(D(1), D(9), "ETHUSDT", "X", 0)
    rig.bot.onCandle(D(9), D(9), D(9), D(9), D(9), "ETHUSDT", "X", START_NS, True)

    assert rig.venue.requests == []
    assert rig.bot.note == "START, 0 quotes, position 0"


class TestWarmUp:
    def test_history_is_asked_for_at_once(self) -> None:
        rig = Rig()
        minute_ns = START_NS // NS_PER_MINUTE * NS_PER_MINUTE

        assert rig.venue.asked == [(minute_ns - 4 * NS_PER_MINUTE, minute_ns)]

    def test_nothing_is_quoted_before_the_volatility_is_known(self) -> None:
        rig = Rig()
        rig.venue.is_reachable = False
        rig.bot = rig.make_bot()
        rig.start()
        rig.pass_time(4)
        assert (rig.mode, rig.venue.requests) == (Mode.WARMUP, [])

        rig.venue.is_reachable = True
        rig.pass_time(2)

        assert rig.mode is Mode.QUOTE
        assert len(rig.venue.asked) == 3  # once in each life, and once after five seconds

    def test_after_a_hole_in_the_candles_quotes_go_before_history_is_asked_for(self) -> None:
        rig = Rig().start()
        later_ns = START_NS + 7 * NS_PER_MINUTE
        rig.bot.onCandle(MID, MID, MID, MID, D(1), SYMBOL, "X", later_ns, True)
        asked = len(rig.venue.asked)
        rig.pass_time(1)
        assert (rig.mode, len(rig.venue.asked)) == (Mode.WARMUP, asked)
        assert rig.venue.quotes() == []

        rig.pass_time(5)

        assert rig.mode is Mode.QUOTE

    def test_growing_candles_are_not_measured(self) -> None:
        rig = Rig().start()
        rig.bot.onCandle(D(1), D(9), D(1), D(1), D(1), SYMBOL, "X", START_NS, False)
        rig.pass_time(1)

        assert rig.mode is Mode.QUOTE


class TestRefusals:
    def test_what_the_rules_forbid_is_told_once_and_tried_again_later(self) -> None:
        rig = Rig()
        rig.venue.refusal = "too small"
        rig.start()
        rig.pass_time(5)
        assert len(rig.logged("refused")) == 1

        rig.venue.refusal = ""
        rig.pass_time(2)

        assert len(rig.venue.quotes()) == 2

    @pytest.mark.parametrize("status", [Status.REJECTED, Status.NOT_SENT, Status.NOT_PLACED])
    def test_a_refused_order_waits_for_its_holding_time(self, status: Status) -> None:
        rig = Rig()
        rig.venue.rejects = status
        rig.start()
        rig.pass_time(1)
        assert len(rig.venue.requests) == 1

        rig.venue.rejects = Status.NEW
        rig.pass_time(1)

        assert len(rig.venue.quotes()) == 2

    def test_a_wrong_config_is_told_in_one_line(self) -> None:
        with pytest.raises(ConfigError, match=r"unknown condition 'weather'"):
            Rig(conditions=["weather"])


def test_fills_and_fees_are_booked_exactly() -> None:
    rig = Rig().start()
    rig.venue.fill("order 1", D("0.004"))
    rig.venue.fill("order 1")
    rig.venue.fill("order 2")
    rig.deliver()

    profit = rig.bot._profit
    assert profit.value(D(1)) == rig.venue.cash  # flat again
    assert profit.fees == rig.venue.fees
    # 0.01 x 50 earned; 0.01 x (49,975 + 50,025) x 0.0002 paid
    assert rig.venue.cash == D("0.3")


def test_a_part_can_be_replaced_by_ones_own() -> None:
    class Far(Quoting):
        def prices(self, level: LevelConfig, centre: Decimal, touch: Touch) -> Prices:
            return Prices(centre - 1_000, centre + 1_000, centre)

    class FarClp(CLP):
        quoting_class: ClassVar[type[Quoting]] = Far

    rig = Rig(FarClp).start()

    assert rig.prices(Side.BUY) == [D(49_000)]
