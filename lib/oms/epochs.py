"""Which journal this is, and whether its last words may be missing (pure)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.constants import NS_PER_SECOND
from lib.oms.rows import Fact, fact

EPOCH = "epoch"
BOOT = "boot"
CLEAN = "clean"


class Epoch(NamedTuple):
    """The journal's number, and what follows from how its last life ended."""

    number: int
    is_complete: bool
    """False when something may be missing: a new journal, or the machine went down with it."""
    facts: list[Fact]
    """To be written at the start."""


def judge(facts: Mapping[str, Any], boot_id: str, now_ns: int, *, is_new: bool) -> Epoch:
    """Return the journal's number.

    The death of a process loses nothing that was committed; the machine's may lose the last
    commits, and with them numbers that were given already. Then the numbers start a new epoch.

    Args:
        facts: The journal's facts.
        boot_id: What changes with every start of the machine.
        now_ns: Time since the epoch.
        is_new: There was no journal, or none that could be read.
    """
    number = int(facts.get(EPOCH, 0))
    lost_tail = not was_closed(facts) and facts.get(BOOT) != boot_id
    if is_new or not number:
        # not 1: a living bot may still count by a journal that was deleted
        number = now_ns // NS_PER_SECOND
    elif lost_tail:
        number += 1
    is_complete = not is_new and not lost_tail
    written = [fact(EPOCH, number), fact(BOOT, boot_id), fact(CLEAN, value=False)]
    return Epoch(number, is_complete, written)


def was_closed(facts: Mapping[str, Any]) -> bool:
    """Return whether the journal was closed with all its rows."""
    return bool(facts.get(CLEAN, False))


def closed() -> Fact:
    """Return what is written last when the journal is closed with all its rows."""
    return fact(CLEAN, value=True)
