"""Keeps a bot's account messages without holes: ask, hold back, go on from the answer (pure).

Before the first answer of the exchange worker, after a gap in a topic's sequence, and after the
exchange worker was reborn, nothing of the account channel is handed on: what comes is held back
until a snapshot says from where to continue.
"""

from collections import deque

from lib.bus.protocol import Header, Message
from lib.bus.sequence import Order, Sequences
from lib.constants import NS_PER_MS

Event = tuple[bytes, Header, Message | None]

RETRY_UNSENT_NS = 20 * NS_PER_MS
RETRY_REFUSED_NS = 50 * NS_PER_MS
ANSWER_SECONDS = 1.0
HELD = 20_000
"""Messages held back at most; beyond that the oldest go, and the snapshot covers them."""


class Sync:
    """Judges every account message: hand it on, drop it, or hold it back.

    Args:
        order_topic: `order.<owner>.`, the topic whose every message matters.
        exact_topics: Topics whose gaps need a snapshot; of others the newest message counts.
    """

    def __init__(self, order_topic: bytes, exact_topics: frozenset[bytes]) -> None:
        """Want a first answer at once."""
        self.synced = False
        self.asking: bytes | None = None
        """Id of the request that waits for its answer."""
        self.snapshots = 0
        self.seen = (0, 0)
        """(incarnation, sequence) of the last order message without a hole before it."""
        self.due_ns = 0
        self._order_topic = order_topic
        self._exact_topics = exact_topics
        self._sequences = Sequences()
        self._held: deque[Event] = deque(maxlen=HELD)

    def receive(self, topic: bytes, header: Header, message: Message | None, now_ns: int) -> bool:
        """Return whether a message is to be handed on now."""
        if not self.synced:
            self._hold(topic, header, message)
            return False
        order = self._sequences.see(topic, header, quiet=message is None)
        if topic in self._exact_topics and self._has_hole(order, header, message):
            self._hold(topic, header, message)
            self.want(now_ns)
            return False
        if order is Order.REPEAT:
            return False
        if topic == self._order_topic:
            self.seen = (header.incarnation, header.sequence)
        return message is not None

    def want(self, now_ns: int) -> None:
        """Ask for a snapshot; hold everything back until it is there."""
        self.synced = False
        if self.asking is None:
            self.due_ns = now_ns

    def is_due(self, now_ns: int) -> bool:
        """Return whether a request should be sent now."""
        return not self.synced and self.asking is None and now_ns >= self.due_ns

    def failed(self, now_ns: int, wait_ns: int) -> None:
        """Note that the request was not sent, not answered, or refused."""
        self.asking = None
        self.due_ns = now_ns + wait_ns

    def answered(self, sequences: dict[bytes, tuple[int, int]]) -> list[Event]:
        """Continue from a snapshot; return what was held back, to be received again."""
        for topic, (incarnation, sequence) in sequences.items():
            self._sequences.start_at(topic, incarnation, sequence)
            if topic == self._order_topic:
                self.seen = (incarnation, sequence)
        self.snapshots += 1
        self.asking = None
        self.synced = True
        held = list(self._held)
        self._held.clear()
        return held

    def _hold(self, topic: bytes, header: Header, message: Message | None) -> None:
        if message is not None:
            self._held.append((topic, header, message))

    @staticmethod
    def _has_hole(order: Order, header: Header, message: Message | None) -> bool:
        if order is Order.FIRST:
            return header.sequence > (0 if message is None else 1)
        return order in (Order.GAP, Order.REBORN)
