"""Which requests of a bot wait for an answer, and since when it is too late (pure)."""

import itertools
from collections import OrderedDict
from typing import Any, NamedTuple

from lib.bus.protocol import Request
from lib.constants import NS_PER_SECOND

LATE = 1000
"""Overdue requests whose late answers are still understood."""


class Waiting(NamedTuple):
    """A request without an answer."""

    method: str
    deadline_ns: int
    ids: tuple[str, ...]
    """Client ids of the orders that it is about."""


class RequestBook:
    """Numbers the requests of one life and remembers those that are open.

    Args:
        owner: `<bot name>:<SYMBOL>`.
        incarnation: This life's number.
    """

    def __init__(self, owner: str, incarnation: int) -> None:
        """Start with nothing open."""
        self._owner = owner
        self._incarnation = incarnation
        self._numbers = itertools.count(1)
        self._waiting: dict[bytes, Waiting] = {}
        self._late: OrderedDict[bytes, Waiting] = OrderedDict()

    def make(
        self,
        method: str,
        args: list[Any],
        now_ns: int,
        seconds: float,
        ids: tuple[str, ...] = (),
    ) -> tuple[bytes, Request]:
        """Return (request id, request) of a new request that waits `seconds` for its answer."""
        request_id = b"%d" % next(self._numbers)
        deadline_ns = now_ns + round(seconds * NS_PER_SECOND)
        self._waiting[request_id] = Waiting(method, deadline_ns, ids)
        return request_id, Request(method, deadline_ns, self._owner, self._incarnation, args)

    def note(
        self, method: str, args: list[Any], now_ns: int, seconds: float
    ) -> tuple[bytes, Request]:
        """Return (request id, request) of a request that is never answered."""
        deadline_ns = now_ns + round(seconds * NS_PER_SECOND)
        return b"note", Request(method, deadline_ns, self._owner, self._incarnation, args)

    def is_waiting(self, request_id: bytes) -> bool:
        """Return whether an answer in time is still possible."""
        return request_id in self._waiting

    def answered(self, request_id: bytes) -> Waiting | None:
        """Forget and return the request that was answered, also when it is late."""
        return self._waiting.pop(request_id, None) or self._late.pop(request_id, None)

    def overdue(self, now_ns: int) -> list[Waiting]:
        """Give up, and return, the requests whose deadline has passed."""
        gone = [key for key, waiting in self._waiting.items() if now_ns > waiting.deadline_ns]
        for key in gone:
            self._late[key] = self._waiting.pop(key)
            if len(self._late) > LATE:
                self._late.popitem(last=False)
        return [self._late[key] for key in gone if key in self._late]

    def deadline(self) -> int | None:
        """Return when the next request becomes overdue, None when none waits."""
        return min((waiting.deadline_ns for waiting in self._waiting.values()), default=None)
