"""The journal's content as the oracle sees it (pure)."""

from collections import Counter
from dataclasses import dataclass, field

from lib.chaos.ledger import FillKey


@dataclass(slots=True)
class Journal:
    """What stands in the journal.

    `orders` maps each intent's id to its newest status, `fills` each fill to how often it is
    there; `found` has the ids of orders of which the exchange told first: nothing stood there when
    they were sent; `doubtful` those of conditional orders of unknown fate; `is_whole` is False
    where older rows have been compacted away.
    """

    orders: dict[str, str] = field(default_factory=dict)
    fills: Counter[FillKey] = field(default_factory=Counter)
    found: frozenset[str] = frozenset()
    doubtful: frozenset[str] = frozenset()
    is_whole: bool = True
