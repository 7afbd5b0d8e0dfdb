"""Recording a live stream: from a venue, by the command, and file by file."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.backtest.tape_check import look_into
from lib.bus.protocol import Book, Candle, Depth, Mark, Trade
from lib.constants import NS_PER_SECOND
from lib.recording.reader import RecordingReader
from lib.recording.session import MessageTape, Rotation

ROOT = Path(__file__).parent.parent.parent.parent
START_NS = 1_767_225_600_000_000_000


def test_messages_become_rows(tmp_path: Path) -> None:
    rotation = Rotation(tmp_path, "X", 0)
    tape = MessageTape(rotation)
    for message in (
        Book("A", "2", "20", "1", "10", "X", 5, 77, 0),
        Trade("A", "1.5", "3", "SELL", "X", 6, 78, 0),
        Mark("A", "1.5", "1.4", "0.0001", 99, "X", 7, 0),
        Depth("A", [["1", "10"]], [["2", "20"]], "X", 8, 79, 0),
        Candle("A", 60, "1", "2", "0.5", "1.5", "9", True, "X", 9, 0),
        Candle("A", 60, "1", "2", "0.5", "1.5", "9", False, "X", 9, 0),
    ):
        tape.write(message, START_NS)
    rotation.close()

    ((path, rows),) = rotation.files
    (block,) = RecordingReader(path).blocks()
    assert rows == tape.rows == 5
    book, trade = block.kinds["book"], block.kinds["trade"]
    quote = [str(next(book.numbers(name))) for name in ("bid", "bid_qty", "ask", "ask_qty")]
    assert quote == ["1", "10", "2", "20"]
    assert list(book.integers("event_ns")) == [5]
    assert list(trade.integers("buyer_is_maker")) == [1]
    assert list(block.kinds["depth"].integers("snapshot")) == [1]


def test_files_are_rotated_at_round_times(tmp_path: Path) -> None:
    rotation = Rotation(tmp_path, "X", 60)
    tape = MessageTape(rotation)
    for second in range(30, 150, 10):
        tape.write(Book("A", "2", "1", "1", "1", "X", 5, second, 0), START_NS + second * 10**9)
    rotation.close()

    names = [path.name for path, _ in rotation.files]
    assert names == ["X-20260101-000030.tvr", "X-20260101-000100.tvr", "X-20260101-000200.tvr"]
    assert [rows for _, rows in rotation.files] == [3, 6, 3]


def test_a_second_recorder_takes_another_file(tmp_path: Path) -> None:
    first, second = Rotation(tmp_path, "X", 0), Rotation(tmp_path, "X", 0)
    first.writer(START_NS)
    second.writer(START_NS)
    first.close()
    second.close()

    assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture
def venue() -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "workers.venue", "--active", "BTCUSDT", "--rate", "100"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()


@pytest.fixture
def recorder(tmp_path: Path, venue: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A recorder whose folder `recordings` has got rows of all kinds."""
    config = tmp_path / "c.yaml"
    urls = f"rest_url: '{venue['rest_url']}', ws_url: '{venue['ws_url']}'"
    config.write_text(
        f"project: t\nBINANCE.FUTURES: {{{urls}}}\n"
        "bots: [{name: q, bot: QuoterBot, symbols: [BTCUSDT]}]\n"
    )
    out = tmp_path / "recordings"
    command = [sys.executable, "-m", "lib.backtest", "record", str(config), "--out", str(out)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        _wait_for_rows(out, process)
        yield process
        process.kill()


@pytest.mark.process
def test_a_stream_is_recorded_until_it_is_stopped(
    tmp_path: Path, recorder: "subprocess.Popen[str]"
) -> None:
    os.kill(recorder.pid, signal.SIGINT)
    told, errors = recorder.communicate(timeout=20)

    assert recorder.returncode == 0, errors
    assert errors.startswith("recording BTCUSDT (book, trade, mark) from ws://127.0.0.1:")
    (path,) = (tmp_path / "recordings").iterdir()
    assert str(path) in told
    reader = RecordingReader(path)
    assert not reader.is_torn
    assert reader.symbols == ["BTCUSDT"]
    kinds = {name for block in reader.blocks() for name in block.kinds}
    assert {"book", "trade", "mark"} <= kinds


@pytest.mark.process
def test_a_killed_recorder_leaves_all_whole_blocks(
    tmp_path: Path, recorder: "subprocess.Popen[str]"
) -> None:
    (path,) = (tmp_path / "recordings").iterdir()
    before = sum(piece.head.rows for piece in RecordingReader(path).pieces)

    recorder.kill()
    recorder.communicate(timeout=20)

    reader = RecordingReader(path)
    rows = sum(block.head.rows for block in reader.blocks())
    assert rows >= before > 0
    assert look_into(path, 10.0).rows == rows


@pytest.mark.process
def test_a_recorder_that_hears_nothing_says_so(tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "project: t\nvenue: {feed: live, rest_url: 'http://127.0.0.1:9', ws_url: 'ws://127.0.0.1:9'}\n"
        "bots: [{name: q, bot: QuoterBot, symbols: [BTCUSDT]}]\n"
    )
    command = [sys.executable, "-m", "lib.backtest", "record", str(config)]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stderr.readline().startswith("recording BTCUSDT")
        os.kill(process.pid, signal.SIGINT)
        errors = process.stderr.read()

    assert process.returncode == 1
    assert "nothing came from ws://127.0.0.1:9; no file was written" in errors
    assert not (tmp_path / "recordings").exists()


def _wait_for_rows(folder: Path, process: "subprocess.Popen[str]") -> None:
    from lib.timer import LiveTimer

    timer = LiveTimer()
    end_ns = timer.Monotonic() + 30 * NS_PER_SECOND
    while timer.Monotonic() < end_ns and process.poll() is None:
        for path in folder.glob("*.tvr"):
            kinds = {name for block in RecordingReader(path).blocks() for name in block.kinds}
            if {"book", "trade", "mark"} <= kinds:
                return
        timer.Sleep(0.05)
    pytest.fail(f"nothing was recorded: {process.stderr.read() if process.stderr else ''}")
