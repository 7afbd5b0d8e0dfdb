"""How long things take between the exchange and the bots of a backtest."""

from pathlib import Path

from lib.backtest.measured import Measured, read
from lib.backtest.settings import Settings
from lib.venue.latency import Latency, read_latency

DRAWN = {"order": "order", "cancel": "cancel", "account": "account", "position": "account"}
"""Kind -> the key of `backtest.latency` that it is drawn by."""


class Delays:
    """Draws from what the configuration gives, or tells what was measured at that moment.

    Args:
        settings: Latencies and seed.

    Raises:
        ConfigError: A file is missing or wrong.
    """

    def __init__(self, settings: Settings) -> None:
        """Read files."""
        self._market_ns = settings.market_latency_ns
        self._drawn: dict[str, Latency] = {
            name: read_latency(settings.latency[name], f"{settings.seed}:{name}")
            for name in dict.fromkeys(DRAWN.values())
        }
        self._measured: Measured | None = read(Path(settings.moments)) if settings.moments else None

    @property
    def are_measured(self) -> bool:
        """Whether there are rows that know their moment."""
        return self._measured is not None

    def draw_ns(self, kind: str, symbol: str, now_ns: int) -> int:
        """Return how long something takes that leaves now, ns.

        Args:
            kind: One of `lib.backtest.measured.KINDS`.
            symbol: What the bot trades that it comes from or goes to.
            now_ns: By the clock of where it leaves.
        """
        found = self._measured.delay_ns(kind, symbol, now_ns) if self._measured else None
        if found is not None:
            return found
        return self._drawn[DRAWN[kind]].draw_ns() if kind in DRAWN else self._market_ns

    def draw_batch(self, kind: str, symbol: str, now_ns: int, count: int) -> list[int]:
        """Return it for each part of one request: the same where it was not measured."""
        if self._measured is None:
            return [self.draw_ns(kind, symbol, now_ns)] * count
        return [self.draw_ns(kind, symbol, now_ns) for _ in range(count)]
