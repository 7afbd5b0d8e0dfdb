"""Latencies that know their moment: a slow moment of the run is slow in its backtest."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.backtest.latencies import Latencies
from lib.backtest.measured import FIELDS, Measured, Row, read
from lib.backtest.settings import Settings
from lib.constants import KEY, Status
from lib.errors import ConfigError
from lib.recording.writer import RecordingWriter
from tests.lib.backtest.markets import (
    MS,
    START_NS,
    NotingBot,
    run_noting,
    settings_for,
    steady,
    told,
    write_market,
)
from tests.lib.backtest.test_run import once

BTC = "BTCUSDT"


def row(kind: str, at_ms: int, delay_ms: int) -> Row:
    return Row(START_NS + at_ms * MS, BTC, kind, delay_ms * MS)


def with_rows(settings: Settings, folder: Path, *rows: Row) -> Settings:
    latencies = Latencies()
    for time_ns, symbol, kind, delay_ns in rows:
        latencies.note(kind, symbol, time_ns, delay_ns)
    path = folder / "latency.csv"
    path.write_text(latencies.table())
    return replace(settings, moments=str(path))


@pytest.mark.parametrize(("at_ms", "delay_ms"), [(0, 5), (400, 5), (600, 9), (60_900, 9)])
def test_the_nearest_row_tells_the_delay(at_ms: int, delay_ms: int) -> None:
    measured = Measured([row("order", 1000, 9), row("order", 0, 5)])

    assert measured.delay_ns("order", BTC, START_NS + at_ms * MS) == delay_ms * MS


def test_rows_say_nothing_of_a_far_moment_another_kind_or_symbol() -> None:
    measured = Measured([row("order", 0, 5)])

    assert measured.delay_ns("order", BTC, START_NS + 60_001 * MS) is None
    assert measured.delay_ns("cancel", BTC, START_NS) is None
    assert measured.delay_ns("order", "ETHUSDT", START_NS) is None


def test_what_leaves_together_takes_the_rows_of_that_moment_in_turn() -> None:
    measured = Measured([row("order", 0, 5), row("order", 0, 8), row("order", 900, 1)])

    now_ns = START_NS + 2 * MS
    drawn = [measured.delay_ns("order", BTC, now_ns) for _ in range(3)]

    assert drawn == [5 * MS, 8 * MS, 8 * MS]
    assert measured.delay_ns("order", BTC, now_ns + 1) == 5 * MS


def test_the_markets_news_come_when_what_was_sent_next_came() -> None:
    measured = Measured([row("book", 10, 5), row("book", 40, 6), row("book", 5000, 1)])

    delays = [measured.delay_ns("book", BTC, START_NS + at * MS) for at in (7, 10, 11, 3000)]

    assert delays == [8 * MS, 5 * MS, 35 * MS, 1 * MS]


def test_a_book_reaches_the_bot_as_late_as_it_did_then(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(2))
    rows = [row("book", number * 100, 3 + 30 * (number == 4)) for number in range(20)]

    run_noting(with_rows(settings_for(tmp_path, [path]), tmp_path, *rows))

    latencies = [note[-1] for note in told("book")]
    assert latencies[:10] == [3 * MS] * 4 + [33 * MS] + [3 * MS] * 5
    assert told("book")[4][0] == START_NS + 433 * MS


def test_a_book_that_the_bot_had_skipped_is_skipped_again(tmp_path: Path) -> None:
    """Three books, and one row: it was the newest of them that reached the bot."""
    path = write_market(tmp_path / "m.tvr", steady(2))

    run_noting(
        with_rows(
            settings_for(tmp_path, [path]), tmp_path, row("book", 220, 9), row("book", 301, 2)
        )
    )

    books = [((time - START_NS) // MS, latency // MS) for time, *_, latency in told("book")]
    assert books[:3] == [(229, 29), (303, 3), (402, 2)]


def test_a_bot_knows_the_book_that_has_reached_it(tmp_path: Path) -> None:
    quotes = [("quote", 0, "100.0", "100.1"), ("quote", 1, "200.0", "200.1")]
    later = [("quote", at, "200.0", "200.1") for at in (3, 4)]
    path = write_market(tmp_path / "m.tvr", [*quotes, *later])
    seen: list[tuple[int, Decimal]] = []

    def look(bot: NotingBot, timestamp: int) -> None:
        if bot.exchange.isOnline():
            seen.append((timestamp, bot.exchange.getBook()[KEY.ASK_PRICE]))

    late = [row("book", 0, 5), row("book", 1000, 1500), row("book", 3000, 5)]
    run_noting(with_rows(settings_for(tmp_path, [path]), tmp_path, *late), time=look)

    assert dict(seen)[START_NS + 2000 * MS] == Decimal("100.1")
    assert dict(seen)[START_NS + 3000 * MS] == Decimal("200.1")


def test_an_order_takes_the_ways_that_were_measured(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(5))
    rows = [row("order", 1, 70), row("account", 71, 30), row("position", 71, 40)]
    settings = with_rows(settings_for(tmp_path, [path]), tmp_path, row("book", 0, 1), *rows)

    run_noting(settings, book=once(lambda bot: bot.exchange.Post(Decimal("0.01"))))

    (new_ns, _), (filled_ns, filled) = told("order")
    assert new_ns == START_NS + 101 * MS
    assert told("account")[-1][0] == START_NS + 111 * MS
    assert (filled.status, filled_ns) == (Status.FILLED, START_NS + 111 * MS), "in their order"


def test_where_nothing_was_measured_the_other_latencies_hold(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(5))
    settings = with_rows(settings_for(tmp_path, [path]), tmp_path, row("book", -61_000, 9))

    run_noting(settings, book=once(lambda bot: bot.exchange.Post(Decimal("0.01"))))

    assert told("book")[0][0] == START_NS + 2 * MS
    assert told("order")[0][0] == START_NS + 12 * MS


def test_the_market_is_played_by_the_exchanges_times(tmp_path: Path) -> None:
    """Received in another order, and late: dated and sorted by when it happened."""
    path = tmp_path / "m.tvr"
    writer = RecordingWriter(path, {"made_by": "test"})
    quote = ("60000.0", "5", "60000.1", "5")
    times = [(100, 100), (130, 120), (160, 120), (300, 300)]
    for number, (received, happened) in enumerate(times):
        time_ns, event_ns = (START_NS + at * MS for at in (received, happened))
        if number != 2:
            writer.book(time_ns, event_ns, BTC, number, quote)
        else:
            writer.trade(time_ns, event_ns, BTC, number, ("60000.1", "1", False))
    writer.close()

    rows = row("book", 100, 1), row("trade", 120, 1)
    run_noting(with_rows(settings_for(tmp_path, [path]), tmp_path, *rows))

    moments = [(note[0], (note[-1] - START_NS) // MS) for note in _market_notes()]
    assert moments == [("book", 100), ("trade", 120), ("book", 120)]


def _market_notes() -> list[tuple[Any, ...]]:
    books = [("book", note[0], note[-2]) for note in told("book")]
    trades = [("trade", note[0], note[-1]) for note in told("trade")]
    notes = NotingBot.notes
    order = [note[:2] for note in notes if note[0] in ("book", "trade")]
    return sorted(books + trades, key=lambda note: order.index(note[:2]))


def test_the_same_rows_write_the_same_results(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(5))
    rows = [row("book", number * 90, number % 7) for number in range(50)]
    settings = with_rows(settings_for(tmp_path, [path]), tmp_path, *rows)

    for name in ("one", "two"):
        post = once(lambda bot: bot.exchange.Post(Decimal("0.01")))
        run_noting(settings, tmp_path / name, book=post)

    for name in ("results.json", "fills.csv", "orders.csv", "equity.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [("0.5\n0.6\n", "is no table of time_ns"), (",".join(FIELDS) + "\n1,2\n", "is no table of")],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "latency.csv"
    path.write_text(text)

    with pytest.raises(ConfigError, match=message):
        read(path)


def test_a_recording_without_the_exchanges_times_is_refused(tmp_path: Path) -> None:
    raw = tmp_path / "raw.gz"
    raw.write_bytes(b"")
    path = write_market(tmp_path / "m.tvr", steady(1))
    settings = with_rows(settings_for(tmp_path, [path]), tmp_path, row("book", 0, 1))

    with pytest.raises(ConfigError, match="needs recordings in our own format"):
        run_noting(replace(settings, files=(str(path), str(raw))))
