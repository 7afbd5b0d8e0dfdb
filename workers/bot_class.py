"""Finds a bot's class as the config names it."""

from bot.abstract_bot import AbstractBot
from lib.errors import ConfigError
from lib.registry import find


def load_bot_class(name: str) -> type[AbstractBot]:
    """Return the class that `name` means: registered, `module:Class`, or a file.

    Raises:
        ConfigError: There is none, or a handler that it must have is missing; in one line.
    """
    found: type[AbstractBot] = find("bot", name, AbstractBot)
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise ConfigError(f"bot {name!r}: {found.__name__} lacks {', '.join(missing)}")
    return found


def check_bot_class(name: str) -> None:
    """Check that a bot's class can be loaded.

    Raises:
        ConfigError: It cannot; in one line, about `name`.
    """
    try:
        load_bot_class(name)
    except ConfigError as error:
        raise ConfigError(error.message, error.where, about=name) from error
