"""Orders: executed once, never orphaned, never sent for a life that is over (pure)."""

from collections import defaultdict
from collections.abc import Iterator

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ids import base, made_at
from lib.chaos.ledger import LedgerAlgo, LedgerOrder
from lib.chaos.records import FINAL, Life

ORPHAN_SECONDS = 4.0
"""Two from the recovery (I2), two for a cancel that must be repeated."""
STOP_SECONDS = 15.0
"""Until the position is proven flat and the stop gone."""
UNENDED_SECONDS = 90.0
"""The absence of a conditional order needs a minute and some queries to be proven."""
BY_HAND = "web_"
"""How the exchange's own website begins its orders' ids."""


def executed_twice(evidence: Evidence) -> Iterator[Finding]:
    """I1: one intent, at most one accepted order."""
    accepted: dict[str, list[str]] = defaultdict(list)
    for order in evidence.ledger.orders:
        # what a conditional order triggers bears its id and is the same intent
        if order.algo_id == 0 and evidence.owners.of(order.client_id):
            accepted[base(order.client_id)].append(f"{order.id} ({order.status})")
    for algo in evidence.ledger.algos:
        if evidence.owners.of(algo.client_id):
            accepted[base(algo.client_id)].append(f"algo {algo.id} ({algo.status})")
    for intent, found in accepted.items():
        if len(found) > 1:
            what = f"one intent became {len(found)} orders: {', '.join(found)}"
            yield Finding("executed_twice", intent, what)


def orphans(evidence: Evidence) -> Iterator[Finding]:
    """I2: every open order that can add risk belongs to a bot that lives and knows of it."""
    for order in evidence.ledger.orders:
        if order.is_open and not order.reduce_only:
            yield from _orphan(evidence, order)
    for algo in evidence.ledger.algos:
        if not algo.is_open:
            continue
        if not algo.reduce_only:
            yield from _orphan(evidence, algo)
        elif evidence.owners.of(algo.client_id) and algo.symbol not in evidence.ledger.positions:
            what = f"stop {algo.id} of {algo.symbol} is open although the position is flat"
            yield Finding("orphan_stop", algo.client_id, what, STOP_SECONDS)


def fenced(evidence: Evidence) -> Iterator[Finding]:
    """Nothing that a life asked for after its end reaches the venue."""
    for order in evidence.ledger.orders:
        if base(order.client_id) in evidence.forbidden:
            what = f"order {order.id} was placed for a life that was over"
            yield Finding("fencing", order.client_id, what)


def foreign(evidence: Evidence) -> Iterator[Finding]:
    """No request of ours names an order that somebody else has placed."""
    for order in evidence.ledger.orders:
        if not order.client_id.startswith(BY_HAND):
            continue
        # what the dead-man switch, which spares nobody, or the venue has cancelled, nobody named
        if {order.client_id, str(order.id), order.symbol} & evidence.deleted:
            what = f"a request to cancel order {order.id}, placed by hand, was sent"
            yield Finding("foreign_touched", order.client_id, what)


def unended(evidence: Evidence) -> Iterator[Finding]:
    """Every Post ends: what is not open at the venue is not open for its bot either."""
    ledger = evidence.ledger
    open_ids = {base(order.client_id) for order in ledger.orders if order.is_open}
    open_ids |= {base(algo.client_id) for algo in ledger.algos if algo.is_open}
    for owner, notebook in evidence.notebooks.items():
        life = notebook.life
        for client_id in life.posts if life is not None else ():
            status = life.statuses.get(client_id, "") if life is not None else ""
            if status not in FINAL and client_id not in open_ids:
                what = f"{owner} still believes {status or 'nothing'} of an order that is not open"
                yield Finding("unended", client_id, what, UNENDED_SECONDS)


def _orphan(evidence: Evidence, order: LedgerOrder | LedgerAlgo) -> Iterator[Finding]:
    owner = evidence.owners.of(order.client_id)
    if not owner:
        return
    notebook = evidence.notebooks.get(owner)
    life = notebook.life if notebook is not None else None
    reason = (
        "its bot has never lived"
        if life is None
        else _why_orphan(order, life, evidence.on_crash.get(owner, "cancel"))
    )
    if reason:
        what = f"{order.side} {order.qty} {order.symbol} ({order.status}) is open: {reason}"
        yield Finding("orphan", order.client_id, what, ORPHAN_SECONDS)


def _why_orphan(order: LedgerOrder | LedgerAlgo, life: Life, on_crash: str) -> str:
    client_id = base(order.client_id)
    status = life.statuses.get(client_id, "")
    if status in FINAL:
        return f"its bot was told that it is {status}"
    if made_at(client_id) >= life.start_ns:
        return ""
    if on_crash == "cancel":
        return "the life that placed it is over"
    return "" if status else "its bot's new life was not told of it"
