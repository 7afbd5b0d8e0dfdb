"""Recordings as a market: every format, merged, converted."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from lib.backtest.backtest import run_backtest
from lib.backtest.batch import batch_of
from lib.backtest.convert import convert, rows_of, write_row
from lib.backtest.recordings import merge_batches
from lib.backtest.settings import load_settings
from lib.backtest.tape_check import look_into
from lib.errors import ConfigError
from lib.recording.writer import RecordingWriter
from lib.venue.market import Quote
from tests.lib.backtest.markets import MS, START_NS, steady, write_market

BTC = "ws_raw_20240808/usdm_btcusdt_20240808.gz"


def write_events(path: Path, rows: Iterable[Any], count: int) -> Path:
    """Write the first events of some rows as a recording."""
    writer = RecordingWriter(path, {}, block_ns=0)
    for time_ns, symbol, event in islice(rows, count):
        write_row(writer, time_ns, symbol, event)
    writer.close()
    return path


def config_of(folder: Path, path: Path) -> Path:
    config = folder / "c.yaml"
    config.write_text(
        f"project: t\nvenue: {{feed: recording, files: [{path}]}}\n"
        "bots: [{name: q, bot: QuoterBot, symbols: [BTCUSDT], width: 0.0001}]\n"
    )
    return config


def test_a_raw_capture_and_its_conversion_trade_alike(tmp_path: Path, data_dir: Path) -> None:
    own = tmp_path / "btc.tvr"
    convert([data_dir / BTC], own)
    end = "2024-08-08T23:55:15Z"

    raw = run_backtest(
        load_settings([config_of(tmp_path, data_dir / BTC)], end=end), tmp_path / "a"
    )
    run_backtest(load_settings([config_of(tmp_path, own)], end=end), tmp_path / "b")

    assert raw.summary["total"]["fills"] > 0
    assert (tmp_path / "a/fills.csv").read_text() == (tmp_path / "b/fills.csv").read_text()


def test_conversion_keeps_every_event(tmp_path: Path, data_dir: Path) -> None:
    own = tmp_path / "btc.tvr"

    convert([data_dir / BTC], own)

    raw, found = rows_of(data_dir / BTC), rows_of(own)
    for before, after in zip(islice(raw, 20_000), islice(found, 20_000), strict=True):
        assert before == after


def test_own_recordings_become_frames_that_a_venue_plays(tmp_path: Path, data_dir: Path) -> None:
    own, frames = tmp_path / "btc.tvr", tmp_path / "back.gz"
    write_events(own, rows_of(data_dir / BTC), 5_000)

    convert([own], frames)

    assert [row[2] for row in rows_of(frames)] == [row[2] for row in rows_of(own)]


def test_trades_of_a_table_play_with_guessed_quotes(tmp_path: Path, data_dir: Path) -> None:
    name = "vision/futures-um-APEUSDT-aggTrades-2024-10-18.zip"
    config = tmp_path / "c.yaml"
    config.write_text(
        f"project: t\nvenue: {{feed: recording, files: [{data_dir / name}]}}\n"
        "bots: [{name: s, bot: QuoterBot, symbols: [APEUSDT], width: 0.0005}]\n"
    )

    outcome = run_backtest(load_settings([config], end="10m"))

    assert outcome.summary["events"] > 100
    assert outcome.summary["total"]["orders"] > 0


@pytest.mark.parametrize("pieces", [(1, 1), (3, 2), (7, 4)])
def test_merging_keeps_the_order_of_time(pieces: tuple[int, int]) -> None:
    def batches(symbol: str, size: int, step_ms: int) -> Any:
        one = Decimal(1)
        events = [
            Quote(symbol, one, one, one, one, n, START_NS + n * step_ms * MS) for n in range(40)
        ]
        for start in range(0, len(events), size):
            yield batch_of(events[start : start + size])

    merged = [
        event
        for batch in merge_batches([batches("A", pieces[0], 10), batches("B", pieces[1], 15)])
        for event in batch.events
    ]

    assert len(merged) == 80
    assert merged == sorted(merged, key=lambda event: (event.time_ns, event.symbol))


def test_check_finds_gaps_disorder_and_crossed_books(tmp_path: Path) -> None:
    rows = [*steady(1), ("quote", 20, "60001.0", "60000.1"), ("quote", 19, "60000.0", "60000.1")]
    path = write_market(tmp_path / "m.tvr", rows)

    faults = look_into(path, gap_seconds=10.0).faults

    assert any("nothing for 19.1 s" in fault for fault in faults)
    assert any("bid 60001.0 >= ask 60000.1" in fault for fault in faults)
    assert any("time goes back by 1000000000 ns" in fault for fault in faults)


def test_a_good_recording_is_good(tmp_path: Path) -> None:
    content = look_into(write_market(tmp_path / "m.tvr", steady(3)), gap_seconds=1.0)

    assert content.faults == []
    assert content.counts == {"BTCUSDT": {"book": 30}}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(1))

    with pytest.raises(ConfigError, match="is there already"):
        convert([path], path)


def test_symbols_that_are_not_there_leave_no_file(tmp_path: Path) -> None:
    path = write_market(tmp_path / "m.tvr", steady(1))

    with pytest.raises(ConfigError, match="no market data of XRPUSDT"):
        convert([path], tmp_path / "x.tvr", ["XRPUSDT"])

    assert list(tmp_path.iterdir()) == [path]
