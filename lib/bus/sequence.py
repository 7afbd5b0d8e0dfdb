"""Per-topic sequences: what is new, what is a repeat, where a gap was (pure logic)."""

from enum import Enum, auto

from lib.bus.protocol import Header


class Order(Enum):
    """How a message stands to what was seen of its topic before."""

    FIRST = auto()
    """Nothing of this topic was seen before."""
    NEXT = auto()
    REPEAT = auto()
    """Seen before, or from a life that is over: drop it."""
    GAP = auto()
    """Messages between were lost: take a snapshot where that matters."""
    REBORN = auto()
    """The publisher is a new life: take a snapshot where that matters."""


class Sequences:
    """Follows the sequence of every topic of a subscriber."""

    def __init__(self) -> None:
        """Start having seen nothing."""
        self._seen: dict[bytes, tuple[int, int]] = {}
        self.gaps = 0
        self.lost = 0

    def see(self, topic: bytes, header: Header, *, quiet: bool = False) -> Order:
        """Judge one message and remember it.

        Args:
            topic: Its topic.
            header: Its header.
            quiet: The message repeats the current sequence instead of carrying news.

        Returns:
            `GAP` and `REBORN` for the first message after a loss; with `quiet`, `REPEAT` is the
            normal case.
        """
        seen = self._seen.get(topic)
        if seen is None:
            self._seen[topic] = (header.incarnation, header.sequence)
            return Order.FIRST
        incarnation, sequence = seen
        if header.incarnation != incarnation:
            if header.incarnation < incarnation:
                return Order.REPEAT
            self._seen[topic] = (header.incarnation, header.sequence)
            return Order.REBORN
        if header.sequence <= sequence:
            return Order.REPEAT
        self._seen[topic] = (incarnation, header.sequence)
        lost = header.sequence - sequence - (0 if quiet else 1)
        if lost == 0:
            return Order.NEXT
        self.gaps += 1
        self.lost += lost
        return Order.GAP

    def start_at(self, topic: bytes, incarnation: int, sequence: int) -> None:
        """Continue after a snapshot that already contains all up to `sequence`."""
        self._seen[topic] = (incarnation, sequence)
