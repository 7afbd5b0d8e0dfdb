from decimal import Decimal
from typing import Any

import pytest

from bot.clp.config import ClpConfig
from lib.errors import ConfigError

LEVEL = {"width": 0.001, "qty": 0.01}
LEAST = {"spread": {"inner": LEVEL}, "max_exposure_usd": 1000}


def test_defaults_are_as_documented() -> None:
    config = ClpConfig.read({"symbol": "BTCUSDT", "influx": {}, **LEAST})

    (level,) = config.levels
    assert (level.name, level.width, level.gap) == ("inner", Decimal("0.001"), 0)
    assert (level.quantities, level.in_usd) == ((Decimal("0.01"),), False)
    assert (level.hysteresis, level.force, level.min_width) == (Decimal("0.1"), None, 0)
    assert config.hold_ns == 2_100_000_000
    assert config.skew == 0
    assert (config.volatility.window, config.volatility.max_age_ns) == (14, 180 * 10**9)
    assert config.inventory.stoploss_coeff == 5
    assert config.inventory.first_liquidation + config.inventory.second_liquidation == Decimal(
        "0.8"
    )
    assert [name for name, _ in config.conditions] == ["offline", "stale"]


def test_levels_keep_their_order_and_may_have_several_orders() -> None:
    spread = {
        "outer": {"width": 0.003, "usd": [100, 200], "force": 0.6},
        "inner": {"width": 0.001, "qty": 1, "gap": 0.05, "min_width": 0.0005, "hysteresis": 0.3},
    }
    config = ClpConfig.read({"spread": spread, "max_exposure_usd": 1})

    outer, inner = config.levels
    assert (outer.name, inner.name) == ("outer", "inner")
    assert outer.quantities == (100, 200)
    assert (outer.in_usd, inner.in_usd) == (True, False)
    assert outer.force == Decimal("0.6")


@pytest.mark.parametrize(
    ("usd", "mid", "qty"),
    [
        ("110", "50000", "0.003"),  # 0.0022 rounded up
        ("150", "50000", "0.003"),  # 0.003 as it is
        ("1", "50000", "0.001"),  # never below the smallest
    ],
)
def test_values_become_whole_smallest_quantities(usd: str, mid: str, qty: str) -> None:
    spread = {"inner": {"width": 0.001, "usd": usd}}
    (level,) = ClpConfig.read({**LEAST, "spread": spread}).levels

    assert level.base_quantities(Decimal(mid), Decimal("0.001")) == [Decimal(qty)]


def test_conditions_are_names_or_names_with_settings() -> None:
    listed = ["offline", {"losses": {"max_loss_usd": 5}}, {"stale": None}]
    config = ClpConfig.read({**LEAST, "conditions": listed})

    assert [(name, keys.raw("max_loss_usd")) for name, keys in config.conditions] == [
        ("offline", None), ("losses", 5), ("stale", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"spread": {}}, "spread is missing; name at least one level"),
        ({"spread": {"inner": {**LEVEL, "usd": 5}}}, "either qty (base) or usd (value), not both"),
        ({"spread": {"inner": {"width": 0.1}}}, "either qty (base) or usd (value), not both"),
        ({"spread": {"inner": {**LEVEL, "width": 2}}}, "spread.inner.width 2 must be less than 1"),
        ({"spread": {"inner": {**LEVEL, "hysteresis": 0}}}, "hysteresis 0 must be greater than 0"),
        (
            {"spread": {"inner": {**LEVEL, "gab": 0}}},
            "unknown key 'spread.inner.gab'; did you mean",
        ),
        ({"max_exposure_usd": None}, "max_exposure_usd is missing"),
        ({"hold": 2}, "hold: 2 has no unit"),
        ({"max_exposure_us": 3}, "unknown key 'max_exposure_us'; did you mean 'max_exposure_usd'"),
        ({"volatility": {"window": 0}}, "volatility.window 0 must be at least 1"),
        (
            {"inventory": {"first_liquidation": 0.6, "second_liquidation": 0.5}},
            "0.6 and 0.5 are more than 1",
        ),
        ({"inventory": {"cooldow": "1s"}}, "did you mean 'cooldown'"),
        ({"conditions": "offline"}, "conditions must be a list"),
        ({"conditions": [{"a": {}, "b": {}}]}, "a condition is a name, or one name with"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError) as error:
        ClpConfig.read({**LEAST, **change})

    assert complaint in str(error.value)
    assert "\n" not in str(error.value)
