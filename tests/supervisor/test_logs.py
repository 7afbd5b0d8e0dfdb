"""Log lines in order of time, and files followed through rotation."""

from pathlib import Path

import pytest

from supervisor.record.log_files import Tail, Tails, worker_of
from supervisor.record.log_lines import Line, labelled, newest, read_lines, time_of

FIRST = "2026-11-22T14:41:12.123Z INFO     stream  connected"
SECOND = "2026-11-22T14:41:13.000Z INFO     stream  first data"
FIRST_NS = 1_795_358_472_123_000_000


def test_text_and_json_lines_have_the_same_time() -> None:
    assert time_of(FIRST) == FIRST_NS
    assert time_of('{"time": "2026-11-22T14:41:12.123Z", "message": "x"}') == FIRST_NS
    assert time_of(f'{{"at_ns": {FIRST_NS}}}') == FIRST_NS


def test_lines_without_time_belong_to_the_line_before() -> None:
    lines = read_lines("stream", [FIRST, "Traceback (most recent call last):", "{not json"], 5)

    assert [line.at_ns for line in lines] == [FIRST_NS] * 3
    assert read_lines("stream", ["x"], 5) == [Line(5, "stream", "x")]
    assert time_of("2026-99-99T00:00:00.000Z") == 0


def test_newest_lines_come_in_order_of_time() -> None:
    lines = [Line(3, "a", "3"), Line(1, "a", "1"), Line(2, "b", "2"), Line(2, "b", "2b")]

    assert [line.text for line in newest(lines, 3, 0)] == ["2", "2b", "3"]
    assert [line.text for line in newest(lines, 9, 2)] == ["2", "2b", "3"]
    assert newest(lines, 0, 0) == []


def test_tail_gives_each_whole_line_once(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    path.write_text(f"{FIRST}\nhalf")
    tail = Tail(path)

    assert [line.text for line in tail.read()] == [FIRST]
    with path.open("a") as file:
        file.write(f" a line\n{SECOND}\n")
    assert [line.text for line in tail.read()] == ["half a line", SECOND]
    assert tail.read() == []


def test_tail_goes_on_after_rotation_and_truncation(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    path.write_text("one\n")
    tail = Tail(path)
    tail.read()

    path.rename(tmp_path / "stream.log.1")
    assert tail.read() == []
    path.write_text("two\n")
    assert [line.text for line in tail.read()] == ["two"]
    path.write_text("3\n")
    path.write_text("")
    tail.read()
    path.write_text("4\n")
    assert [line.text for line in tail.read()] == ["4"]


def test_file_that_appears_later_is_followed_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "stream.log").write_text("old\n")
    tails = Tails(tmp_path, "")
    assert [line.text for line in tails.read()] == ["old"]

    (tmp_path / "bot_q_BTCUSDT.log").write_text("new\n")

    assert tails.read() == [Line(0, "bot:q:BTCUSDT", "new")]
    assert tails.workers == ["bot:q:BTCUSDT", "stream"]


@pytest.mark.parametrize(
    ("name", "worker"),
    [
        ("bot_q_BTCUSDT.log", "bot:q:BTCUSDT"),
        ("bot_my_own-bot_BTCUSDT.log", "bot:my_own-bot:BTCUSDT"),
        ("bot_q_BTCUSDT_261225.log", "bot:q:BTCUSDT_261225"),
        ("stream-1.log", "stream-1"),
        ("preflight_bots.log", "preflight_bots"),
    ],
)
def test_file_s_name_tells_the_worker(name: str, worker: str) -> None:
    assert worker_of(Path(name)) == worker


def test_label_stands_before_a_line_once() -> None:
    named = Line(
        1, "bot:q:BTCUSDT", "2026-11-22T14:41:12.123Z INFO     q:BTCUSDT online q:BTCUSDT x"
    )

    assert labelled(named) == (
        "bot:q:BTCUSDT          2026-11-22T14:41:12.123Z INFO     online q:BTCUSDT x"
    )
    assert labelled(Line(1, "stream", "  File stream of x")).endswith("   File stream of x")


def test_one_worker_s_file_is_found_by_the_worker_s_name(tmp_path: Path) -> None:
    (tmp_path / "bot_q_BTCUSDT.log").write_text("x\n")
    (tmp_path / "stream.log").write_text("y\n")

    assert [line.text for line in Tails(tmp_path, "bot:q:BTCUSDT").read()] == ["x"]
