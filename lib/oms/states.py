"""Every legal transition of an order's state, in one table (pure).

What an exchange tells arrives late, twice and out of order: a transition that is not in the table
is counted and ignored, never raised.
"""

from lib.constants import FINAL, Status

_ENDED = frozenset({Status.FILLED, Status.CANCELED, Status.EXPIRED})
# the exchange has it no more, and says neither how nor when it ended
_OPEN_TO = _ENDED | {Status.NOT_PLACED}
_APPEARED = _ENDED | {Status.NEW, Status.TRIGGERING, Status.PARTIALLY_FILLED}

TRANSITIONS: dict[Status, frozenset[Status]] = {
    # our side has it; nothing, or a request under way, has left
    Status.PENDING: frozenset(Status) - {Status.PENDING},
    # may exist; only its proven absence, or the exchange, ends it
    Status.UNKNOWN: frozenset(Status) - {Status.PENDING, Status.UNKNOWN, Status.NOT_SENT},
    Status.NEW: _OPEN_TO | {Status.PARTIALLY_FILLED, Status.TRIGGERING, Status.REJECTED},
    # a conditional order's child works under the same id
    Status.TRIGGERING: _OPEN_TO | {Status.PARTIALLY_FILLED, Status.REJECTED},
    Status.PARTIALLY_FILLED: _OPEN_TO,
    # what was called absent or refused, and appears after all, is taken back
    Status.NOT_PLACED: _APPEARED,
    Status.NOT_SENT: _APPEARED,
    Status.REJECTED: _APPEARED,
    Status.FILLED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.EXPIRED: frozenset(),
}

TOMBSTONES = frozenset({Status.NOT_PLACED, Status.NOT_SENT, Status.REJECTED})
"""The exchange is believed not to have it."""
WORKING = frozenset({Status.NEW, Status.PARTIALLY_FILLED, Status.TRIGGERING})
"""The exchange is known to have it."""


def is_legal(before: Status, after: Status) -> bool:
    """Return whether an order may go from one state to the other."""
    return after in TRANSITIONS[before]


def is_open(status: Status) -> bool:
    """Return whether an order in this state may still trade, for all that is known."""
    return status not in FINAL
