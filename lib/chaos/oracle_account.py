"""Positions and balances: bots believe what the venue holds (pure)."""

from collections.abc import Iterator
from decimal import Decimal

from lib.chaos.evidence import Evidence, Finding
from lib.chaos.ledger import positions_since, recent_balances

POSITION_SECONDS = 8.0
"""A correction needs two agreeing reads, and a gap in the account stream a sweep."""
BALANCE_SECONDS = 12.0
"""Notebooks have a balance a second."""
RECENT_FILLS = 150
"""How many fills a balance may be behind: all bots of the account trade."""


def positions(evidence: Evidence) -> Iterator[Finding]:
    """I4: each bot's position is the venue's, or was since the newest fill that it was told of."""
    for owner, notebook in evidence.notebooks.items():
        life = notebook.life
        if life is None or life.position is None:
            continue
        symbol = owner.rpartition(":")[2]
        told = {delivery.key for one in notebook.lives for delivery in one.deliveries}
        possible = positions_since(evidence.ledger, symbol, told)
        if life.position not in possible:
            held = ", ".join(str(qty) for qty in possible)
            what = f"{owner} believes {life.position} {symbol}, the venue holds, or held: {held}"
            yield Finding("position", symbol, what, POSITION_SECONDS)


def balances(evidence: Evidence) -> Iterator[Finding]:
    """Each bot's balance is one that the venue held a moment ago."""
    ledger = evidence.ledger
    held = ledger.balances.get(evidence.asset, Decimal(0))
    recent = set(recent_balances(held, ledger.fills, RECENT_FILLS))
    for owner, notebook in evidence.notebooks.items():
        life = notebook.life
        if life is None or life.balance is None or life.balance in recent:
            continue
        what = f"{owner} believes {life.balance} {evidence.asset}, the venue holds {held}"
        yield Finding("balance", owner, what, BALANCE_SECONDS)
