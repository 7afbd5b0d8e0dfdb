"""Durations as people write them: `500ms`, `3s`, `2m`, `1h`, `0..30s`, `10 in 60s` (pure)."""

import math

from lib.errors import ConfigError

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
"""Unit -> seconds."""
EXAMPLE = "500ms, 3s, 2m, 1h"


def seconds(value: object) -> float:
    """Return the seconds that a duration means.

    Args:
        value: Text like `2.1s`, or 0; other bare numbers are refused, since nobody can know
            whether they mean seconds or milliseconds.

    Raises:
        ConfigError: It is not a duration; the message shows the right form.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _bare(str(value), float(value))
    if not isinstance(value, str):
        raise ConfigError(f"{value!r} is not a duration; write one like {EXAMPLE}")
    text = value.strip()
    number, unit = _split(text)
    amount = _number(number)
    if amount is None or (unit and unit not in UNITS):
        raise ConfigError(f"{value!r} is not a duration; write one like {EXAMPLE}")
    if not unit:
        return _bare(text, amount)
    return round(amount * UNITS[unit], 9)


def delays(value: object) -> float | list[float] | str:
    """Return what a latency means: seconds, a list of seconds, or the name of a file.

    Args:
        value: A duration, a list of durations, or text that does not begin with a digit.

    Raises:
        ConfigError: It is none of these.
    """
    if isinstance(value, list):
        return [seconds(each) for each in value]
    if isinstance(value, str) and value.strip() and not value.strip()[0].isdigit():
        return value.strip()
    return seconds(value)


def span(value: object) -> tuple[float, float]:
    """Return (first, last) seconds of a range like `0..30s`; a single duration is both.

    Raises:
        ConfigError: It is not a range of durations.
    """
    if not isinstance(value, str) or ".." not in value:
        single = seconds(value)
        return single, single
    first, _, last = (part.strip() for part in value.partition(".."))
    last_seconds = seconds(last)
    # `1..30s` means seconds on both sides: the first may borrow the last one's unit
    borrowed = first if _split(first)[1] else first + _split(last)[1]
    first_seconds = seconds(borrowed)
    if first_seconds > last_seconds:
        raise ConfigError(f"{value!r} runs backwards; write the shorter duration first")
    return first_seconds, last_seconds


def rate(value: object) -> tuple[int, float]:
    """Return (count, seconds) of a rate like `10 in 60s`.

    Raises:
        ConfigError: It is not a rate.
    """
    count, found, window = str(value).partition(" in ")
    if not found or not count.strip().isdecimal():
        raise ConfigError(f"{value!r} is not a rate; write one like `10 in 60s`")
    window_seconds = seconds(window)
    if window_seconds <= 0:
        raise ConfigError(f"{value!r} has no time in it; write one like `10 in 60s`")
    return int(count), window_seconds


def brief(amount: float) -> str:
    """Return seconds as a person would write them: `0`, `250ms`, `3s`, `2m`, `1h`."""
    if not amount:
        return "0"
    for unit in ("d", "h", "m", "s", "ms", "us"):
        count = amount / UNITS[unit]
        if count >= 1 and math.isclose(count, round(count), rel_tol=1e-9):
            return f"{round(count)}{unit}"
    return f"{amount:g}s"


def _bare(text: str, amount: float) -> float:
    if amount != 0:
        raise ConfigError(f"{text} has no unit; write {text}s if you mean seconds")
    return 0.0


def _split(text: str) -> tuple[str, str]:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return number.strip(), text[len(number) :]


def _number(text: str) -> float | None:
    # float() also takes "nan", "1e5" and "1_000", which nobody should write here
    if text.count(".") > 1 or not text.replace(".", "", 1).isdecimal():
        return None
    return float(text)
