"""How long things take on their way: a constant, or drawn from measured rows."""

from pathlib import Path
from random import Random
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError


class Latency:
    """Draws delays; the same seed draws the same.

    Args:
        rows: Seconds to draw from; one row is a constant, none is no delay.
        random: Draws.
    """

    def __init__(self, rows: list[float], random: Random) -> None:
        """Keep the rows as ns."""
        self._rows = [round(row * NS_PER_SECOND) for row in rows]
        self._random = random

    def __bool__(self) -> bool:
        """Return whether there is any delay."""
        return any(self._rows)

    def draw_ns(self) -> int:
        """Return one delay in ns."""
        if len(self._rows) <= 1:
            return self._rows[0] if self._rows else 0
        return self._random.choice(self._rows)


def read_latency(value: object, seed: str) -> Latency:
    """Return what a config value means.

    Args:
        value: Seconds, a list of seconds, or the name of a file with one number of seconds per
            line (further columns, after a comma or a blank, are not read).
        seed: Of the draws.

    Raises:
        ConfigError: It is none of these.
    """
    random = Random(seed)
    if isinstance(value, str) and not _is_number(value):
        return Latency(_read_file(value), random)
    rows: list[Any] = value if isinstance(value, list) else [value or 0.0]
    try:
        seconds = [float(row) for row in rows]
    except (TypeError, ValueError) as error:
        raise ConfigError(f"venue.latency {value!r} is not in seconds") from error
    if any(row < 0 for row in seconds):
        raise ConfigError(f"venue.latency {value!r} is negative")
    return Latency(seconds, random)


def _read_file(name: str) -> list[float]:
    rows = []
    try:
        text = Path(name).expanduser().read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"venue.latency: no file {name}") from error
    for number, line in enumerate(text.splitlines(), 1):
        first = line.replace(",", " ").split()[:1]
        if not first or first[0].startswith("#"):
            continue
        if not _is_number(first[0]):
            raise ConfigError(f"{first[0]!r} is not a number of seconds", f"{name}:{number}")
        rows.append(float(first[0]))
    return rows


def _is_number(text: str) -> bool:
    try:
        return float(text) >= 0
    except ValueError:
        return False
