"""Playing recordings: order, shift, speed, loop, one book without breaks; then the real ones."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.recording_feed import SKIPPED_ROWS, RecordingFeed, make_recording

START_NS = 1_790_000_000 * NS_PER_SECOND
RECORDED_NS = 1_700_000_000 * NS_PER_SECOND


def quote(number: int, bid: str = "100.0") -> dict[str, Any]:
    ask = str(Decimal(bid) + Decimal("0.1"))
    row = {"e": "bookTicker", "u": number, "s": "BTCUSDT", "b": bid, "B": "1", "a": ask, "A": "1"}
    return {"stream": "btcusdt@bookTicker", "data": row}


def trade(number: int, price: str = "100.0") -> dict[str, Any]:
    row = {
        "e": "trade",
        "s": "BTCUSDT",
        "t": number,
        "p": price,
        "q": "1",
        "X": "MARKET",
        "m": True,
    }
    return {"stream": "btcusdt@trade", "data": row}


def diff(first: int, last: int, previous: int, bids: Any = (), asks: Any = ()) -> dict[str, Any]:
    row = {"e": "depthUpdate", "s": "BTCUSDT", "U": first, "u": last, "pu": previous}
    return {"stream": "btcusdt@depth@0ms", "data": {**row, "b": list(bids), "a": list(asks)}}


def snapshot(last: int, bids: Any, asks: Any) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": bids, "asks": asks}


def record(path: Path, rows: list[tuple[float, dict[str, Any]]]) -> str:
    lines = [f"{RECORDED_NS + round(at * 1e9)} {json.dumps(row)}\n" for at, row in rows]
    path.write_bytes(gzip.compress("".join(lines).encode()))
    return str(path)


def play(name: str, seconds: float, **config: Any) -> list[MarketEvent]:
    feed = make_recording({"files": [name], **config}, [])
    feed.start(START_NS)
    events: list[MarketEvent] = []
    for step in range(round(seconds * 10) + 1):
        events += feed.take(START_NS + step * NS_PER_SECOND // 10)
    return events


def moments(events: list[MarketEvent], kind: type) -> list[float]:
    return [(e.time_ns - START_NS) / 1e9 for e in events if isinstance(e, kind)]


def test_recording_is_played_from_now_on_at_its_speed(tmp_path: Path) -> None:
    name = record(tmp_path / "a.gz", [(0, quote(1)), (1, trade(5)), (3, quote(2))])
    assert moments(play(name, 5, loop=False), Quote) == [0, 3]
    assert moments(play(name, 5, loop=False, speed=2), Quote) == [0, 1.5]
    assert moments(play(name, 5, loop=False, speed=2), Print) == [0.5]


def test_loop_goes_on_with_growing_ids(tmp_path: Path) -> None:
    name = record(tmp_path / "a.gz", [(0, quote(7)), (0.5, trade(5)), (1, quote(9)), (1, trade(6))])
    events = play(name, 5)
    quotes = [event for event in events if isinstance(event, Quote)]
    trades = [event for event in events if isinstance(event, Print)]
    assert len(quotes) >= 8
    for rows in ([q.update_id for q in quotes], [t.trade_id for t in trades]):
        assert rows == sorted(set(rows))
    times = [event.time_ns for event in events]
    assert times == sorted(times)


def test_files_are_merged_by_receive_time(tmp_path: Path) -> None:
    first = record(tmp_path / "a.gz", [(0, quote(1)), (2, quote(3))])
    second = record(tmp_path / "b.gz", [(1, trade(1)), (3, trade(2))])
    feed = make_recording({"files": [first, second], "loop": False}, [])
    feed.start(START_NS)
    events = feed.take(START_NS + 10 * NS_PER_SECOND)
    kinds = [type(event) for event in events if not isinstance(event, MarkPrice)]
    assert kinds == [Quote, Print, Quote, Print]


def rebuilt(events: list[MarketEvent]) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
    book: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    last = None
    for event in events:
        if not isinstance(event, Levels):
            continue
        if event.snapshot:
            assert last is None, "one snapshot, then changes only"
            for side in book:
                side.clear()
        else:
            assert last is None or event.previous_id == last
        assert event.first_id <= event.last_id
        last = event.last_id
        for side, rows in zip(book, (event.bids, event.asks), strict=True):
            side.update(rows)
            for price in [price for price, qty in side.items() if not qty]:
                del side[price]
    return book


def test_diffs_before_the_snapshot_are_bridged(tmp_path: Path) -> None:
    rows = [
        (0.0, diff(1, 4, 0, [["90", "1"]])),
        (0.1, diff(5, 8, 4, [["99", "5"]], [["101", "0"]])),
        (0.2, snapshot(6, [["100", "1"], ["99", "2"]], [["101", "1"], ["102", "3"]])),
        (0.3, diff(9, 10, 8, [["98", "7"]])),
    ]
    name = record(tmp_path / "a.gz", rows)
    once = rebuilt(play(name, 0.3, loop=False))
    assert once == ({100: 1, 99: 5, 98: 7}, {102: 3})
    assert rebuilt(play(name, 0.4 * 3 + 0.25)) == once, "the loop's seam leaves no trace"


def test_start_offset_skips_events_but_not_the_book(tmp_path: Path) -> None:
    rows = [
        (0.0, snapshot(6, [["100", "1"]], [["101", "1"]])),
        (0.1, diff(7, 8, 6, [["99", "5"]])),
        (1.0, trade(1)),
        (5.0, trade(2)),
        (6.0, diff(9, 9, 8, [["98", "7"]])),
    ]
    # a snapshot alone does not name its symbol
    name = record(tmp_path / "a.gz", [(0.0, diff(1, 2, 0)), *rows])
    events = play(name, 3, start=4, loop=False)
    assert moments(events, Print) == [1]
    assert rebuilt(events) == ({100: 1, 99: 5, 98: 7}, {101: 1})


def test_loop_after_a_start_offset_plays_all_of_it(tmp_path: Path) -> None:
    rows = [(float(second), trade(second + 1)) for second in range(6)]
    name = record(tmp_path / "a.gz", rows)
    times = moments(play(name, 6.9, start=4), Print)
    assert times[:8] == pytest.approx([0, 1, 1.1, 2.1, 3.1, 4.1, 5.1, 6.1])


def test_way_to_a_far_offset_is_gone_in_many_short_turns(tmp_path: Path) -> None:
    far = 3 * SKIPPED_ROWS
    rows = [(number / 1000, trade(number + 1)) for number in range(far + 1)]
    name = record(tmp_path / "a.gz", rows)
    feed = make_recording({"files": [name], "start": far / 1000, "loop": False}, [])
    feed.start(START_NS)
    turns = 1
    while not (events := feed.take(START_NS)):
        turns += 1
    assert turns >= 3
    assert moments(events, Print) == [0]


def test_trades_alone_make_quotes_around_them(tmp_path: Path) -> None:
    name = record(tmp_path / "a.gz", [(0, trade(1, "100.0")), (1, trade(2, "101.0"))])
    events = play(name, 2, loop=False)
    quotes = [event for event in events if isinstance(event, Quote)]
    assert [quote.bid for quote in quotes] == [100, 101]
    assert quotes[0].ask - quotes[0].bid == Decimal("0.10")
    assert moments(events, MarkPrice) == [0, 1]


def test_klines_before_the_start_become_history(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1m.csv"
    first_ms = RECORDED_NS // 1_000_000 // 60_000 * 60_000
    rows = [f"{first_ms + 60_000 * n},{n + 100},{n + 102},{n + 99},{n + 101},4" for n in range(20)]
    path.write_text("\n".join(rows), encoding="utf-8")
    feed = make_recording({"files": [str(path)], "start": 600.0, "loop": False}, [])
    feed.start(START_NS)
    history = feed.history("BTCUSDT")
    assert [row.open for row in history] == [n + 100 for n in range(1, 10)]
    assert history[-1].close_ms < START_NS // 1_000_000
    trades = [e for e in feed.take(START_NS + 120 * NS_PER_SECOND) if isinstance(e, Print)]
    assert [trade.price for trade in trades[:4]] == [110, 109, 112, 111]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "venue.files"),
        ({"files": ["none.gz"]}, "no file none.gz"),
        ({"speed": 0}, "speed"),
        ({"symbols": ["ETHUSDT"]}, "hold no ETHUSDT; they hold BTCUSDT"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, config: dict[str, Any], words: str) -> None:
    name = record(tmp_path / "a.gz", [(0, quote(1))])
    files = {} if not config else {"files": [name]}
    with pytest.raises(ConfigError, match=words):
        make_recording({**files, **config}, config.get("symbols", []))


@pytest.mark.data
def test_real_capture_keeps_its_counts_and_its_book(data_dir: Path) -> None:
    truth = json.loads((data_dir / "ws_raw_20240808" / "truth.json").read_text(encoding="utf-8"))
    assert truth
    feed = RecordingFeed(make_sources(data_dir, "ws_raw_20240808/usdm_ethusdt_20240808.gz"), [])
    feed.start(START_NS)
    last_quote: Quote | None = None
    book = ({}, {})  # type: ignore[var-annotated]
    compared = 0
    last_id = None
    for second in range(60):
        for event in feed.take(START_NS + second * NS_PER_SECOND):
            if isinstance(event, Quote):
                last_quote = event
            if not isinstance(event, Levels):
                continue
            assert last_id is None or event.previous_id == last_id
            last_id = event.last_id
            for side, rows in zip(book, (event.bids, event.asks), strict=True):
                side.update(rows)
                for price in [price for price, qty in side.items() if not qty]:
                    del side[price]
            if last_quote and last_quote.update_id == event.last_id and len(book[0]) > 100:
                compared += 1
                assert (max(book[0]), min(book[1])) == (last_quote.bid, last_quote.ask)
                assert book[0][last_quote.bid] == last_quote.bid_qty
    assert compared > 0 or last_id is not None


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("ws_session_20210722_usdm_4perps/session_usdm_20210722.jsonl.gz", 4),
        ("ws_raw_20240808/usdm_btcusdt_20240808.gz", 1),
        ("ws_raw_20240808/cm_btcusd_perp_20240808.gz", 1),
        ("ws_raw_20240808/spot_btcusdt_20240808.gz", 1),
        ("vision/futures-um-APEUSDT-aggTrades-2024-10-18.zip", 1),
        ("vision/futures-um-klines-BTCUSDT-1h-2024-10-28.zip", 1),
        ("klines_1m_usdm_20250504_20250603/SOLUSDT-1m.csv.gz", 1),
    ],
)
def test_every_real_recording_plays(data_dir: Path, name: str, symbols: int) -> None:
    feed = RecordingFeed(make_sources(data_dir, name), [])
    assert len(feed.listed()) == symbols
    feed.start(START_NS)
    events = feed.take(START_NS + 20 * NS_PER_SECOND)
    assert {event.symbol for event in events} == set(feed.listed())
    for event in events:
        if isinstance(event, Quote):
            assert event.bid < event.ask


def make_sources(folder: Path, name: str) -> list[Any]:
    from lib.venue.recorded_files import open_source

    return [open_source(str(folder / name))]
