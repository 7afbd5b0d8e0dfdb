"""Fills: none lost, none invented, none delivered twice (pure)."""

from collections import Counter
from collections.abc import Iterator

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ledger import FillKey
from lib.chaos.records import Delivery, Life

LOST_SECONDS = 8.0
"""A sweep after a reconnect, its repetition after two seconds, and the way to the bot."""
INVENTED_SECONDS = 2.0
"""The ledger was read before the notebooks."""
ACKNOWLEDGED_NS = 5_000_000_000
"""A handler that returned this long before its life's end has been acknowledged."""


def lost(evidence: Evidence) -> Iterator[Finding]:
    """I3: each of the venue's fills has reached its owner, with its own numbers."""
    delivered = {
        owner: {delivery.key: delivery for life in notebook.lives for delivery in life.deliveries}
        for owner, notebook in evidence.notebooks.items()
    }
    for fill in evidence.ledger.fills:
        owner = evidence.owners.of(fill.client_id)
        if not owner:
            continue
        delivery = delivered.get(owner, {}).get(fill.key)
        if delivery is None:
            what = f"{owner} was never told of {fill.side} {fill.qty} at {fill.price}"
            yield Finding("fill_lost", _name(fill.key), what, LOST_SECONDS)
        elif (delivery.qty, delivery.price) != (fill.qty, fill.price):
            what = (
                f"{owner} was told {delivery.qty} at {delivery.price} "
                f"instead of {fill.qty} at {fill.price}"
            )
            yield Finding("fill_wrong", _name(fill.key), what)


def invented(evidence: Evidence) -> Iterator[Finding]:
    """No bot was told of a fill that the venue does not know."""
    known = {fill.key for fill in evidence.ledger.fills}
    for owner, notebook in evidence.notebooks.items():
        for delivery in _deliveries(notebook.lives):
            if delivery.key not in known:
                what = f"{owner} was told of a fill of {delivery.order} that never was"
                yield Finding("fill_invented", _name(delivery.key), what, INVENTED_SECONDS)


def twice_in_a_life(evidence: Evidence) -> Iterator[Finding]:
    """A handler gets a fill once in one life."""
    for owner, notebook in evidence.notebooks.items():
        for life in notebook.lives:
            counts = Counter(delivery.key for delivery in life.deliveries)
            for key, count in counts.items():
                if count > 1:
                    what = f"life {life.incarnation} of {owner} got it {count} times"
                    yield Finding("fill_twice", f"{_name(key)}@{life.incarnation}", what)


def acknowledged_again(evidence: Evidence) -> Iterator[Finding]:
    """What one life has acknowledged no later life gets again."""
    for owner, notebook in evidence.notebooks.items():
        acknowledged: set[FillKey] = set()
        for life in notebook.lives:
            for delivery in life.deliveries:
                if delivery.key in acknowledged:
                    what = f"life {life.incarnation} of {owner} got what an earlier one had settled"
                    yield Finding("fill_again", f"{_name(delivery.key)}@{life.incarnation}", what)
            acknowledged |= {
                key for key, at_ns in life.done.items() if at_ns < life.last_ns - ACKNOWLEDGED_NS
            }


def _deliveries(lives: list[Life]) -> Iterator[Delivery]:
    for life in lives:
        yield from life.deliveries


def _name(key: FillKey) -> str:
    symbol, trade, order = key
    return f"{symbol}/{trade}/{order}"
