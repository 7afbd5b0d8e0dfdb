"""Recordings: every format is read, wrong ones are refused, what is written can be read."""

import gzip
import json
import zipfile
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from lib.errors import ConfigError
from lib.venue.candles import Candle
from lib.venue.latency import read_latency
from lib.venue.market import Levels, MarkPrice, Print, Quote
from lib.venue.recorded_files import candle_prints, open_source, read, read_candle
from lib.venue.recorder import Recorder
from lib.venue.wire_events import read_frame
from tests.lib.venue.samples import sample


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ws_market_bookTicker", Quote),
        ("ws_market_trade", Print),
        ("ws_market_aggTrade", Print),
        ("ws_market_depth_diff", Levels),
        ("ws_market_markPrice", MarkPrice),
        ("ws_combined", Print),
    ],
)
def test_frames_of_the_reference_are_read(name: str, kind: type) -> None:
    [event] = read_frame(sample(name), 7)
    assert isinstance(event, kind)
    assert (event.symbol, event.time_ns) == ("BTCUSDT", 7)


def test_other_frames_are_passed_over() -> None:
    assert read_frame(sample("ws_market_kline"), 7) == []
    assert read_frame({"result": None, "id": 1}, 7) == []
    insurance = {**sample("ws_market_trade"), "X": "INSURANCE_FUND"}
    assert read_frame(insurance, 7) == []
    arrays = sample("ws_market_arrays")["!markPrice@arr@1s"]
    assert isinstance(read_frame(arrays, 7)[0], MarkPrice)


def test_partial_depth_is_a_whole_book() -> None:
    frame = {"stream": "btcusdt@depth5@100ms", "data": sample("ws_market_depth5")}
    [event] = read_frame(frame, 7)
    assert isinstance(event, Levels)
    assert event.snapshot


def write_lines(path: Path, lines: list[str]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def test_raw_lines_with_a_rest_snapshot_are_read(tmp_path: Path) -> None:
    book = json.dumps({"lastUpdateId": 9, "bids": [["1", "2"]], "asks": [["3", "4"]]})
    trade = json.dumps({"stream": "btcusdt@trade", "data": sample("ws_market_trade")})
    path = write_lines(tmp_path / "capture.gz", [f"5 {trade}", f"6 {book}"])
    rows = list(read(open_source(str(path))))
    assert [time_ns for time_ns, _ in rows] == [5, 6]
    snapshot = rows[1][1]
    assert isinstance(snapshot, Levels)
    assert (snapshot.symbol, snapshot.last_id, snapshot.snapshot) == ("BTCUSDT", 9, True)


def test_session_is_read(tmp_path: Path) -> None:
    rows = [
        {"recv_ns": 1, "kind": "open", "url": "wss://x"},
        {"recv_ns": 2, "kind": "ws", "raw": json.dumps(sample("ws_market_bookTicker"))},
        {
            "recv_ns": 3,
            "kind": "rest",
            "url": "https://x/fapi/v1/depth?symbol=BTCUSDT&limit=5",
            "raw": {"lastUpdateId": 9, "bids": [], "asks": []},
        },
    ]
    path = write_lines(tmp_path / "session.jsonl.gz", [json.dumps(row) for row in rows])
    assert [type(event) for _, event in read(open_source(str(path)))] == [Quote, Levels]


HEADS = {
    "aggTrades": "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,"
    "is_buyer_maker",
    "trades": "id,price,qty,quote_qty,time,is_buyer_maker",
    "bookTicker": "update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,"
    "transaction_time,event_time",
    "klines": "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore",
}
ROWS = {
    "aggTrades": "11,0.7097,19.0,5,7,1729209603958,false",
    "trades": "7,0.7097,19.0,13.4,1729209603958,true",
    "bookTicker": "9,0.7096,5,0.7097,6,1729209603957,1729209603958",
    "klines": "1729209600000,1,3,0.5,2,40,1729209659999,60,4,20,30,0",
}


@pytest.mark.parametrize("kind", list(ROWS))
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("form", ["zip", "csv", "csv.gz"])
def test_tables_are_read_with_and_without_head(
    tmp_path: Path,
    kind: str,
    head: bool,
    form: str,
) -> None:
    text = (HEADS[kind] + "\n" if head else "") + ROWS[kind] + "\n"
    stem = f"APEUSDT-{'1m' if kind == 'klines' else kind}-2024-10-18"
    path = tmp_path / f"{stem}.{form}"
    if form == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{stem}.csv", text)
    else:
        path.write_bytes(gzip.compress(text.encode()) if form == "csv.gz" else text.encode())
    source = open_source(str(path))
    assert (source.symbol, source.kind) == ("APEUSDT", kind)
    [(time_ns, event)] = list(read(source))
    if kind == "klines":
        assert isinstance(event, Candle)
        assert time_ns == 1729209600000 * 1_000_000
    else:
        assert time_ns == 1729209603958 * 1_000_000
        assert isinstance(event, Quote if kind == "bookTicker" else Print)


def test_microseconds_are_told_from_milliseconds(tmp_path: Path) -> None:
    path = tmp_path / "APEUSDT-trades-2025-01-01.csv"
    path.write_text("7,0.7097,19.0,13.4,1735689600000123,true\n", encoding="utf-8")
    assert next(iter(read(open_source(str(path)))))[0] == 1735689600000123 * 1000


def test_candle_is_walked_through_its_four_prices() -> None:
    candle = read_candle(ROWS["klines"].split(","))
    prints = candle_prints("APEUSDT", candle, 100)
    assert [trade.price for trade in prints] == [1, Decimal("0.5"), 3, 2]
    assert sum(trade.qty for trade in prints) == 40
    assert [trade.trade_id for trade in prints] == [100, 101, 102, 103]
    assert all(candle.open_ms <= t.time_ns // 1_000_000 <= candle.close_ms for t in prints)


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("missing.gz", None, "no file"),
        ("mystery.csv", "1,2\n", "does not tell what it holds"),
        (
            "BTCUSDT-trades-2024-01-01.csv",
            "7,x,1,1,1729209603958,true\n",
            ":1: not a row of trades",
        ),
        ("capture", "hello\nworld\n", "capture:1: not `<receive time in ns> <JSON>`"),
        ("session.jsonl", "{}\n{}\n", "session.jsonl:1: not"),
    ],
)
def test_wrong_files_are_refused_in_one_line(
    tmp_path: Path, name: str, text: str | None, where: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        list(read(open_source(str(tmp_path / name))))
    assert where in str(caught.value)
    assert "\n" not in str(caught.value)


def frame(number: int) -> bytes:
    return json.dumps({**sample("ws_market_trade"), "t": number}).encode()


def numbers(path: Path) -> list[int]:
    return [event.trade_id for _, event in read(open_source(str(path)))]  # type: ignore[union-attr]


def test_recording_can_be_read_while_it_is_written_and_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "own.gz"
    recorder = Recorder(path)
    for number in range(10):
        recorder.add(number, frame(number))
    recorder.flush()
    assert numbers(path) == list(range(10))
    recorder.add(10, frame(10))
    assert numbers(path) == list(range(10)), "what is not flushed is not there"
    recorder.close()
    whole = path.read_bytes()
    for torn in (1, 9, 30, 60):
        path.write_bytes(whole[:-torn])
        found = numbers(path)
        assert found == list(range(len(found)))
        assert len(found) >= 10, "a torn end costs its member only"
    path.write_bytes(whole)
    again = Recorder(path)
    again.add(11, frame(11))
    again.close()
    assert numbers(path) == list(range(12))


def test_recorder_flushes_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "own.gz"
    recorder = Recorder(path)
    for number in range(3):
        recorder.add(number * 3_000_000_000, frame(number))
    assert numbers(path) == [0, 1, 2][: len(numbers(path))]
    assert len(numbers(path)) >= 2
    recorder.close()


def test_latency_is_a_constant_a_list_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("# seconds\n0.001,far\n0.003\n\n", encoding="utf-8")
    for value, wanted in (
        (None, {0}),
        (0.002, {2_000_000}),
        ("0.002", {2_000_000}),
        ([0.001, 0.002], {1_000_000, 2_000_000}),
        (str(path), {1_000_000, 3_000_000}),
    ):
        latency = read_latency(value, "seed")
        assert {latency.draw_ns() for _ in range(50)} == wanted
        assert bool(latency) == (wanted != {0})
    same = [read_latency([0.001, 0.002], "s").draw_ns() for _ in range(2)]
    assert same[0] == same[1]
    assert isinstance(latency._random, Random)


@pytest.mark.parametrize("value", [-1, [1, -1], "no-such-file", {"a": 1}, ["x"]])
def test_wrong_latency_is_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        read_latency(value, "seed")
