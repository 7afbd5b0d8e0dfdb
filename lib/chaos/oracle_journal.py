"""The journal: written before the order left, and right about what became of it (pure)."""

from collections.abc import Iterator

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ids import base
from lib.chaos.records import FINAL

WRITTEN_SECONDS = 8.0
"""Fills are journaled when the account stream, or a sweep, brings them."""


def orders(evidence: Evidence) -> Iterator[Finding]:
    """Each order that may add risk has an intent, and the journal knows when it is over."""
    journal = evidence.journal
    if journal is None:
        return
    for order in evidence.ledger.orders:
        intent = base(order.client_id)
        if not evidence.owners.of(intent) or order.reduce_only:
            continue
        status = journal.orders.get(intent)
        if status is None:
            if journal.is_whole:
                what = f"order {order.id} reached the venue, and the journal has no intent of it"
                yield Finding("unjournaled", intent, what)
        elif (status in FINAL) == order.is_open:
            what = f"the journal says {status}, the venue {order.status}"
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
