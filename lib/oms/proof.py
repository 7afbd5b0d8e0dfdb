"""How long the exchange must be asked before an order may be called absent (pure)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.oms.tracked import RECV_WINDOW_MS, Tracked

OFTEN, OFTEN_UNHEARD = 2, 4
"""How many answers prove it; more where the account stream was not followed all along."""
LOST, LOST_UNHEARD = 6, 10
"""The same for what the exchange had: longer than any of its reads is known to lag."""
LOST_NS = 60 * NS_PER_SECOND
"""How long it must have denied that."""
CANCEL_SECONDS = 6.0
"""What cancelling everything may take at the end of an exchange worker."""
RELEASE_SECONDS = 1.6
"""What may be needed after it to end the countdowns."""
JOURNAL_SECONDS = 0.4
"""What closing the journal may take."""
ANSWER_SECONDS = 2.0
"""What the answers that prove an absence may take themselves."""


class Proof(NamedTuple):
    """What proves that an order never reached the exchange."""

    window_ms: int = RECV_WINDOW_MS
    """How long after its timestamp the exchange may take a request."""
    margin_ns: int = 2_000 * NS_PER_MS
    """Added to the window before absence can be proven."""
    margin_conditional_ns: int = 60_000 * NS_PER_MS
    """The same for conditional orders."""
    apart_ns: int = 1_000 * NS_PER_MS
    """Between two answers that count."""

    def over_ns(self, order: Tracked) -> int:
        """Return after which time of the exchange nothing can come of an order's request."""
        margin_ns = self.margin_conditional_ns if order.conditional else self.margin_ns
        return order.sent_ns + order.window_ms * NS_PER_MS + margin_ns

    @property
    def end_seconds(self) -> float:
        """Return what the end of an exchange worker may take.

        An order that was sent right before, and of which nothing is heard, can be proven gone in
        that time; a conditional one, whose margin is much longer, cannot.
        """
        apart_ns = (OFTEN_UNHEARD - 1) * self.apart_ns
        proof_ns = self.window_ms * NS_PER_MS + self.margin_ns + apart_ns
        proven = proof_ns / NS_PER_SECOND + ANSWER_SECONDS
        return max(CANCEL_SECONDS, proven) + RELEASE_SECONDS

    @property
    def grace_seconds(self) -> float:
        """Return how long its process may live on then, journal and all."""
        return self.end_seconds + JOURNAL_SECONDS


def proof_of(section: Mapping[str, Any]) -> Proof:
    """Return what an exchange's section says; its times are seconds."""
    names = ("absence_margin", "absence_margin_conditional", "absence_apart")
    usual = Proof()
    times = [
        round(float(section[name]) * NS_PER_SECOND) if name in section else default
        for name, default in zip(names, usual[1:], strict=True)
    ]
    window = section.get("order_window")
    return Proof(usual.window_ms if window is None else round(float(window) * 1_000), *times)
