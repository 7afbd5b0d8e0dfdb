"""How a state is written down: a version beside it, so that a later format can tell (pure)."""

from typing import Any

from lib.errors import ConfigError
from lib.serialize import dump, load

VERSION = 1


def seal(state: dict[str, Any], now_ns: int) -> str:
    """Return the text to store.

    Raises:
        TypeError: `state` is not a dictionary, or holds what JSON cannot express.
    """
    if not isinstance(state, dict):
        raise TypeError(f"a state is a dict, not a {type(state).__name__}")
    return dump({"version": VERSION, "pushed": now_ns, "state": state})


def pushed_at(text: str | bytes) -> int:
    """Return when a text was sealed, ns since the epoch; 0 when it is damaged."""
    try:
        return int(load(text)["pushed"])
    except (ValueError, TypeError, KeyError):
        return 0


def unseal(text: str | bytes, where: str) -> dict[str, Any]:
    """Return the state that `seal` was given.

    Args:
        text: What was stored.
        where: Names the place, for the error.

    Raises:
        ConfigError: The text is damaged, or of a newer version.
    """
    try:
        envelope = load(text)
        version, state = envelope["version"], envelope["state"]
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"the stored state is damaged ({error}); move it away to start without it", where
        ) from error
    if version != VERSION or not isinstance(state, dict):
        raise ConfigError(
            f"the stored state has version {version}, this program reads {VERSION}", where
        )
    return state
