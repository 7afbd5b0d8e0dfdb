"""The dead-man switch: which symbol's countdown to arm, refresh or stop, and when (pure).

While a symbol's countdown runs out, the exchange itself cancels its orders. No resting order leaves
before the countdown is acknowledged; it is refreshed only while somebody answers for the symbol's
orders. All times are monotonic.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lib.constants import NS_PER_MS, NS_PER_SECOND

WEIGHT = 10
"""Of one countdown request."""
PER_SYMBOL_NS = NS_PER_SECOND
"""A refresh a second in all is 25 % of the weight limit."""
REFRESHES = 3
"""Refreshes within one timeout."""
LONGEST_SECONDS = 300.0
MARGIN_NS = 500 * NS_PER_MS
"""A countdown that ends within this is not relied on."""


@dataclass(slots=True)
class _Symbol:
    armed_until_ns: int = 0
    under_way: bool = False
    due_ns: int = 0


def timeout_of(seconds: float, symbols: int) -> float:
    """Return the countdown's length in seconds: it stretches with the number of symbols."""
    return max(seconds, REFRESHES * symbols * PER_SYMBOL_NS / NS_PER_SECOND)


def period_of(seconds: float, symbols: int) -> float:
    """Return the time between two refreshes of one symbol, seconds."""
    return timeout_of(seconds, symbols) / REFRESHES


class Countdowns:
    """The countdowns of one account.

    Args:
        seconds: Timeout as configured; 0 = off.
        symbols: All traded symbols.
        off: Symbols that have none.
    """

    def __init__(self, seconds: float, symbols: Collection[str], off: Iterable[str] = ()) -> None:
        """Have armed nothing."""
        self._wanted = seconds
        self.stretch(len(symbols))
        self._off = set(off)
        self._symbols: dict[str, _Symbol] = {}

    def stretch(self, symbols: int) -> None:
        """Take so many symbols into account."""
        self.seconds = timeout_of(self._wanted, symbols) if self._wanted else 0.0
        self._period_ns = round(period_of(self._wanted, symbols) * NS_PER_SECOND)

    @property
    def timeout_ms(self) -> int:
        """Return what a refresh asks for."""
        return round(self.seconds * 1_000)

    def covers(self, symbol: str) -> bool:
        """Return whether a symbol is to have a countdown at all."""
        return bool(self.seconds) and symbol not in self._off

    def is_armed(self, symbol: str, now_ns: int) -> bool:
        """Return whether a resting order of a symbol may leave now."""
        if not self.covers(symbol):
            return True
        known = self._symbols.get(symbol)
        return known is not None and known.armed_until_ns > now_ns + MARGIN_NS

    def armed(self) -> list[str]:
        """Return the symbols whose countdown may be running."""
        return [
            symbol
            for symbol, known in self._symbols.items()
            if known.armed_until_ns or known.under_way
        ]

    def assume(self, symbols: Iterable[str]) -> None:
        """Note that countdowns of a former life may still run."""
        for symbol in symbols:
            self._symbols.setdefault(symbol, _Symbol(armed_until_ns=1))

    def due(self, wanted: Collection[str], now_ns: int) -> list[str]:
        """Return the symbols to refresh now.

        Args:
            wanted: Symbols with resting orders whose owners answer for them.
            now_ns: Monotonic time.
        """
        return [
            symbol
            for symbol in wanted
            if self.covers(symbol) and self._is_due(self._symbols.get(symbol), now_ns)
        ]

    def sent(self, symbol: str) -> None:
        """Note that a request for a symbol is under way: there is one at a time."""
        self._symbols.setdefault(symbol, _Symbol()).under_way = True

    def answered(self, symbol: str, sent_ns: int) -> None:
        """Note that a countdown was acknowledged; it runs from when it was sent, at the latest."""
        known = self._symbols[symbol]
        known.under_way = False
        known.armed_until_ns = sent_ns + round(self.seconds * NS_PER_SECOND)
        known.due_ns = sent_ns + self._period_ns

    def failed(self, symbol: str, now_ns: int) -> None:
        """Note that a request failed, or that nobody knows; it is tried again soon."""
        known = self._symbols[symbol]
        known.under_way = False
        known.due_ns = now_ns + NS_PER_SECOND

    def stopping(self, symbol: str) -> None:
        """Note that a request to stop a countdown leaves: it may run, and is not relied on."""
        self._symbols.setdefault(symbol, _Symbol()).armed_until_ns = 1

    def stopped(self, symbol: str) -> None:
        """Note that a countdown was stopped on purpose."""
        self._symbols.pop(symbol, None)

    @staticmethod
    def _is_due(known: _Symbol | None, now_ns: int) -> bool:
        return known is None or (not known.under_way and known.due_ns <= now_ns)
