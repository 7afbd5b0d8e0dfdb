"""How much of a file that grows is kept (pure)."""

from typing import NamedTuple


class Bounds(NamedTuple):
    """Bytes of one file, and number of older files beside it."""

    size: int
    keep: int
