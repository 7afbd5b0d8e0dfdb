"""Moments as a user writes them (pure)."""

from datetime import UTC, datetime

from lib.constants import NS_PER_SECOND
from lib.durations import seconds
from lib.errors import ConfigError


def moment_ns(text: str, first_ns: int) -> int:
    """Return the time that a user means: a moment in ISO 8601 (UTC), or an offset like `10m`.

    Args:
        text: What the user wrote.
        first_ns: What offsets count from.

    Raises:
        ConfigError: It is neither.
    """
    try:
        return first_ns + round(seconds(text) * NS_PER_SECOND)
    except ConfigError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no time; write 2026-01-31, 2026-01-31T12:00:00Z, or an offset like 10m"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole, micros = divmod(moment.timestamp(), 1)
    return int(whole) * NS_PER_SECOND + round(micros * NS_PER_SECOND)
