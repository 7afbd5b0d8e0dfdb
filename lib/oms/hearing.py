"""Whether the account stream tells what happens (pure).

An open connection proves nothing. Proof is an event; and each order that the exchange acknowledged
must be followed by its event within a second. A fact that a REST read teaches, and that the stream
should have told, shows that the stream is deaf. `now_ns` is monotonic here.
"""

from collections import OrderedDict

from lib.constants import NS_PER_MS

ECHO_NS = 1_000 * NS_PER_MS
"""How long the event of an acknowledged order may take."""
LAG_NS = 1_000 * NS_PER_MS
"""How old a fact must be before the stream is blamed for not having told it."""
TRUST_NS = 5_000 * NS_PER_MS
"""Time without new evidence before a stream that was deaf is trusted without an event."""
HEARD = 1_000
"""Events remembered in case the acknowledgement of their order comes after them."""


class Hearing:
    """Judges one account stream.

    Args:
        limit_ns: Age at which the supervisor calls the account's data stale.
        now_ns: Time of its making.
    """

    def __init__(self, limit_ns: int, now_ns: int) -> None:
        """Start unconnected, as old as the object."""
        self._half_ns = limit_ns // 2
        self._fresh_ns = now_ns
        self._connected_ns: int | None = None
        self._proven_ns: int | None = None
        self._deaf_ns: int | None = None
        self._evidence_ns = now_ns
        self._needs_reconnect = False
        self._echoes: dict[str, int] = {}
        self._heard: OrderedDict[str, None] = OrderedDict()
        self.misses = 0

    # --- what happens

    def on_connected(self, now_ns: int) -> None:
        """Note a new connection."""
        self._connected_ns = self._proven_ns = now_ns
        self._needs_reconnect = False
        self._echoes.clear()

    def on_disconnected(self) -> None:
        """Note the loss of the connection."""
        self._connected_ns = self._proven_ns = None
        self._echoes.clear()

    def on_event(self, now_ns: int) -> None:
        """Note an event: the only proof."""
        self._fresh_ns = now_ns
        if not self._needs_reconnect:
            self._deaf_ns = None

    def on_echo(self, client_id: str) -> None:
        """Note an event of one order."""
        if self._echoes.pop(client_id, None) is None:
            self._heard[client_id] = None
            while len(self._heard) > HEARD:
                self._heard.popitem(last=False)

    def expect_echo(self, client_id: str, now_ns: int) -> None:
        """Note that the exchange acknowledged an order whose event may be still to come."""
        if client_id in self._heard:
            del self._heard[client_id]
        elif self._connected_ns is not None:
            self._echoes[client_id] = now_ns + ECHO_NS

    def on_check(self, now_ns: int) -> None:
        """Note a cross-check by REST that found what the stream had told."""
        if self._deaf_ns is None:
            self._fresh_ns = now_ns
        elif self._is_quiet_since_evidence(now_ns):
            self._deaf_ns = None
            self._fresh_ns = now_ns

    def _is_quiet_since_evidence(self, now_ns: int) -> bool:
        if self._needs_reconnect or self._echoes:
            return False
        return now_ns - self._evidence_ns >= max(self._half_ns, TRUST_NS)

    def on_missed(self, now_ns: int) -> None:
        """Note a fact that the stream should have told."""
        self.misses += 1
        self._evidence_ns = now_ns
        self._proven_ns = None
        if self._deaf_ns is None:
            self._deaf_ns = self._fresh_ns
        self._needs_reconnect = True

    # --- what follows

    def tick(self, now_ns: int) -> bool:
        """Return whether the stream is to be connected anew; True once per piece of evidence."""
        if any(due_ns <= now_ns for due_ns in self._echoes.values()):
            self._echoes.clear()
            self.on_missed(now_ns)
        if self._needs_reconnect and self._connected_ns is not None:
            self._connected_ns = None
            return True
        return False

    def is_blamed(self, fact_age_ns: int, now_ns: int) -> bool:
        """Return whether the stream should have told a fact that a read has shown.

        Args:
            fact_age_ns: Age of the fact, by the exchange's clock.
            now_ns: Monotonic time.
        """
        if self._connected_ns is None:
            return False
        return LAG_NS < fact_age_ns < now_ns - self._connected_ns

    def is_proven_since(self, at_ns: int) -> bool:
        """Return whether the stream has been connected, and never caught out, since a time."""
        return self._proven_ns is not None and self._proven_ns <= at_ns

    def wants_check(self, now_ns: int) -> bool:
        """Return whether it has been quiet for long enough to ask by REST."""
        return self._connected_ns is not None and now_ns - self._fresh_ns >= self._half_ns

    def age(self, now_ns: int) -> int:
        """Return the age in ns of the last proof; while deaf it grows."""
        return now_ns - (self._fresh_ns if self._deaf_ns is None else self._deaf_ns)

    @property
    def is_deaf(self) -> bool:
        """True from the first evidence until the next connection."""
        return self._needs_reconnect
