"""What a recording holds, and what is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.backtest.convert import kind_of, rows_of
from lib.constants import NS_PER_SECOND
from lib.recording.reader import RecordingReader, is_recording
from lib.venue.candles import Candle
from lib.venue.market import Levels, MarketEvent, Print, Quote

MOST = 20
"""Faults told of each kind."""


@dataclass
class Content:
    """Figures of one recording.

    Args:
        counts: Symbol -> kind of event -> how many.
        faults: What is wrong, one line each.
    """

    path: Path
    first_ns: int = 0
    last_ns: int = 0
    rows: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    is_torn: bool = False

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return (self.last_ns - self.first_ns) / NS_PER_SECOND


class Checker:
    """Looks at events one after the other.

    Args:
        gap_ns: Silence of everything from which on it is told.
        tell: Told each fault, with its kind.
    """

    def __init__(self, gap_ns: int, tell: Callable[[str, str], None]) -> None:
        """Have seen nothing."""
        self._gap_ns = gap_ns
        self._tell = tell
        self._last_ns = 0
        self._ids: dict[tuple[str, str], int] = {}

    def see(self, time_ns: int, symbol: str, event: MarketEvent | Candle) -> None:
        """Look at one event."""
        self._see_time(time_ns, symbol)
        match event:
            case Quote():
                if event.bid >= event.ask:
                    self._tell(
                        "crossed", f"{symbol}: bid {event.bid} >= ask {event.ask}, {time_ns}"
                    )
                self._grows("quote", symbol, event.update_id)
            case Print():
                self._grows("trade", symbol, event.trade_id)
            case Levels(snapshot=False):
                before = self._ids.get(("levels", symbol))
                if before is not None and event.previous_id != before:
                    self._tell("chain", f"{symbol}: depth {event.previous_id} follows {before}")
                self._ids["levels", symbol] = event.last_id
            case Levels():
                self._ids.pop(("levels", symbol), None)
            case _:
                pass

    def _see_time(self, time_ns: int, symbol: str) -> None:
        ahead_ns = time_ns - self._last_ns if self._last_ns else 0
        if ahead_ns < 0:
            self._tell("order", f"{symbol}: time goes back by {-ahead_ns} ns at {time_ns}")
        elif ahead_ns > self._gap_ns:
            gap = ahead_ns / NS_PER_SECOND
            self._tell("gap", f"nothing for {gap:.1f} s before {time_ns}")
        self._last_ns = max(self._last_ns, time_ns)

    def _grows(self, kind: str, symbol: str, number: int) -> None:
        before = self._ids.get((kind, symbol), number - 1)
        if number <= before:
            self._tell("ids", f"{symbol}: {kind} id {number} comes after {before}")
        self._ids[kind, symbol] = number


def look_into(path: Path, gap_seconds: float = 0.0) -> Content:
    """Read a recording whole; with a gap limit also check it.

    Raises:
        ConfigError: It is of no known format, or damaged.
    """
    content = Content(path)
    if is_recording(path):
        reader = RecordingReader(path)
        content.about, content.is_torn = reader.about, reader.is_torn
        if reader.is_torn:
            content.faults.append("the last block is not whole (the writer was killed, or writes)")
    told: dict[str, int] = {}

    def tell(kind: str, text: str) -> None:
        told[kind] = told.get(kind, 0) + 1
        if told[kind] <= MOST:
            content.faults.append(text)

    checker = Checker(round(gap_seconds * NS_PER_SECOND), tell) if gap_seconds else None
    for time_ns, symbol, event in rows_of(path):
        content.first_ns = min(content.first_ns or time_ns, time_ns)
        content.last_ns = max(content.last_ns, time_ns)
        content.rows += 1
        counts = content.counts.setdefault(symbol, {})
        kind = kind_of(event)
        counts[kind] = counts.get(kind, 0) + 1
        if checker is not None:
            checker.see(time_ns, symbol, event)
    content.faults += [
        f"{kind}: {count - MOST} more" for kind, count in told.items() if count > MOST
    ]
    return content
