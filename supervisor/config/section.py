"""What all sections of a configuration are made of."""

from typing import TypeVar

import msgspec
from msgspec import field

from lib.defaults import default
from supervisor.config.units import Duration, Limit, Rate, Size, Span

Unit = TypeVar("Unit", Duration, Limit, Span, Rate, Size)


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections."""


def unit(kind: type[Unit], name: str) -> Unit:
    """Return a field whose default is the one called `name` in `lib.defaults`."""
    # a factory: msgspec could not write such a default into the JSON schema
    made: Unit = field(default_factory=lambda: kind(default(name)))
    return made
