"""Reads one mapping of a bot's config, key by key, and says what is wrong in one line (pure)."""

import difflib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.durations import seconds
from lib.errors import ConfigError
from lib.models import ZERO

ALIKE = 0.6


class Settings:
    """The values of one section; `done` refuses the keys that nobody has asked for.

    Args:
        values: The mapping as it stands in the file.
        where: The way to it, for messages: `spread.inner`.

    Raises:
        ConfigError: It is not a mapping.
    """

    def __init__(self, values: Any, where: str) -> None:
        """Check the shape."""
        if values is None:
            values = {}
        if not isinstance(values, Mapping):
            raise ConfigError(f"{where} must be a mapping of keys to values, not {values!r}")
        self.where = where
        self._values = values
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        """Return whether the key is given."""
        return key in self._values

    def raw(self, key: str, default: Any = None) -> Any:
        """Return a value as it stands."""
        self._asked.add(key)
        return self._values.get(key, default)

    def number(
        self,
        key: str,
        default: str | None = None,
        *,
        above: Decimal | int | None = None,
        least: Decimal | int = 0,
        below: Decimal | int | None = None,
        most: Decimal | int | None = None,
    ) -> Decimal:
        """Return a number within its bounds; without `default` it has to be given.

        Raises:
            ConfigError: It is missing, no number, or out of bounds.
        """
        value = self.raw(key, default)
        if value is None:
            raise ConfigError(f"{self.name(key)} is missing; give it a number")
        number = to_number(self.name(key), value)
        if above is not None and number <= above:
            raise ConfigError(f"{self.name(key)} {number} must be greater than {above}")
        if number < least:
            raise ConfigError(f"{self.name(key)} {number} must be at least {least}")
        if below is not None and number >= below:
            raise ConfigError(f"{self.name(key)} {number} must be less than {below}")
        if most is not None and number > most:
            raise ConfigError(f"{self.name(key)} {number} must be at most {most}")
        return number

    def numbers(self, key: str) -> tuple[Decimal, ...]:
        """Return one positive number or a list of them, always as a tuple.

        Raises:
            ConfigError: It is missing or empty, or one is not a positive number.
        """
        value = self.raw(key)
        parts = value if isinstance(value, list | tuple) else [value]
        if value is None or not parts:
            raise ConfigError(f"{self.name(key)} is missing; give it a number or a list of them")
        numbers = tuple(to_number(self.name(key), part) for part in parts)
        if min(numbers) <= ZERO:
            raise ConfigError(f"{self.name(key)} {min(numbers)} must be greater than 0")
        return numbers

    def count(self, key: str, default: int, least: int = 1) -> int:
        """Return a whole number.

        Raises:
            ConfigError: It is none, or too small.
        """
        number = self.number(key, str(default), least=least)
        if number != number.to_integral_value():
            raise ConfigError(f"{self.name(key)} {number} must be a whole number")
        return int(number)

    def duration_ns(self, key: str, default: str) -> int:
        """Return a duration in ns; written with its unit, like `2.1s`.

        Raises:
            ConfigError: It is no duration.
        """
        try:
            return round(seconds(self.raw(key, default)) * NS_PER_SECOND)
        except ConfigError as error:
            raise ConfigError(f"{self.name(key)}: {error}") from error

    def section(self, key: str) -> "Settings":
        """Return a mapping inside, empty when it is not given.

        Raises:
            ConfigError: It is not a mapping.
        """
        return Settings(self.raw(key), self.name(key))

    def items(self) -> list[tuple[str, "Settings"]]:
        """Return all keys, each with its mapping.

        Raises:
            ConfigError: One is not a mapping.
        """
        return [(str(key), self.section(key)) for key in self._values]

    def done(self) -> None:
        """Refuse keys that were not asked for.

        Raises:
            ConfigError: There is one.
        """
        for key in self._values:
            if key not in self._asked:
                close = difflib.get_close_matches(str(key), sorted(self._asked), 1, ALIKE)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {self._known()}"
                raise ConfigError(f"unknown key {self.name(key)!r}; {hint}")

    def name(self, key: str) -> str:
        """Return the way to a key, for messages."""
        return f"{self.where}.{key}" if self.where else key

    def _known(self) -> str:
        return ", ".join(sorted(self._asked)) or "none"


def to_number(name: str, value: Any) -> Decimal:
    """Return a finite number, exactly as it is written.

    Raises:
        ConfigError: It is none.
    """
    try:
        number = Decimal(str(value))
    except ArithmeticError as error:
        raise ConfigError(f"{name} {value!r} is not a number") from error
    if isinstance(value, bool) or not number.is_finite():
        raise ConfigError(f"{name} {value!r} is not a number")
    return number
