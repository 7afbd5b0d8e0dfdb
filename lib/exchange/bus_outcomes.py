"""What the reply to a `post` says of each of its orders (pure)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from lib.bus.protocol import ReplyStatus
from lib.constants import Status
from lib.errors import ProtocolError
from lib.exchange.replies import Outcome, unpack_outcomes

_STATUSES = {
    ReplyStatus.REJECTED: Status.REJECTED,
    ReplyStatus.EXPIRED: Status.NOT_SENT,
    ReplyStatus.FENCED: Status.NOT_SENT,
    ReplyStatus.UNAVAILABLE: Status.NOT_SENT,
    ReplyStatus.ERROR: Status.NOT_SENT,
}
"""What definitely did not happen; any other word leaves the order's fate open."""


class Conclusion(NamedTuple):
    """What a reply alone says of one order."""

    id: str
    status: Status
    code: int
    reason: str


def conclusions(ids: Sequence[str], status: str, values: list[Any]) -> list[Conclusion]:
    """Return what a reply concludes; nothing of orders that the exchange has: it says so itself.

    Args:
        ids: The orders of the request, in its order.
        status: The reply's status.
        values: The reply's values.
    """
    found = []
    outcomes = _outcomes(len(ids), status, values)
    for client_id, outcome in zip(ids, outcomes, strict=True):
        if outcome.status != ReplyStatus.OK:
            now = _STATUSES.get(outcome.status, Status.UNKNOWN)
            found.append(Conclusion(client_id, now, outcome.code, outcome.message))
    return found


def _outcomes(count: int, status: str, values: list[Any]) -> list[Outcome]:
    missing = Outcome(ReplyStatus.UNKNOWN, 0, "the reply does not tell")
    if status != ReplyStatus.OK:
        code = values[0] if values and isinstance(values[0], int) else 0
        text = str(values[-1]) if values else status
        return [Outcome(status, code, text)] * count
    try:
        outcomes = unpack_outcomes(values)[:count]
    except ProtocolError:
        outcomes = []
    return outcomes + [missing] * (count - len(outcomes))
