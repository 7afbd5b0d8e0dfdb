"""Ages and counts of new data per channel and symbol (pure logic)."""

from collections import defaultdict

EPOCH = 0


class Freshness:
    """Remembers when each channel of each symbol last brought *new* data.

    What is expected but never came is as old as the object.

    Args:
        now_ns: Monotonic time of its making.
        expected: (channel, symbol) pairs that should bring data.
    """

    def __init__(self, now_ns: int, expected: list[tuple[str, str]]) -> None:
        """Count the expected ones as seen at `now_ns`."""
        self._seen_ns: dict[str, dict[str, int]] = defaultdict(dict)
        self._counts: dict[str, int] = {}
        self.expect(expected, now_ns)
        self.events = 0

    def see(self, channel: str, symbol: str, now_ns: int) -> None:
        """Note new data of one channel and symbol."""
        self._seen_ns[channel][symbol] = now_ns
        key = f"{channel}:{symbol}"
        self._counts[key] = self._counts.get(key, 0) + 1
        self.events += 1

    def expect(self, pairs: list[tuple[str, str]], now_ns: int) -> None:
        """Count further (channel, symbol) pairs as seen at `now_ns`."""
        for channel, symbol in pairs:
            self._seen_ns[channel][symbol] = now_ns
            self._counts[f"{channel}:{symbol}"] = EPOCH

    def forget(self, symbol: str) -> None:
        """Stop expecting a symbol."""
        for channel, seen in self._seen_ns.items():
            seen.pop(symbol, None)
            self._counts.pop(f"{channel}:{symbol}", None)

    def ages(self, now_ns: int) -> dict[str, dict[str, int]]:
        """Return channel -> symbol -> age in ns of the newest new data."""
        return {
            channel: {symbol: now_ns - seen_ns for symbol, seen_ns in seen.items()}
            for channel, seen in self._seen_ns.items()
        }

    def counts(self) -> dict[str, int]:
        """Return "channel:symbol" -> new data events so far."""
        return dict(self._counts)

    def complete(self) -> bool:
        """Return whether every expected channel and symbol has brought data at least once."""
        return all(self._counts.values())
