"""At most once: which request is executed, which is answered from memory (pure logic)."""

from collections import OrderedDict
from enum import Enum, auto
from typing import Generic, TypeVar

from lib.bus.protocol import Request

P = TypeVar("P")

REMEMBERED = 4096
"""Finished requests kept: over half a minute at the exchange's own limit of 120 orders a second."""
LONGEST = 16 * 1024
"""Bytes of an answer that is kept; a longer one (candles) changed nothing and is read anew."""


class Verdict(Enum):
    """What to do with a request that came in."""

    EXECUTE = auto()
    REPEAT = auto()
    """Answered before: send the same answer."""
    ATTACH = auto()
    """Being executed: this sender gets the answer, too."""
    EXPIRED = auto()
    FENCED = auto()


class Requests(Generic[P]):
    """Remembers requests by (owner, incarnation, request id).

    `P` is whatever the shell needs to find a waiting peer again (a ROUTER identity).

    Args:
        remembered: Finished requests kept; running ones are always kept.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        """Start with an empty memory."""
        self._remembered = remembered
        self._running: dict[tuple[str, int, bytes], list[P]] = {}
        self._answers: OrderedDict[tuple[str, int, bytes], bytes] = OrderedDict()

    def admit(
        self, request: Request, request_id: bytes, peer: P, alive: int | None, now_ns: int
    ) -> tuple[Verdict, bytes]:
        """Judge one request.

        Args:
            request: The decoded request.
            request_id: Its first frame.
            peer: Where the answer goes.
            alive: Incarnation of the owner's present life, None if it has none.
            now_ns: CLOCK_BOOTTIME.

        Returns:
            The verdict, and the remembered answer with `Verdict.REPEAT`.
        """
        key = (request.owner, request.incarnation, request_id)
        if key in self._answers:
            return Verdict.REPEAT, self._answers[key]
        if key in self._running:
            self._running[key].append(peer)
            return Verdict.ATTACH, b""
        if request.incarnation != alive:
            return Verdict.FENCED, b""
        if now_ns > request.deadline_ns:
            return Verdict.EXPIRED, b""
        self._running[key] = [peer]
        return Verdict.EXECUTE, b""

    def answer(self, request: Request, request_id: bytes, reply: bytes) -> list[P]:
        """Remember the answer of a request that ran; return who waits for it."""
        key = (request.owner, request.incarnation, request_id)
        peers = self._running.pop(key, [])
        if len(reply) <= LONGEST:
            self._answers[key] = reply
        while len(self._answers) > self._remembered:
            self._answers.popitem(last=False)
        return peers
