"""What a backtest is made of: a run's configuration, read for the past instead of the present."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from lib.backtest.latency_section import read_section
from lib.backtest.params import apply_params, bot_name
from lib.config_tree import ConfigTree, merge
from lib.constants import KEY, NS_PER_SECOND
from lib.defaults import default
from lib.durations import seconds
from lib.errors import ConfigError
from lib.folders import check_name
from lib.init import PUBLIC, exchanges_of, find_files, find_path, is_secret, load_config
from lib.interpolation import fill_in
from lib.venue.options import Options

SECTION = "backtest"
SECTION_KEYS = ("from", "to", "length", "latency", "fees", "queue", "sample")
DEFAULT_START = "2026-01-01T00:00:00Z"
"""Of synthetic markets, which have no date of their own."""
DEFAULT_LENGTH = "10m"
BOT_KEYS = (
    "bot", "symbols", "name", "watch", "overrides", "restart", "on_error", "on_crash", "candles",
    "tap", "history",
)  # fmt: skip
LEARNED_BOOK = 30.0  # seconds: what a live bot goes by where the limit is learned
FEEDS = ("synthetic", "recording")


@dataclass(frozen=True, slots=True)
class BotPlan:
    """One bot for one symbol.

    Args:
        name: Of the bot.
        target: What `lib.registry.find("bot", …)` understands.
        symbol: What it trades.
        symbols: That, and what it watches.
        config: What its constructor gets.
        live_candles: Whether it gets growing candles.
        on_error: `restart` (the run ends) or `continue`.
    """

    name: str
    target: str
    symbol: str
    symbols: tuple[str, ...]
    config: dict[str, Any]
    live_candles: bool = False
    on_error: str = "restart"

    @property
    def owner(self) -> str:
        """Who owns its orders."""
        return f"{self.name}:{self.symbol}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a backtest depends on.

    `start` and `end` are as the user wrote them: moments, or offsets from the first event.
    """

    project: str
    exchange: str
    bots: tuple[BotPlan, ...]
    feed: str
    files: tuple[str, ...]
    seed: int
    rate: float
    history_minutes: int
    start: str
    end: str
    market_latency_ns: int
    latency: dict[str, Any]
    options: Options
    balance: dict[str, Decimal]
    book_limit_ns: int
    sample_ns: int
    moments: str = ""
    """File of measured rows that know their time; "" for none."""
    tap: str = ""
    """Folder for a tap of each bot; "" for none."""
    echo: dict[str, Any] = field(default_factory=dict)
    """What was configured, JSON-ready, for the results."""

    @property
    def lag_ns(self) -> int:
        """By how much the bots' clock is behind the exchange's; 0: each event has its delay."""
        return 0 if self.moments else self.market_latency_ns

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol that some bot trades or watches."""
        return tuple(dict.fromkeys(symbol for bot in self.bots for symbol in bot.symbols))


def load_settings(
    files: Sequence[str | Path],
    params: Sequence[str] = (),
    start: str = "",
    end: str = "",
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Return the backtest that configuration files describe.

    Args:
        files: YAML files, merged left to right; the same that `supervisor start` takes.
        params: `key=value`: a bot's own key for all bots, `bot name.key` for one, or
            `venue.key`, `backtest.key`.
        start: Instead of `backtest.from`.
        end: Instead of `backtest.to`.
        environment: Variables; the process's own by default.

    Raises:
        ConfigError: Something is missing or wrong, in one line.
    """
    raw = load_config(files)
    exchanges = exchanges_of(raw)
    variables = os.environ if environment is None else environment
    tree = fill_in(raw, variables, lambda steps: not is_secret(steps, exchanges))
    values = apply_params(tree.values, params)
    tree = ConfigTree(values, tree.places, tree.plain)
    try:
        return _read(tree, str(files[-1]), start, end)
    except InvalidOperation as error:
        raise ConfigError("an amount is not a number", str(files[-1])) from error


def _read(tree: ConfigTree, file: str, start: str, end: str) -> Settings:
    values = tree.values
    venue = _section(tree, "venue")
    section = _section(tree, SECTION)
    for key in section:
        if key not in SECTION_KEYS:
            known = ", ".join(SECTION_KEYS)
            raise tree.fail(f"unknown key 'backtest.{key}'; there are {known}", (SECTION, key))
    feed = str(venue.get("feed", "synthetic"))
    if feed not in FEEDS:
        raise tree.fail(
            f"venue.feed {feed!r} cannot be replayed; right would be {' or '.join(FEEDS)}",
            ("venue", "feed"),
        )
    latency = read_section(tree, (SECTION, "latency"), section.get("latency") or {})
    start = start or str(section.get("from", ""))
    if not end and not section.get("to"):
        end = str(section.get("length", DEFAULT_LENGTH if feed == "synthetic" else ""))
    return Settings(
        project=check_name(str(values.get("project", "backtest"))),
        exchange=str(values.get("exchange", default("exchange"))),
        bots=tuple(_bots(tree, file)),
        feed=feed,
        files=tuple(_files(tree, venue, file)) if feed == "recording" else (),
        seed=int(venue.get("seed", default("venue.seed"))),
        rate=float(venue.get("rate", default("venue.rate"))),
        history_minutes=int(venue.get("history_minutes", 120)),
        start=start,
        end=end or str(section.get("to", "")),
        market_latency_ns=round(latency.pop("market") * NS_PER_SECOND),
        moments=latency.pop("moments"),
        latency=latency,
        options=_options(tree, section, venue),
        balance=_balance(venue.get("balance", default("venue.balance"))),
        book_limit_ns=_book_limit(tree),
        sample_ns=round(seconds(section.get("sample", "1s")) * NS_PER_SECOND),
        echo=_echo(values),
    )


def _section(tree: ConfigTree, name: str) -> dict[str, Any]:
    section = tree.values.get(name) or {}
    if not isinstance(section, dict):
        raise tree.fail(f"`{name}` must be a mapping", (name,))
    return section


def _bots(tree: ConfigTree, file: str) -> list[BotPlan]:
    bots = tree.values.get("bots")
    if not isinstance(bots, list) or not bots:
        raise tree.fail(
            "`bots` must be a list of bots, like [{bot: QuoterBot, symbols: [BTCUSDT]}]"
        )
    plans: list[BotPlan] = []
    owners: dict[str, str] = {}
    for index, bot in enumerate(bots):
        if not isinstance(bot, dict) or not bot.get("bot") or not bot.get("symbols"):
            raise tree.fail("a bot needs `bot` and `symbols`", ("bots", index))
        for symbol in bot["symbols"]:
            plan = _bot(tree, index, bot, str(symbol), file)
            other = owners.setdefault(plan.symbol, plan.name)
            if other != plan.name:
                raise tree.fail(f"{symbol} is traded by {other!r} already", ("bots", index))
            plans.append(plan)
    return plans


def _bot(tree: ConfigTree, index: int, bot: dict[str, Any], symbol: str, file: str) -> BotPlan:
    values = tree.values
    exchange = str(values.get("exchange", default("exchange")))
    own = {key: value for key, value in bot.items() if key not in BOT_KEYS}
    own = merge(own, (bot.get("overrides") or {}).get(symbol, {}))
    watch = [str(each) for each in bot.get("watch") or () if each != symbol]
    public = {key: value for key, value in _section(tree, exchange).items() if key in PUBLIC}
    config = {
        KEY.PROJECT: str(values.get("project", "backtest")),
        **({"log": values["log"]} if isinstance(values.get("log"), dict) else {}),
        exchange: public,
        **own,
        KEY.NAME: bot_name(bot),
        KEY.SYMBOL: symbol,
        KEY.EXCHANGE: exchange,
        KEY.WATCH: watch,
    }
    return BotPlan(
        name=bot_name(bot),
        target=_target(tree, index, str(bot["bot"]), file),
        symbol=symbol,
        symbols=(symbol, *dict.fromkeys(watch)),
        config=config,
        live_candles=bot.get("candles") == "live",
        on_error=str(bot.get("on_error", default("bots.on_error"))),
    )


def _target(tree: ConfigTree, index: int, name: str, file: str) -> str:
    path, colon, class_name = name.partition(":")
    if not path.endswith(".py"):
        return name
    found = find_path(path, file)
    if found is None:
        raise tree.fail(f"there is no file {path}", ("bots", index, "bot"))
    return f"{found}{colon}{class_name}"


def _files(tree: ConfigTree, venue: dict[str, Any], file: str) -> list[str]:
    names = venue.get("files") or []
    names = [names] if isinstance(names, str) else names
    if not names:
        raise tree.fail("venue.feed recording needs venue.files: a list of files", ("venue",))
    found: list[str] = []
    for name in names:
        paths = find_files(str(name), file)
        if not paths:
            raise tree.fail(f"venue.files: no file {name}", ("venue", "files"))
        found += map(str, paths)
    return found


def _options(tree: ConfigTree, section: dict[str, Any], venue: dict[str, Any]) -> Options:
    fees = section.get("fees") or {}
    if not isinstance(fees, dict) or set(fees) - {"maker", "taker"}:
        raise tree.fail("backtest.fees must be a mapping of maker, taker", (SECTION, "fees"))
    values: dict[str, Any] = {
        each.name: Decimal(str(venue[each.name])) if each.type is Decimal else venue[each.name]
        for each in fields(Options)
        if each.name in venue
    }
    values |= {f"{name}_fee": Decimal(str(value)) for name, value in fees.items()}
    queue = str(section.get("queue", values.get("queue_cancels", "proportional")))
    if queue not in ("proportional", "none"):
        raise tree.fail("backtest.queue must be proportional or none", (SECTION, "queue"))
    # The core's own latencies stay 0: requests travel before they reach it.
    return Options(
        **values | {"queue_cancels": queue, "order_latency_ns": 0, "cancel_latency_ns": 0}
    )


def _balance(value: Any) -> dict[str, Decimal]:
    rows = value if isinstance(value, dict) else {"USDT": value}
    return {str(asset): Decimal(str(amount)) for asset, amount in rows.items()}


def _book_limit(tree: ConfigTree) -> int:
    value = _section(tree, "watchdog").get("book", default("watchdog.book"))
    limit = LEARNED_BOOK if value == "learned" else seconds(value)
    return round(limit * NS_PER_SECOND)


def _echo(values: dict[str, Any]) -> dict[str, Any]:
    kept = ("project", "exchange", "venue", SECTION, "watchdog", "bots")
    return {key: values[key] for key in kept if key in values}
