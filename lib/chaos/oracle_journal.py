"""The journal: written before the order left, and right about what became of it (pure)."""

from collections import defaultdict
from collections.abc import Iterator

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ids import base
from lib.chaos.ledger import LedgerOrder
from lib.chaos.records import FINAL

WRITTEN_SECONDS = 8.0
"""Fills are journaled when the account stream, or a sweep, brings them."""


def orders(evidence: Evidence) -> Iterator[Finding]:
    """Each order that may add risk has an intent, and the journal knows when it is over."""
    journal = evidence.journal
    if journal is None:
        return
    found: dict[str, list[LedgerOrder]] = defaultdict(list)
    for order in evidence.ledger.orders:
        if evidence.owners.of(order.client_id) and not order.reduce_only:
            found[base(order.client_id)].append(order)
    for intent, attempts in found.items():
        status = journal.orders.get(intent)
        is_open = any(order.is_open for order in attempts)
        if intent in journal.found or (status is None and journal.is_whole):
            what = f"order {attempts[0].id} reached the venue without an intent in the journal"
            yield Finding("unjournaled", intent, what)
        elif status is not None and (status in FINAL) == is_open:
            what = f"the journal says {status}, the venue {attempts[-1].status}"
            yield Finding("journal_status", intent, what, WRITTEN_SECONDS)


def fills(evidence: Evidence) -> Iterator[Finding]:
    """The journal has each fill of ours once."""
    journal = evidence.journal
    if journal is None:
        return
    known = {
        fill.key: fill.client_id
        for fill in evidence.ledger.fills
        if evidence.owners.of(fill.client_id)
    }
    for key, client_id in known.items():
        count = journal.fills[key]
        if count > 1 or (count == 0 and journal.is_whole):
            what = f"fill of {client_id} stands {count} times in the journal"
            yield Finding("journal_fill", "/".join(map(str, key)), what, WRITTEN_SECONDS)
    for key in journal.fills.keys() - known.keys():
        what = "the journal has a fill that the venue does not know"
        yield Finding("journal_invented", "/".join(map(str, key)), what, WRITTEN_SECONDS)
