"""Notes all that crosses a bot's border, for `supervisor replay`."""

from pathlib import Path
from typing import Any

from bot.abstract_bot import AbstractBot
from lib.constants import KEY
from lib.errors import ConfigError
from lib.factory import AbstractFactory
from lib.folders import state_dir
from lib.recording.tap import make_tapped
from lib.recording.tap_file import new_tap_path
from lib.timer import AbstractTimer

TAPS = "taps"


def make_tapped_bot(
    bot_class: type[AbstractBot],
    part: dict[str, Any],
    factory: AbstractFactory,
    timer: AbstractTimer,
    owner: str,
) -> AbstractBot:
    """Return a bot whose life is noted in a file of its own.

    Args:
        bot_class: Its class.
        part: The worker's `bot` section; `tap` is the folder, or True for the usual one.
        factory: Its factory, `Exchange` set; it is changed.
        timer: The process's timer.
        owner: `<bot name>:<SYMBOL>`.

    Raises:
        ConfigError: The folder cannot be written to, or the bot refuses its config.
    """
    config = part["config"]
    folder = tap_folder(part["tap"], str(config[KEY.PROJECT]))
    path = new_tap_path(folder, owner, timer.Timestamp())
    try:
        bot, _ = make_tapped(bot_class, config, factory, timer, path, _findable(part["class"]))
    except OSError as error:
        raise ConfigError(f"tap: {folder} cannot be written to: {error.strerror}") from error
    found: AbstractBot = bot
    return found


def tap_folder(wanted: str | bool, project: str) -> Path:
    """Return the folder for taps: the one that is named, else `taps` in the state folder."""
    if isinstance(wanted, str):
        return Path(wanted).expanduser()
    return state_dir(project) / TAPS


def _findable(target: str) -> str:
    # A file must be found from any folder.
    path, colon, name = target.partition(":")
    return f"{Path(path).resolve()}{colon}{name}" if path.endswith(".py") else target
