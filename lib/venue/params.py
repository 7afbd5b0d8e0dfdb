"""Typed access to a request's parameters, refusing what is missing, malformed or unknown."""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal

from lib.venue.errors import VenueError

NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
NUMBER_RANGE = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
CLIENT_ID = re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}")
CLIENT_ID_RANGE = "^[\\.A-Z\\:/a-z0-9_-]{1,36}$"
CLIENT_ID_LENGTH = 36
ENVELOPE = frozenset({"timestamp", "recvWindow", "signature", "apiKey"})
LONG = re.compile(r"-?[0-9]{1,19}")


class Params:
    """One request's parameters; empty values count as not sent.

    Args:
        values: Name -> decoded text.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        """Drop what is empty or the server's own."""
        self._values = {
            name: value
            for name, value in values.items()
            if value != "" and not name.startswith("_")
        }

    def __contains__(self, name: str) -> bool:
        """Return whether a parameter was sent."""
        return name in self._values

    def check_names(self, known: Collection[str]) -> None:
        """Refuse parameters that the endpoint does not know.

        Raises:
            VenueError: -1104.
        """
        sent = [name for name in self._values if name not in ENVELOPE]
        read = sum(name in known for name in sent)
        if read < len(sent):
            envelope = len(self._values) - len(sent)
            raise VenueError(-1104, read=read + envelope, sent=len(self._values))

    def text(self, name: str) -> str | None:
        """Return a parameter, None when it was not sent."""
        return self._values.get(name)

    def need(self, name: str) -> str:
        """Return a mandatory parameter.

        Raises:
            VenueError: -1102, it is missing.
        """
        value = self._values.get(name)
        if value is None:
            raise VenueError(-1102, name=name)
        return value

    def decimal(self, name: str) -> Decimal | None:
        """Return a number.

        Raises:
            VenueError: -1100, it is not a plain decimal (no exponent).
        """
        value = self._values.get(name)
        if value is None:
            return None
        if not NUMBER.fullmatch(value):
            raise VenueError(-1100, name=name, legal=NUMBER_RANGE)
        return Decimal(value)

    def any_case(self, names: tuple[str, ...]) -> tuple[str, str]:
        """Return (name, value) of the first of some lower-case names, spelled in any case.

        Raises:
            VenueError: -1102, none was sent.
        """
        sent = {name.lower(): value for name, value in self._values.items()}
        for name in names:
            if name in sent:
                return name, sent[name]
        raise VenueError(-1102, name=names[0])

    def need_decimal(self, name: str) -> Decimal:
        """Return a mandatory number."""
        value = self.decimal(name)
        if value is None:
            raise VenueError(-1102, name=name)
        return value

    def long(self, name: str) -> int | None:
        """Return an integer.

        Raises:
            VenueError: -1102, it is malformed.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if not LONG.fullmatch(value):
            raise VenueError(-1102, name=name)
        return int(value)

    def need_long(self, name: str) -> int:
        """Return a mandatory integer."""
        value = self.long(name)
        if value is None:
            raise VenueError(-1102, name=name)
        return value

    def need_flag(self, name: str) -> bool:
        """Return a mandatory boolean."""
        value = self.flag(name)
        if value is None:
            raise VenueError(-1102, name=name)
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean.

        Raises:
            VenueError: -1102, it is neither `true` nor `false`.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if value.lower() not in ("true", "false"):
            raise VenueError(-1102, name=name)
        return value.lower() == "true"

    def choice(self, name: str, allowed: Collection[str], code: int, default: str = "") -> str:
        """Return one of some words.

        Raises:
            VenueError: `code`, it is another word.
        """
        value = self._values.get(name, default)
        if value not in allowed and value != default:
            raise VenueError(code, name=name) if code == -1130 else VenueError(code)
        return value

    def client_id(self, name: str) -> str | None:
        """Return a client's id for an order.

        Raises:
            VenueError: -4015 too long, -1100 illegal characters.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if len(value) > CLIENT_ID_LENGTH:
            raise VenueError(-4015)
        if not CLIENT_ID.fullmatch(value):
            raise VenueError(-1100, name=name, legal=CLIENT_ID_RANGE)
        return value

    def limit(self, default: int, largest: int) -> int:
        """Return the number of rows asked for.

        Raises:
            VenueError: -1130, out of range.
        """
        value = self.long("limit")
        if value is None:
            return default
        if not 1 <= value <= largest:
            raise VenueError(-1130, name="limit")
        return value
