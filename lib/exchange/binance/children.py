"""Child orders of finished conditional ones that the exchange denies to have (pure).

A conditional order is over when its child is closed, and only the child says how. Reads of the one
may lag behind those of the other; what ended without a fill is forgotten after days.
"""

from lib.oms.proof import LOST_NS, LOST_UNHEARD


class DeniedChildren:
    """Counts the answers that deny a child."""

    def __init__(self) -> None:
        """Know of no denial."""
        self._denials: dict[str, tuple[int, int]] = {}

    def deny(self, client_id: str, now_ns: int) -> bool:
        """Take in one more such answer; return whether it is to be believed.

        Args:
            client_id: Id of the conditional order and of its child.
            now_ns: Monotonic.
        """
        since_ns, count = self._denials.get(client_id, (now_ns, 0))
        self._denials[client_id] = since_ns, count + 1
        return count + 1 >= LOST_UNHEARD and now_ns - since_ns >= LOST_NS

    def forget(self, client_id: str) -> None:
        """Take in that the child was found."""
        self._denials.pop(client_id, None)
