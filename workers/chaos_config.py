"""From a user's configuration to the one that is drilled, in a private folder."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lib.chaos.evidence import Limits
from lib.chaos.ids import Owners
from lib.config_tree import ConfigTree
from lib.constants import KEY, Channel
from lib.defaults import default
from lib.durations import seconds
from lib.init import find_path, load_config
from lib.registry import ADAPTERS
from workers.chaos_bot import NOTES, TARGET

KEPT = ("stream", "watchdog", "custom")
"""Sections that a drill takes over; databases, vaults and log settings stay untouched."""
MANY = "100000 in 60s"
"""Restarts that are no sign of sickness in a drill."""
LONGEST_DEAD_MAN = 10.0
"""Seconds: a drill waits for the switch after everything was killed."""
VENUE_OPTIONS = {"ledger_limit": 500, "history_limit": 100_000}
PACE = {"weight_limit": 24_000, "orders_10s": 3_000, "orders_1m": 12_000}
"""The exchange's limits times ten: a drill squeezes a week's trouble, and each trouble's questions,
into minutes. What the limits do when they bite is a fault of its own."""
DIFF = "diff"
CHAOS_BOT = "workers.chaos_bot:ChaosBot"


@dataclass(frozen=True, slots=True)
class Drill:
    """What is to be drilled, checked.

    Args:
        project: Name of the run.
        exchange: Name of the exchange's section.
        owners: All `<bot>:<SYMBOL>`.
        sections: The configuration's sections that a drill keeps.
        bots: The bots' sections, `ChaosBot` in place of each class.
        venue: The venue's section.
        section: The exchange's own section, without addresses and keys.
        dead_man: Seconds; 0 = off.
    """

    project: str
    exchange: str
    owners: list[str]
    sections: dict[str, Any]
    bots: list[dict[str, Any]]
    venue: dict[str, Any]
    section: dict[str, Any]
    dead_man: float

    @property
    def symbols(self) -> list[str]:
        """What is traded."""
        return [owner.rpartition(":")[2] for owner in self.owners]

    @property
    def limits(self) -> Limits:
        """The configured risk limits."""
        risk = self.section.get("risk") or {}
        orders = _limit(risk, "max_open_orders")
        return Limits(
            _limit(risk, "max_position_usd"),
            _limit(risk, "max_order_usd"),
            _limit(risk, "max_order_qty"),
            None if orders is None else int(orders),
        )

    @property
    def on_crash(self) -> dict[str, str]:
        """Owner -> what becomes of a dead bot's orders."""
        return {
            f"{bot['name']}:{symbol}": str(bot.get("on_crash", default("bots.on_crash")))
            for bot in self.bots
            for symbol in bot["symbols"]
        }

    @property
    def channels(self) -> list[str]:
        """The market channels that are streamed; `diff` where a local book is built."""
        stream = self.sections.get("stream") or {}
        channels = list(stream.get("channels", default("stream.channels")))
        is_local = Channel.DEPTH in channels and stream.get("depth") == DIFF
        return [*channels, DIFF] if is_local else channels

    @property
    def marks(self) -> Owners:
        """Tells whose an order is."""
        return Owners(self.project, self.owners)

    def venue_section(self) -> dict[str, Any]:
        """Return what the venue's process gets."""
        return {**PACE, **self.venue, "active": self.symbols, **VENUE_OPTIONS}

    def write(self, folder: Path, urls: dict[str, str], notes: Path) -> dict[str, Any]:
        """Return the configuration of one run.

        Args:
            folder: Where the run keeps what it must not share with others.
            urls: `rest_url`, `ws_url`, `key` and `secret` of the venue.
            notes: The folder of the notebooks.
        """
        bots = [{**bot, NOTES: str(notes)} for bot in self.bots]
        return {
            KEY.PROJECT: self.project,
            "factory": default("factory"),
            KEY.EXCHANGE: self.exchange,
            **self.sections,
            "sqlite": {"path": str(folder / "data.sqlite"), "state": str(folder / "state.sqlite")},
            "restart": {"backoff": "0..1s", "limit": MANY},
            self.exchange: {**self.section, "dead_man": f"{self.dead_man:g}s", **urls},
            "bots": bots,
        }


def read_drill(files: list[str]) -> Drill:
    """Return what some configuration files ask for.

    Raises:
        ConfigError: They are wrong, or their exchange is not the venue.
    """
    tree = load_config(files)
    values = tree.values
    venue = values.get("venue")
    if not isinstance(venue, dict):
        raise tree.fail(
            "a drill breaks things on purpose and runs against the embedded venue only: "
            "the configuration needs `venue: {feed: synthetic}`"
        )
    if venue.get("feed", default("venue.feed")) == "live":
        raise tree.fail("a drill plays its own market: `venue.feed` may not be live", ("venue",))
    exchange = str(values.get(KEY.EXCHANGE, default(KEY.EXCHANGE)))
    section = values.get(exchange) or {}
    public = {key: section[key] for key in section if key not in _PLACES}
    wanted = seconds(section.get("dead_man", default("EXCHANGE.dead_man")))
    bots = [_drilled(tree, index, bot) for index, bot in enumerate(values.get("bots") or ())]
    return Drill(
        project=str(values.get(KEY.PROJECT, "")),
        exchange=exchange,
        owners=[f"{bot['name']}:{symbol}" for bot in bots for symbol in bot["symbols"]],
        sections={key: values[key] for key in KEPT if key in values},
        bots=bots,
        venue={**venue, "files": _files(tree, venue)},
        section=public,
        dead_man=min(wanted, LONGEST_DEAD_MAN),
    )


_PLACES = ("rest_url", "ws_url", "key", "secret", "private_key", "paper", "dead_man")


def _drilled(tree: ConfigTree, index: int, bot: dict[str, Any]) -> dict[str, Any]:
    steps = ("bots", index)
    if not bot.get("bot") or not bot.get("symbols"):
        raise tree.fail("a bot needs `bot` and `symbols`", steps)
    target = str(bot["bot"])
    path, colon, name = target.partition(":")
    if path.endswith(".py"):
        found = find_path(path, tree.where((*steps, "bot")).file)
        if found is None:
            raise tree.fail(f"there is no file {path}", (*steps, "bot"))
        target = f"{found}{colon}{name}"
    return {**bot, "name": bot.get("name") or _stem(target), "bot": CHAOS_BOT, TARGET: target}


def _stem(name: str) -> str:
    target = ADAPTERS["bot"].get(name, name)
    path = target.partition(":")[0]
    return Path(path).stem if path.endswith(".py") else path.rpartition(".")[2]


def _files(tree: ConfigTree, venue: dict[str, Any]) -> list[str]:
    found = []
    for index, name in enumerate(venue.get("files") or ()):
        path = find_path(str(name), tree.where(("venue", "files", index)).file)
        if path is None:
            raise tree.fail(f"there is no file {name}", ("venue", "files", index))
        found.append(str(path))
    return found


def _limit(risk: dict[str, Any], name: str) -> Decimal | None:
    return Decimal(str(risk.get(name, default(f"EXCHANGE.risk.{name}")))) or None
