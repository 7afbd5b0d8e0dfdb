"""Candles: built from trades, one minute the base, longer ones by merging."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from lib.constants import NS_PER_MS
from lib.models import ZERO
from lib.venue.market import Print

MINUTE_MS = 60_000
DAY_MS = 86_400_000
MONDAY_MS = 4 * DAY_MS
"""The first Monday after the epoch: weeks are counted from it."""

INTERVALS_MS: dict[str, int] = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 0,
}
"""Length of each interval in ms; months differ, so theirs is 0."""

SECOND = "1s"


@dataclass(slots=True)
class Candle:
    """One bar; `open_ms` and `close_ms` (inclusive) in ms, volumes in base and quote units.

    `first_id` and `last_id` are trade ids, -1 while there was no trade.
    """

    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal = ZERO
    quote_volume: Decimal = ZERO
    count: int = 0
    taker_volume: Decimal = ZERO
    taker_quote: Decimal = ZERO
    first_id: int = -1
    last_id: int = -1

    def add(self, trade: Print) -> None:
        """Count one trade in."""
        price, quote = trade.price, trade.price * trade.qty
        if not self.count:
            self.first_id = trade.trade_id
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price
        self.volume += trade.qty
        self.quote_volume += quote
        self.count += 1
        self.last_id = trade.trade_id
        if not trade.buyer_is_maker:
            self.taker_volume += trade.qty
            self.taker_quote += quote

    def estimate(self) -> None:
        """Fill in what a recording left out: it knows only prices and the volume."""
        self.quote_volume = self.volume * self.close
        self.taker_volume, self.count = self.volume / 2, 4
        self.taker_quote = self.quote_volume / 2

    def merge(self, later: "Candle") -> None:
        """Count a later candle in."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.quote_volume += later.quote_volume
        self.count += later.count
        self.taker_volume += later.taker_volume
        self.taker_quote += later.taker_quote
        if self.first_id < 0:
            self.first_id = later.first_id
        self.last_id = max(self.last_id, later.last_id)


def bounds(interval: str, time_ms: int) -> tuple[int, int]:
    """Return first and last ms of the interval that holds `time_ms`."""
    if interval == "1M":
        day = datetime.fromtimestamp(time_ms / 1000, UTC)
        first = datetime(day.year, day.month, 1, tzinfo=UTC)
        after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
        return round(first.timestamp() * 1000), round(after.timestamp() * 1000) - 1
    if interval == "1w":
        length = 7 * DAY_MS
        start = (time_ms - MONDAY_MS) // length * length + MONDAY_MS
    else:
        length = 1000 if interval == SECOND else INTERVALS_MS[interval]
        start = time_ms // length * length
    return start, start + length - 1


def flat(interval: str, time_ms: int, price: Decimal) -> Candle:
    """Return the candle at `time_ms` in which nothing was traded yet."""
    first, last = bounds(interval, time_ms)
    return Candle(first, last, price, price, price, price)


def merged(candles: Iterable[Candle], interval: str) -> list[Candle]:
    """Return the longer candles that ascending one-minute candles add up to."""
    rows: list[Candle] = []
    for each in candles:
        if rows and each.open_ms <= rows[-1].close_ms:
            rows[-1].merge(each)
            continue
        first, last = bounds(interval, each.open_ms)
        row = Candle(first, last, each.open, each.high, each.low, each.close)
        row.volume, row.quote_volume, row.count = each.volume, each.quote_volume, each.count
        row.taker_volume, row.taker_quote = each.taker_volume, each.taker_quote
        row.first_id, row.last_id = each.first_id, each.last_id
        rows.append(row)
    return rows


class Series:
    """Candles of one interval, growing with the trades.

    Args:
        interval: A key of `INTERVALS_MS`, or `1s`.
        rows: What is already there, ascending.
        limit: How many closed candles are kept.
    """

    def __init__(self, interval: str, rows: Iterable[Candle] = (), limit: int = 1600) -> None:
        """Start with `rows`."""
        self.interval = interval
        self.rows = list(rows)
        self.dirty = False
        self.closed: list[Candle] = []
        self._limit = limit

    def add(self, trade: Print) -> None:
        """Count a trade into the candle of its time."""
        self.roll(trade.time_ns, trade.price)
        if self.rows:
            last = self.rows[-1]
            if not last.count:
                last.open = last.high = last.low = trade.price
        else:
            last = flat(self.interval, trade.time_ns // NS_PER_MS, trade.price)
            self.rows.append(last)
        last.add(trade)
        self.dirty = True

    def roll(self, now_ns: int, price: Decimal | None = None) -> None:
        """Close what is over at `now_ns`; minutes without a trade become flat candles."""
        now_ms = now_ns // NS_PER_MS
        while self.rows and self.rows[-1].close_ms < now_ms:
            last = self.rows[-1]
            self.closed.append(last)
            gap = now_ms - last.close_ms > self._limit * (last.close_ms - last.open_ms + 1)
            start = now_ms if gap else last.close_ms + 1
            self.rows.append(flat(self.interval, start, last.close))
            self.dirty = True
        if not self.rows and price is not None:
            self.rows.append(flat(self.interval, now_ms, price))
        if len(self.rows) > self._limit + 100:
            del self.rows[: len(self.rows) - self._limit]

    def take_closed(self) -> list[Candle]:
        """Return the candles that were closed since the last call."""
        taken, self.closed = self.closed, []
        return taken
