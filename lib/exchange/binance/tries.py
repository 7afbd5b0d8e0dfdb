"""When an order that definitely was not executed may go out again (pure)."""

from lib.bus.protocol import OrderIntent
from lib.errors import ExchangeError, ExchangeUnavailable, RateLimited
from lib.oms.outcomes import CLOCK_CODES

RETRY_SECONDS = (0.2, 0.4, 0.8)
"""Waits before a MARKET order that definitely was not executed goes out again."""


class Tries:
    """Whether an order that definitely was not executed may go out again."""

    def __init__(self, intent: OrderIntent) -> None:
        self._waits = [] if intent.price else list(RETRY_SECONDS)
        self._reduce_only = intent.reduce_only
        self._clock_was_set = False

    def pause_after(self, error: ExchangeError) -> float | None:
        """Return the seconds to wait before the next try, None for no other."""
        if not isinstance(error, ExchangeUnavailable | RateLimited):
            return None
        if error.code in CLOCK_CODES and not self._clock_was_set:
            # refused for our clock alone: it is set right, and the order sent once more
            self._clock_was_set = True
            return 0.0
        # new risk is never queued through a rate limit
        limited = isinstance(error, RateLimited)
        if not self._waits or (limited and not self._reduce_only):
            return None
        return max(self._waits.pop(0), getattr(error, "retry_after", 0.0))
