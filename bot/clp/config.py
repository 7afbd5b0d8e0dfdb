"""The keys of a CLP section, checked once (pure). `docs/clp.md` explains them."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.clp.settings import Settings
from lib.errors import ConfigError
from lib.helpers import round_up

KEYS = (
    "spread", "hold", "max_exposure_usd", "skew", "volatility", "inventory", "conditions",
    "records",
)  # fmt: skip
MISSPELT = 0.8
"""Likeness from which a foreign key is taken for one of ours."""
DEFAULT_CONDITIONS = ("offline", "stale")


@dataclass(frozen=True, slots=True)
class LevelConfig:
    """One spread level.

    Args:
        name: `inner`, `outer`, ….
        width: Distance between its buy and its sell price, as a fraction of the mid.
        gap: Part of the width that is left out, so that the prices stay inside of it.
        quantities: One order on each side for each; base, or value in the quote asset.
        in_usd: The quantities are values.
        hysteresis: Part of an order's distance from the mid that may be lost before the level is
            replaced.
        force: The same within the holding time; None = not replaced then.
        min_width: Fraction of the mid below which the two prices never come.
    """

    name: str
    width: Decimal
    gap: Decimal
    quantities: tuple[Decimal, ...]
    in_usd: bool
    hysteresis: Decimal
    force: Decimal | None
    min_width: Decimal

    def base_quantities(self, mid: Decimal, min_qty: Decimal) -> list[Decimal]:
        """Return the quantities in base; values are rounded up to whole smallest quantities."""
        if not self.in_usd:
            return list(self.quantities)
        return [max(min_qty, round_up(value / mid, min_qty)) for value in self.quantities]


@dataclass(frozen=True, slots=True)
class VolatilityConfig:
    """How the market's movement is measured.

    Args:
        window: True ranges in the mean; one minute each.
        max_age_ns: Age of the newest candle's beginning from which on nothing is known.
    """

    window: int
    max_age_ns: int


@dataclass(frozen=True, slots=True)
class InventoryConfig:
    """How a position is protected and closed; fractions of a price unless said otherwise.

    Args:
        stoploss_coeff: Stop distance in ATRs.
        maker_fee: Paid at entry.
        taker_fee: Paid at exit.
        minimal_profit: Beyond the break-even price by this, the stop follows closer.
        trailing_profit: Distance of the stop then.
        first_liquidation: Part of the position that the first MARKET order closes.
        second_liquidation: Part that the second one closes; the third closes the rest.
        step_ns: Time between these orders.
        cooldown_ns: Pause of quoting after them.
    """

    stoploss_coeff: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    minimal_profit: Decimal
    trailing_profit: Decimal
    first_liquidation: Decimal
    second_liquidation: Decimal
    step_ns: int
    cooldown_ns: int


@dataclass(frozen=True, slots=True)
class ClpConfig:
    """All keys of a CLP.

    Args:
        levels: Spread levels, the most important first.
        hold_ns: Holding time of a level.
        max_exposure_usd: Most that position and open orders of one side may be worth together.
        skew: Fraction of the mid by which the centre of the quotes moves at full exposure.
        volatility: See `VolatilityConfig`.
        inventory: See `InventoryConfig`.
        conditions: Rows (name, its settings) of what pauses quoting.
        records_ns: Time between two summaries for the database, 0 = nothing goes there.
    """

    levels: tuple[LevelConfig, ...]
    hold_ns: int
    max_exposure_usd: Decimal
    skew: Decimal
    volatility: VolatilityConfig
    inventory: InventoryConfig
    conditions: tuple[tuple[str, Settings], ...]
    records_ns: int

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> "ClpConfig":
        """Return the checked keys of a bot's config, which has keys of others, too.

        Raises:
            ConfigError: A key is missing, unknown, or does not make sense.
        """
        _refuse_misspelt(config)
        own = Settings({key: config[key] for key in KEYS if key in config}, "")
        levels = tuple(_level(name, level) for name, level in own.section("spread").items())
        if not levels:
            raise ConfigError("spread is missing; name at least one level: spread: {inner: {…}}")
        return cls(
            levels=levels,
            hold_ns=own.duration_ns("hold", "2.1s"),
            max_exposure_usd=own.number("max_exposure_usd", above=0),
            skew=own.number("skew", "0", below=1),
            volatility=_volatility(own.section("volatility")),
            inventory=_inventory(own.section("inventory")),
            conditions=_conditions(own.raw("conditions", list(DEFAULT_CONDITIONS))),
            records_ns=own.duration_ns("records", "1s"),
        )


def _level(name: str, values: Settings) -> LevelConfig:
    in_usd = "usd" in values
    if in_usd == ("qty" in values):
        raise ConfigError(f"{values.where} needs either qty (base) or usd (value), not both")
    level = LevelConfig(
        name=name,
        width=values.number("width", above=0, below=1),
        gap=values.number("gap", "0", below=1),
        quantities=values.numbers("usd" if in_usd else "qty"),
        in_usd=in_usd,
        hysteresis=values.number("hysteresis", "0.1", above=0, most=1),
        force=values.number("force", above=0) if values.raw("force") is not None else None,
        min_width=values.number("min_width", "0", below=1),
    )
    values.done()
    return level


def _volatility(values: Settings) -> VolatilityConfig:
    found = VolatilityConfig(values.count("window", 14), values.duration_ns("max_age", "3m"))
    values.done()
    return found


def _inventory(values: Settings) -> InventoryConfig:
    found = InventoryConfig(
        stoploss_coeff=values.number("stoploss_coeff", "5", above=0),
        maker_fee=values.number("maker_fee", "0.0002", least=-1, below=1),
        taker_fee=values.number("taker_fee", "0.0005", below=1),
        minimal_profit=values.number("minimal_profit", "0.001"),
        trailing_profit=values.number("trailing_profit", "0.0005", above=0, below=1),
        first_liquidation=values.number("first_liquidation", "0.5", above=0, most=1),
        second_liquidation=values.number("second_liquidation", "0.3", most=1),
        step_ns=values.duration_ns("step", "1s"),
        cooldown_ns=values.duration_ns("cooldown", "10s"),
    )
    values.done()
    if found.first_liquidation + found.second_liquidation > 1:
        raise ConfigError(
            "inventory.first_liquidation and second_liquidation are parts of one position: "
            f"{found.first_liquidation} and {found.second_liquidation} are more than 1"
        )
    return found


def _conditions(listed: Any) -> tuple[tuple[str, Settings], ...]:
    if not isinstance(listed, list):
        raise ConfigError("conditions must be a list: conditions: [offline, {stale: {…}}]")
    rows: list[tuple[str, Settings]] = []
    for entry in listed:
        if isinstance(entry, str):
            rows.append((entry, Settings({}, f"conditions.{entry}")))
        elif isinstance(entry, Mapping) and len(entry) == 1:
            name, values = next(iter(entry.items()))
            rows.append((str(name), Settings(values, f"conditions.{name}")))
        else:
            raise ConfigError(
                f"a condition is a name, or one name with its settings, not {entry!r}"
            )
    return tuple(rows)


def _refuse_misspelt(config: Mapping[str, Any]) -> None:
    for key in config:
        close = difflib.get_close_matches(str(key), KEYS, 1, MISSPELT)
        if close and key not in KEYS:
            raise ConfigError(f"unknown key {key!r}; did you mean {close[0]!r}?")
