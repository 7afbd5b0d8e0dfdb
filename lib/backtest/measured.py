"""Measured latencies that know their moment: what was slow then is slow again.

A table of `time_ns,symbol,kind,delay_ns`, one row for each thing that went one way: `symbol` is the
product of the bot that it came from or went to (`A/B`: news of B to a bot for A); `time_ns` is when
it left: by the bot's clock for orders and cancels, by the exchange's for all else.

The market's news are a special case. A bot is told when they were sent, and so are the rows dated;
a recording is dated by when they happened, some ms before. So the row of what happened at a moment
is the first one that was sent from then on.
"""

import csv
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.errors import ConfigError

FIELDS = ("time_ns", "symbol", "kind", "delay_ns")
KINDS = ("order", "cancel", "account", "position", "book", "trade")
NEWS = ("book", "trade")
NEAR_NS = NS_PER_MINUTE
"""A row that is further away says nothing of a moment."""
SENT_NS = NS_PER_SECOND
"""What happens is sent within that time."""


class Row(NamedTuple):
    """One measured latency."""

    time_ns: int
    symbol: str
    kind: str
    delay_ns: int


def route(own: str, watched: str) -> str:
    """Return the `symbol` of the market's news from one symbol to a bot that trades another."""
    return own if own == watched else f"{own}/{watched}"


class _Track:
    """The rows of one kind and symbol."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.delays: list[int] = []
        self._turn = (0, 0, 0)

    def delay_ns(self, now_ns: int) -> int | None:
        place = bisect_left(self.times, now_ns)
        near = [at for at in (place - 1, place) if 0 <= at < len(self.times)]
        best = min(near, key=lambda at: abs(self.times[at] - now_ns), default=-1)
        if best < 0 or abs(self.times[best] - now_ns) > NEAR_NS:
            return None
        return self._take(now_ns, self.times[best])

    def wait_ns(self, now_ns: int) -> int | None:
        place = bisect_left(self.times, now_ns)
        if place < len(self.times) and self.times[place] - now_ns <= SENT_NS:
            moment = self.times[place]
            return moment - now_ns + self._take(now_ns, moment)
        return self.delay_ns(now_ns)

    def _take(self, now_ns: int, moment: int) -> int:
        # What left together was measured in this order, too.
        turn = self._turn[2] + 1 if self._turn[:2] == (now_ns, moment) else 0
        self._turn = now_ns, moment, turn
        place = bisect_left(self.times, moment) + turn
        return self.delays[min(place, bisect_right(self.times, moment) - 1)]


class Measured:
    """Tells how long something took at about a moment.

    Args:
        rows: What was measured, in any order; rows of one time keep theirs.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        """Sort them by time."""
        self._tracks: defaultdict[tuple[str, str], _Track] = defaultdict(_Track)
        for row in sorted(rows, key=itemgetter(0)):
            track = self._tracks[row.kind, row.symbol]
            track.times.append(row.time_ns)
            track.delays.append(row.delay_ns)

    def delay_ns(self, kind: str, symbol: str, now_ns: int) -> int | None:
        """Return the delay of the row nearest in time, None where none is near.

        That of the market's news counts from when they happened. Asked for the same moment again,
        it gives the next row of that moment.
        """
        track = self._tracks.get((kind, symbol))
        if track is None:
            return None
        return track.wait_ns(now_ns) if kind in NEWS else track.delay_ns(now_ns)


def read(path: Path) -> Measured:
    """Read a table.

    Raises:
        ConfigError: It is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file)
            if tuple(next(lines, ())) != FIELDS:
                raise ConfigError(f"is no table of {', '.join(FIELDS)}", str(path))
            return Measured(
                Row(int(time_ns), symbol, kind, int(delay_ns))
                for time_ns, symbol, kind, delay_ns in lines
            )
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from error
    except ValueError as error:
        raise ConfigError(f"is no table of latencies: {error}", str(path)) from error
