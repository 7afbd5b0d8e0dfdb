"""Whether a bot may add risk now, and if not, why (pure)."""

from lib.bus.protocol import Health, Roster
from lib.constants import NS_PER_SECOND, Channel, WorkerKind, WorkerState
from lib.oms.ids import split_owner

SILENCE_NS = 1 * NS_PER_SECOND
"""The exchange worker repeats its sequences each 250 ms; this long without a word is an absence."""
EVERYONE = "*"

_ABSENT = frozenset({WorkerState.HUNG, WorkerState.BACKOFF, WorkerState.EXITED, WorkerState.FAILED})


class Line:
    """The state of the line to the exchange, as one bot sees it.

    Args:
        owner: `<bot name>:<SYMBOL>`.
        book_limit_ns: Age beyond which the own symbol's book is stale, 0 for no limit.
    """

    def __init__(self, owner: str, book_limit_ns: int) -> None:
        """Start offline."""
        self.closed = ""
        """Why new risk is refused for the rest of this life; empty while it is not."""
        self.heard_ns = 0
        self.book_ns = 0
        self._owner = owner
        self._book_limit_ns = book_limit_ns
        self._book = f"{Channel.BOOK}:{split_owner(owner)[1]}"
        self._book_ill = ""
        self._exchange = Health(WorkerKind.EXCHANGE, healthy=False, reason="not heard of")
        self._absent = ""
        self._halted = False

    def on_health(self, health: Health) -> bool:
        """Take note of what the exchange worker says of itself, the supervisor of the own book.

        Returns:
            Whether it was news.
        """
        if health.component == WorkerKind.EXCHANGE:
            before, self._exchange = self._exchange, health
            return health != before
        if health.component == self._book:
            self._book_ill = "" if health.healthy else health.reason
        return True

    def on_roster(self, roster: Roster) -> None:
        """Take note of who lives and who is halted."""
        self._halted = any(owner in (self._owner, EVERYONE) for owner in roster.halted)
        states = [row[2] for row in roster.lives if row and row[0] == WorkerKind.EXCHANGE]
        gone = [state for state in states if state in _ABSENT]
        self._absent = f"exchange worker is {gone[0]}" if gone else ""

    def trouble(self, now_ns: int, synced: bool) -> str:
        """Return why the bot is offline, empty when it is online.

        Args:
            now_ns: Monotonic.
            synced: Whether position and orders are known without a hole.
        """
        return (
            self.closed
            or ("halted" if self._halted else "")
            or self._absent
            or ("" if synced else "account is not synchronised")
            or self._exchange_trouble(now_ns)
            or self._book_trouble(now_ns)
        )

    def _exchange_trouble(self, now_ns: int) -> str:
        if now_ns - self.heard_ns > SILENCE_NS:
            return "exchange worker is silent"
        if not self._exchange.healthy:
            return self._exchange.reason or "exchange is not healthy"
        return ""

    def _book_trouble(self, now_ns: int) -> str:
        if not self.book_ns:
            return "no book yet"
        if self._book_limit_ns and now_ns - self.book_ns > self._book_limit_ns:
            return "book is stale"
        return self._book_ill and f"book is stale: {self._book_ill}"
