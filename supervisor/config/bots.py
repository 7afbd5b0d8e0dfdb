"""The strategies of a configuration, checked: who trades what."""

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from lib.config_tree import ConfigTree, Steps, merge
from supervisor.config.convert import dotted, nearest
from supervisor.config.names import check_adapter, stem
from supervisor.config.sections import BotSection, RootSection

LOOKS_LIKE = 0.85
"""Likeness from which a strategy's own key is taken for a misspelt key of ours."""
NAME_MARKS = str.maketrans("", "", "_-")


class Bot(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy, checked.

    Args:
        name: Unique in the run.
        target: What `lib.registry.find("bot", …)` understands.
        section: The keys that are ours.
        settings: The strategy's own keys.
    """

    name: str
    target: str
    section: BotSection
    settings: dict[str, Any]

    def settings_for(self, symbol: str) -> dict[str, Any]:
        """Return the strategy's own keys as they are for one symbol."""
        return merge(self.settings, self.section.overrides.get(symbol, {}))  # type: ignore[no-any-return]

    def owner(self, symbol: str) -> str:
        """Return who owns the orders of one symbol."""
        return f"{self.name}:{symbol}"


def read_bots(tree: ConfigTree, root: RootSection) -> tuple[Bot, ...]:
    """Return the strategies of a configuration.

    Raises:
        ConfigError: A name or an owner is not unique, a symbol, an override or a class is wrong.
    """
    bots: list[Bot] = []
    owners: dict[str, str] = {}
    for index, section in enumerate(root.bots):
        bot = _read(tree, ("bots", index), section)
        if bot.name in {other.name for other in bots}:
            raise tree.fail(
                f"a second bot is called {bot.name!r}; give this one another `name`",
                ("bots", index, "name"),
            )
        for number, symbol in enumerate(section.symbols):
            if symbol in owners:
                raise tree.fail(
                    f"{symbol} is traded by {owners[symbol]!r} already; two bots cannot own one "
                    f"symbol of one account (to look only, {bot.name!r} may `watch` it)",
                    ("bots", index, "symbols", number),
                )
            owners[symbol] = bot.name
        bots.append(bot)
    return tuple(bots)


def places_of(tree: ConfigTree, bots: Sequence[Bot]) -> dict[str, str]:
    """Return `file:line` of each symbol and each class: whether there is such, workers find out."""
    found: dict[str, str] = {}
    for index, bot in enumerate(bots):
        steps: Steps = ("bots", index)
        found.setdefault(bot.target, str(tree.where((*steps, "bot"))))
        for key in ("symbols", "watch"):
            for number, symbol in enumerate(getattr(bot.section, key)):
                found.setdefault(symbol, str(tree.where((*steps, key, number))))
    return found


def check_symbols(tree: ConfigTree, steps: Steps, symbols: list[str]) -> None:
    """Refuse what cannot be a symbol; whether the exchange lists it, its worker finds out.

    Raises:
        ConfigError: One is empty, in lower case, or has a mark in it.
    """
    for index, symbol in enumerate(symbols):
        if not symbol or not symbol.replace("_", "").isalnum():
            raise tree.fail(f"{symbol!r} is no symbol; write one like BTCUSDT", (*steps, index))
        if symbol != symbol.upper():
            raise tree.fail(f"{symbol!r} is no symbol; write {symbol.upper()}", (*steps, index))


def _read(tree: ConfigTree, steps: Steps, section: BotSection) -> Bot:
    values = tree.values["bots"][steps[1]]
    settings = {
        key: value for key, value in values.items() if key not in BotSection.__struct_fields__
    }
    _refuse_misspelt(tree, steps, settings)
    check_symbols(tree, (*steps, "symbols"), section.symbols)
    check_symbols(tree, (*steps, "watch"), section.watch)
    _check_overrides(tree, (*steps, "overrides"), section)
    name = section.name or stem(section.bot)
    bare = name.translate(NAME_MARKS)
    if not (bare.isascii() and bare.isalnum()):
        raise tree.fail(
            f"{name!r} cannot name a bot; use letters, digits, _ and -",
            (*steps, "name" if section.name else "bot"),
        )
    return Bot(
        name=name,
        target=check_adapter(tree, (*steps, "bot"), "bot", section.bot),
        section=section,
        settings=settings,
    )


def _refuse_misspelt(tree: ConfigTree, steps: Steps, settings: dict[str, Any]) -> None:
    ours = [name for name in BotSection.__struct_fields__ if name not in ("bot", "name")]
    for key in settings:
        close = difflib.get_close_matches(key, ours, 1, LOOKS_LIKE)
        if close:
            raise tree.fail(
                f"unknown key {dotted((*steps, key))!r}; did you mean {close[0]!r}? "
                "(a strategy's own key must look different)",
                (*steps, key),
            )


def _check_overrides(tree: ConfigTree, steps: Steps, section: BotSection) -> None:
    for symbol, override in section.overrides.items():
        if symbol not in section.symbols:
            raise tree.fail(
                f"{dotted(steps)} is for {symbol!r}, which is not among the bot's symbols; "
                f"{nearest(symbol, section.symbols)}",
                (*steps, symbol),
            )
        for key in override:
            if key in BotSection.__struct_fields__:
                raise tree.fail(
                    f"{key!r} cannot differ per symbol; only the strategy's own keys can",
                    (*steps, symbol, key),
                )
