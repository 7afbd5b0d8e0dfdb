"""The five ways in which a worker can be ill, told apart (pure).

* dead: its process has ended; the kernel says so.
* hung: its main loop sends no heartbeat.
* stale: it lives, but a channel brings no new data.
* slow: it works, but late: its loop comes round late, its data is old, or much of it is dropped.
* sick: it works, but badly: many errors, or too much memory, CPU or descriptors.
"""

from enum import StrEnum
from typing import NamedTuple


class Illness(StrEnum):
    """What a worker suffers from."""

    DEAD = "dead"
    HUNG = "hung"
    STALE = "stale"
    SLOW = "slow"
    SICK = "sick"


class Finding(NamedTuple):
    """An illness with its evidence.

    Args:
        illness: Which.
        evidence: What was measured, and the limit that it passes.
        is_hard: The limit is one that ends the life at once.
    """

    illness: Illness
    evidence: str
    is_hard: bool = False
