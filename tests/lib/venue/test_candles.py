from decimal import Decimal

from lib.constants import NS_PER_MS
from lib.venue.candles import MINUTE_MS, Series, bounds, flat, merged
from lib.venue.market import Print

START_MS = 1_790_000_040_000  # a whole minute


def trade(
    offset_ms: int, price: str, qty: str = "1", number: int = 1, maker: bool = False
) -> Print:
    time_ns = (START_MS + offset_ms) * NS_PER_MS
    return Print("BTCUSDT", Decimal(price), Decimal(qty), maker, number, time_ns)


def test_candle_is_what_its_trades_say() -> None:
    series = Series("1m")
    series.add(trade(10, "10", "1", 1))
    series.add(trade(20, "12", "2", 2, maker=True))
    series.add(trade(30, "9", "3", 3))
    [row] = series.rows
    assert (row.open, row.high, row.low, row.close) == (10, 12, 9, 9)
    assert (row.volume, row.quote_volume) == (6, 10 + 24 + 27)
    assert (row.taker_volume, row.taker_quote) == (4, 37)
    assert (row.first_id, row.last_id, row.count) == (1, 3, 3)


def test_minutes_without_trades_are_flat_and_counted_as_closed() -> None:
    series = Series("1m")
    series.add(trade(0, "10"))
    series.add(trade(3 * MINUTE_MS + 5, "11", number=2))
    assert [row.close for row in series.rows] == [10, 10, 10, 11]
    assert [row.count for row in series.rows] == [1, 0, 0, 1]
    assert series.rows[-1].open == 11
    assert len(series.take_closed()) == 3
    assert series.take_closed() == []


def test_candle_closes_by_time_alone() -> None:
    series = Series("1m")
    series.add(trade(0, "10"))
    series.roll((START_MS + MINUTE_MS - 1) * NS_PER_MS)
    assert series.take_closed() == []
    series.roll((START_MS + MINUTE_MS) * NS_PER_MS)
    assert [row.open_ms for row in series.take_closed()] == [START_MS]


def test_longer_candles_are_the_sum_of_minutes() -> None:
    series = Series("1m")
    for minute in range(10):
        series.add(trade(minute * MINUTE_MS, str(10 + minute), "2", number=minute))
    rows = merged(series.rows, "5m")
    assert sum(row.volume for row in rows) == 20
    assert rows[0].open == 10
    assert rows[-1].close == 19
    for row in rows:
        assert (row.open_ms, row.close_ms) == bounds("5m", row.open_ms)


def test_long_sleep_does_not_make_thousands_of_candles() -> None:
    series = Series("1m", limit=10)
    series.add(trade(0, "10"))
    series.add(trade(1_000_000 * MINUTE_MS, "11", number=2))
    assert len(series.rows) == 2


def test_bounds_of_weeks_and_months() -> None:
    thursday_ms = 1_790_208_000_000 + 2 * 86_400_000
    first, last = bounds("1w", thursday_ms)
    assert (first // 86_400_000 + 4) % 7 == 1, "weeks begin on Monday"
    assert last - first == 7 * 86_400_000 - 1
    first, last = bounds("1M", 1_798_761_599_999)  # the last ms of 2026
    assert last == 1_798_761_599_999
    assert bounds("1M", last + 1)[0] == last + 1
    assert flat("1h", thursday_ms + 5, Decimal(1)).open_ms == thursday_ms
