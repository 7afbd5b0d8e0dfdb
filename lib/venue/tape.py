"""What is publicly known of a symbol: quote, trades, candles, mark price, fundings, the day."""

from collections import deque
from decimal import Decimal
from typing import NamedTuple

from lib.constants import NS_PER_MS
from lib.models import ZERO
from lib.venue.candles import DAY_MS, Candle, Series, merged
from lib.venue.market import MarkPrice, Print, Quote
from lib.venue.symbols import SymbolInfo

TRADES_KEPT = 1000
FUNDINGS_KEPT = 1000


class Aggregate(NamedTuple):
    """Trades of one taker order at one price, as `aggTrade` shows them."""

    id: int
    price: Decimal
    qty: Decimal
    first_id: int
    last_id: int
    time_ns: int
    buyer_is_maker: bool


class Funding(NamedTuple):
    """One funding that was due."""

    time_ns: int
    rate: Decimal
    mark: Decimal


class Day(NamedTuple):
    """Figures of the last 24 hours."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    open_ms: int
    first_id: int
    last_id: int
    trades: int


class Tape:
    """The public state of one symbol; grows with the market's events.

    Args:
        rules: The symbol's trading rules.
        history: One-minute candles from before, ascending.
    """

    def __init__(self, rules: SymbolInfo, history: list[Candle]) -> None:
        """Start with the known history."""
        self.rules = rules
        self.name = rules.symbol.lower()
        self.quote: Quote | None = None
        self.mark: MarkPrice | None = None
        self.trades: deque[Print] = deque(maxlen=TRADES_KEPT)
        self.aggregates: deque[Aggregate] = deque(maxlen=TRADES_KEPT)
        self.fundings: deque[Funding] = deque(maxlen=FUNDINGS_KEPT)
        self.minutes = Series("1m", history)
        self.series: dict[str, Series] = {"1m": self.minutes}
        self.changed_ns = 0
        self._next_aggregate = 1 + 3_404_000_000
        self._day: Day | None = None
        self._day_key = (-1, -1)

    def on_quote(self, quote: Quote) -> None:
        """Take the new best prices."""
        self.quote = quote
        self.changed_ns = quote.time_ns

    def on_print(self, trade: Print) -> None:
        """Take a trade."""
        self.trades.append(trade)
        for series in self.series.values():
            series.add(trade)
        self.changed_ns = trade.time_ns

    def on_mark(self, mark: MarkPrice) -> None:
        """Take a new mark price; passing a funding time records that funding."""
        before = self.mark
        if before is not None and before.next_funding_ns <= mark.time_ns:
            self.fundings.append(Funding(before.next_funding_ns, before.funding_rate, mark.mark))
        self.mark = mark

    def aggregate(self, trades: list[Print]) -> list[Aggregate]:
        """Return (and keep) what a run of trades adds up to, in order."""
        rows: list[Aggregate] = []
        for trade in trades:
            last = rows[-1] if rows else None
            key = (trade.price, trade.buyer_is_maker, trade.time_ns)
            if last and (last.price, last.buyer_is_maker, last.time_ns) == key:
                rows[-1] = last._replace(qty=last.qty + trade.qty, last_id=trade.trade_id)
                continue
            number, ident = self._next_aggregate, trade.trade_id
            self._next_aggregate += 1
            rows.append(Aggregate(number, trade.price, trade.qty, ident, ident, *key[2:], key[1]))
        self.aggregates.extend(rows)
        return rows

    def watch(self, interval: str) -> Series:
        """Return the growing candles of an interval, beginning to keep them if need be."""
        series = self.series.get(interval)
        if series is None:
            series = Series(interval, merged(self.minutes.rows, interval))
            self.series[interval] = series
        return series

    def candles(self, interval: str, now_ns: int) -> list[Candle]:
        """Return the candles of an interval until now, ascending; the last one is open."""
        if interval in self.series:
            series = self.series[interval]
            series.roll(now_ns)
            return series.rows
        self.minutes.roll(now_ns)
        return merged(self.minutes.rows, interval)

    def last_price(self) -> Decimal:
        """Return the last trade's price, or the best guess before the first trade."""
        if self.trades:
            return self.trades[-1].price
        if self.minutes.rows:
            return self.minutes.rows[-1].close
        return self.quote.bid if self.quote else self.rules.price

    def day(self, now_ns: int) -> Day:
        """Return the figures of the last 24 hours."""
        last_id = self.trades[-1].trade_id if self.trades else -1
        key = (now_ns // (60_000 * NS_PER_MS), last_id)
        if self._day is None or key != self._day_key:
            self._day_key = key
            self._day = self._count_day(now_ns)
        return self._day

    def _count_day(self, now_ns: int) -> Day:
        since_ms = now_ns // NS_PER_MS - DAY_MS
        rows = [row for row in self.minutes.rows[-1440:] if row.open_ms >= since_ms]
        if not rows:
            price = self.last_price()
            return Day(price, price, price, price, ZERO, ZERO, since_ms, -1, -1, 0)
        return Day(
            open=rows[0].open,
            high=max(row.high for row in rows),
            low=min(row.low for row in rows),
            close=self.last_price(),
            volume=sum((row.volume for row in rows), ZERO),
            quote_volume=sum((row.quote_volume for row in rows), ZERO),
            open_ms=since_ms,
            first_id=next((row.first_id for row in rows if row.first_id >= 0), -1),
            last_id=max(row.last_id for row in rows),
            trades=sum(row.count for row in rows),
        )
