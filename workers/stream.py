"""The stream worker: public market data in by websocket, out on the bus."""

import os
from typing import Any, NoReturn

from lib.bus import endpoints
from lib.bus.market_publisher import MarketPublisher
from lib.bus.start import Start
from lib.constants import KEY, NS_PER_MS, NS_PER_SECOND
from lib.registry import find
from lib.stream.abstract_stream import AbstractStream
from workers.runtime import AsyncWorker, Vitals, run_worker

QUIET_NS = NS_PER_SECOND // 2
"""After so long, symbols that nobody quotes do not hold back the others' bots; each bot goes by the
age of its own symbol's book anyway."""
NAMED = 3
"""Quiet symbols named in the note."""
RATE_NS = NS_PER_SECOND
"""Over how long the rate in the note is taken."""
TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
"""Environment variable that lets tests hang a worker by command."""


class StreamWorker(AsyncWorker):
    """Publishes one exchange's market data; holds no key and knows no order."""

    def __init__(self, start: Start) -> None:
        """Take the stream's part of the configuration."""
        super().__init__(start)
        section: dict[str, Any] = dict(start.config["stream"])
        exchange = section.pop(KEY.NAME)
        self._config = {
            **start.config["general"],
            **section,
            KEY.EXCHANGE: exchange,
            "worker": start.name,
        }
        self._stream: AbstractStream | None = None
        self._publisher: MarketPublisher | None = None
        self._readiness = Readiness()
        self._note = Note(len(section.get("symbols", ())))

    async def open(self) -> None:
        """Bind the publisher, then let the stream run."""
        kind = find("stream", self._config[KEY.EXCHANGE], AbstractStream)
        self._stream = stream = kind(self._config, self.factory, self.timer)
        address = endpoints.market(self.start.run_dir, self.start.name)
        self._publisher = publisher = MarketPublisher(
            self.context,
            address,
            self.start.incarnation,
            self.timer.Timestamp,
            self.timer.Monotonic,
        )
        self.spawn(stream.Run(publisher.send), "stream")

    async def close(self, reason: str) -> None:
        """Nothing to hand over: the tasks are cancelled, the sockets go with their context."""
        self.log.info("stopped", reason=reason)

    def vitals(self) -> Vitals:
        """Return what the next heartbeat says."""
        if self._stream is None:
            return Vitals(ready=False, note="connecting")
        if self._publisher is not None:
            self._publisher.welcome()
        stream, now_ns = self._stream, self.timer.Monotonic()
        stats, quiet = stream.stats(), stream.quiet()
        symbols = len(self._config.get("symbols", ()))
        ready = self._readiness.judge(now_ns, stream.is_connected(), symbols, len(quiet))
        return Vitals(
            ready=ready,
            events=stats.get("events", 0),
            dropped=stats.get("malformed", 0) + stats.get("unusable", 0),
            ages=stream.ages(),
            links=stream.links(),
            counts=stream.counts(),
            note=self._note.text(now_ns, stats, quiet),
            errors=stats.get("malformed", 0) + stats.get("unusable", 0),
            delay_ns=max(0, stats.get("latency_p50_ns", 0)),
        )

    def on_command(self, action: str, args: list[Any]) -> None:
        """Climb the first rungs of healing on demand."""
        match action:
            case "resubscribe" if self._stream is not None:
                self._stream.resubscribe(*args[:1])
            case "reconnect" if self._stream is not None:
                self._stream.reconnect(*args[:1])
            case "configure" if self._stream is not None and args:
                self._configure(self._stream, args[0])
            case "hang" if os.environ.get(TEST_HOOKS) == "1":
                _hang()
            case _:
                self.log.warning("ignored an unknown command", action=action, args=args)

    def _configure(self, stream: AbstractStream, part: dict[str, Any]) -> None:
        symbols = part["symbols"]
        if symbols != self._config["symbols"]:
            self.log.info("symbols change", before=self._config["symbols"], now=symbols)
        self._config["symbols"] = symbols
        self._note = Note(len(symbols))
        stream.configure(part)


class Readiness:
    """Decides when the bots may start (pure logic).

    Ready when every symbol has brought data; or, some time after all connections stood, when most
    have. Once ready, the watchdog judges by age of data.
    """

    def __init__(self) -> None:
        """Start not ready."""
        self._connected_ns: int | None = None
        self._is_ready = False

    def judge(self, now_ns: int, connected: bool, symbols: int, quiet: int) -> bool:
        """Return whether the worker is ready, or has been before.

        Args:
            now_ns: CLOCK_BOOTTIME.
            connected: Whether every connection stands.
            symbols: How many there are.
            quiet: How many of them have brought nothing.
        """
        if connected and self._connected_ns is None:
            self._connected_ns = now_ns
        waited = self._connected_ns is not None and now_ns - self._connected_ns >= QUIET_NS
        most = connected and waited and quiet * 2 < symbols
        self._is_ready = self._is_ready or quiet == 0 or most
        return self._is_ready


class Note:
    """One line for a human: `4 symbols, 82 events/s, latency p50 1.2 ms` (pure logic).

    Args:
        symbols: How many are streamed.
    """

    def __init__(self, symbols: int) -> None:
        """Start with no rate known."""
        self._symbols = symbols
        self._since: tuple[int, int] | None = None
        self._rate = 0.0

    def text(self, now_ns: int, stats: dict[str, int], quiet: list[str]) -> str:
        """Return the line.

        Args:
            now_ns: CLOCK_BOOTTIME.
            stats: The stream's.
            quiet: Symbols without any data.
        """
        events = stats.get("events", 0)
        if self._since is None:
            self._since = (now_ns, events)
        since_ns, since_events = self._since
        if now_ns - since_ns >= RATE_NS:
            self._rate = (events - since_events) * NS_PER_SECOND / (now_ns - since_ns)
            self._since = (now_ns, events)
        latency_ms = stats.get("latency_p50_ns", 0) / NS_PER_MS
        parts = [
            f"{self._symbols} symbols",
            f"{self._rate:.0f} events/s",
            f"latency p50 {latency_ms:.1f} ms",
        ]
        if quiet:
            more = f" and {len(quiet) - NAMED} more" if len(quiet) > NAMED else ""
            parts.append(f"quiet: {' '.join(quiet[:NAMED])}{more}")
        return ", ".join(parts)


def _hang() -> NoReturn:
    while True:
        pass


def main(start: Start) -> int:
    """Run the worker; return its exit code."""
    return run_worker(StreamWorker, start)
