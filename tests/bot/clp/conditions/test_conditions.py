from pathlib import Path
from typing import Any

import pytest

from bot.clp.conditions.catalogue import CONDITIONS, make_condition
from bot.clp.conditions.condition import Condition
from bot.clp.settings import Settings
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.errors import ConfigError
from tests.bot.clp.views import view


def make(name: str, **values: Any) -> Condition:
    return make_condition(name, Settings(values, f"conditions.{name}"))


@pytest.mark.parametrize(
    ("name", "values", "well", "ill", "words"),
    [
        (
            "spread", {"max_spread": 0.001}, {"spread": "0.1"}, {"spread": "0.1001"},
            "spread 0.1001%",
        ),
        (
            "latency", {"max_latency": "300ms"}, {"latency_ns": 300 * NS_PER_MS},
            {"latency_ns": 301 * NS_PER_MS}, "latency 301 ms",
        ),
        (
            "inventory", {"max_inventory_usd": 500}, {"inventory_usd": 500},
            {"inventory_usd": "500.01"}, "inventory 500.01",
        ),
        (
            "volatility", {"max_atr": 0.002}, {"atr": "0.002"}, {"atr": "0.0021"},
            "volatility 0.2100% a minute",
        ),
        ("volatility", {"max_atr": 0.002}, {"atr": None}, {"atr": "1"}, "volatility"),
        (
            "offline", {}, {"online": True}, {"online": False, "trouble": "halted"},
            "offline: halted",
        ),
        ("offline", {}, {}, {"online": False}, "offline: exchange is not online"),
        (
            "stale", {"max_age": "2s"}, {"age_ns": 2 * NS_PER_SECOND},
            {"age_ns": 2 * NS_PER_SECOND + 1}, "no book for 2.0 s",
        ),
        (
            "losses", {"max_loss_usd": 20}, {"profit_usd": -20}, {"profit_usd": "-20.01"},
            "lost 20.01 today",
        ),
    ],
)  # fmt: skip
def test_a_condition_objects_beyond_its_limit_only(
    name: str, values: dict[str, Any], well: dict[str, Any], ill: dict[str, Any], words: str
) -> None:
    condition = make(name, **values)

    assert condition.trouble(view(**well)) == ""
    assert condition.trouble(view(**ill)).startswith(words)


class TestSpreadRatio:
    def seen(self, *spreads: str, window: int = 1000) -> tuple[Condition, str]:
        condition = make("spread_ratio", max_ratio_spread=3, window=window)
        words = ""
        for spread in spreads:
            now = view(spread=spread)
            condition.see(now)
            words = condition.trouble(now)
        return condition, words

    def test_the_newest_spread_is_compared_with_the_mean_before_it(self) -> None:
        # Mean of 20 books: (19 x 1 + 3) / 20 = 1.1; three times that is 3.3.
        usual = ["1"] * 19 + ["3"]

        assert self.seen(*usual, "3.3")[1] == ""
        assert self.seen(*usual, "3.31")[1] == "spread 3.0 x its mean"

    def test_too_few_books_say_nothing(self) -> None:
        assert self.seen(*["1"] * 19, "50")[1] == ""

    def test_a_spread_that_stays_wide_becomes_usual(self) -> None:
        assert self.seen(*["1"] * 5, *["50"] * 6, window=5)[1] == ""


@pytest.mark.parametrize(
    ("name", "wait_s"), [("offline", 1), ("stale", 1), ("latency", 5), ("losses", 600)]
)
def test_every_condition_has_a_wait_that_can_be_set(name: str, wait_s: int) -> None:
    needed = {"max_loss_usd": 1} if name == "losses" else {}

    assert make(name, **needed).wait_ns == wait_s * NS_PER_SECOND
    assert make(name, wait="250ms", **needed).wait_ns == 250 * NS_PER_MS


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_keys_that_a_condition_lacks_are_refused(name: str) -> None:
    keys = {
        "spread_ratio": "max_ratio_spread", "spread": "max_spread", "losses": "max_loss_usd",
        "inventory": "max_inventory_usd", "volatility": "max_atr",
    }  # fmt: skip
    needed = {keys[name]: 2} if name in keys else {}

    with pytest.raises(ConfigError, match=rf"unknown key 'conditions.{name}.zzz'"):
        make(name, zzz=1, **needed)


def test_an_unknown_condition_is_told_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown condition 'weather'; known: inventory, latency"
    ):
        make("weather")


def test_a_users_own_condition_comes_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "weekend.py"
    path.write_text(
        "from bot.clp.conditions.condition import Condition\n"
        "class Weekend(Condition):\n"
        "    def read(self, settings):\n"
        "        self.day = settings.count('day', 5, least=0)\n"
        "    def trouble(self, view):\n"
        "        return 'weekend' if view.mid == self.day else ''\n"
    )
    condition = make(f"{path}:Weekend", day=6, wait="1h")

    assert condition.wait_ns == 3_600 * NS_PER_SECOND
    assert condition.trouble(view(mid=6)) == "weekend"
    assert condition.trouble(view(mid=7)) == ""


def test_a_class_that_is_no_condition_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"Decimal is not a Condition"):
        make_condition("decimal:Decimal", Settings({}, "x"))
