"""Logs that stay within bounds, whoever writes them."""

import os
from pathlib import Path

from supervisor.record.bounds import Bounds
from supervisor.record.follower import Follower
from supervisor.record.last_words import end_facts, last_words, size_of
from supervisor.record.log_files import Tails
from supervisor.record.log_keeper import PERIOD_NS, LogKeeper
from supervisor.record.rotation import copy_out, rotated


class Writer:
    """A process that holds a log open for appending, as workers do."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(self, *lines: str) -> None:
        os.write(self.fd, "".join(f"{line}\n" for line in lines).encode())


def test_writer_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    writer = Writer(path)
    writer.write("one", "two")

    copy_out(path, 1_000, 2)
    writer.write("three")
    copy_out(path, 1_000, 2)
    writer.write("four")

    assert [file.name for file in rotated(path)] == ["stream.log.2", "stream.log.1", "stream.log"]
    assert [file.read_text() for file in rotated(path)] == ["one\ntwo\n", "three\n", "four\n"]


def test_oldest_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    writer = Writer(path)
    for number in range(5):
        writer.write(str(number))
        copy_out(path, 1_000, 2)

    assert [file.read_text() for file in rotated(path)] == ["3\n", "4\n", ""]


def test_nothing_is_kept_when_nothing_is_to_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    Writer(path).write("one")

    copy_out(path, 1_000, 0)

    assert [file.name for file in tmp_path.iterdir()] == ["stream.log"]
    assert path.read_text() == ""


def test_of_a_flood_the_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    Writer(path).write("x" * 5_000, "the end")

    copy_out(path, 100, 2)

    text = (tmp_path / "stream.log.1").read_text()
    assert text.startswith("--- 4909 bytes of a flood are left out ---\n")
    assert text.endswith("the end\n")
    assert len(text) < 200


def test_follower_sees_every_line_through_rotations(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    writer, follower = Writer(path), Follower(path)
    seen = []
    for number in range(50):
        writer.write(str(number))
        if number % 3 == 0:
            seen += follower.read()
        if number % 10 == 9:
            copy_out(path, 1_000, 2)
    seen += follower.read()

    assert seen == [str(number) for number in range(50)]


def test_logs_are_read_into_their_older_files(tmp_path: Path) -> None:
    path = tmp_path / "stream.log"
    writer = Writer(path)
    writer.write("2026-11-22T14:41:12.123Z INFO     stream  connected")
    copy_out(path, 1_000, 2)

    assert [line.text[-9:] for line in Tails(tmp_path, "stream").read()] == ["connected"]


def test_keeper_rotates_the_largest_first_and_one_at_a_time(tmp_path: Path) -> None:
    for name, size in (("a.log", 150), ("b.log", 300), ("c.log", 50)):
        (tmp_path / name).write_text("x" * size)
    (tmp_path / "events.jsonl").write_text("x" * 500)  # keeps itself
    keeper = LogKeeper(tmp_path, Bounds(100, 1))

    keeper.tick(0)
    assert [(tmp_path / name).stat().st_size for name in ("a.log", "b.log")] == [150, 0]
    keeper.tick(0)
    assert (tmp_path / "a.log").stat().st_size == 0
    keeper.tick(0)

    assert (tmp_path / "c.log").stat().st_size == 50
    assert (tmp_path / "events.jsonl").stat().st_size == 500


def test_keeper_looks_four_times_a_second(tmp_path: Path) -> None:
    keeper = LogKeeper(tmp_path, Bounds(100, 1))
    keeper.tick(0)
    (tmp_path / "a.log").write_text("x" * 150)

    keeper.tick(PERIOD_NS - 1)
    assert (tmp_path / "a.log").stat().st_size == 150
    keeper.tick(PERIOD_NS)
    assert (tmp_path / "a.log").stat().st_size == 0


def test_folder_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    LogKeeper(tmp_path / "none", Bounds(100, 1)).tick(0)


def test_last_words_are_those_of_the_last_life(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    writer = Writer(path)
    assert size_of(path) == 0
    writer.write("a former life")
    begin = size_of(path)
    writer.write("Traceback (most recent call last):", "", "ValueError: token=abcdef123456")

    assert last_words(path, begin) == [
        "Traceback (most recent call last):",
        "ValueError: token=***",
    ]


def test_last_words_are_found_in_a_log_that_was_rotated_since(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    writer = Writer(path)
    writer.write("x" * 1_000)
    begin = size_of(path)
    copy_out(path, 2_000, 1)
    writer.write("the end")

    assert last_words(path, begin) == ["the end"]
    assert last_words(tmp_path / "none", 0) == []


def test_last_words_are_few_and_short(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    Writer(path).write(*("y" * 5_000 for _ in range(50)))

    lines = last_words(path, 0)

    assert len(lines) <= 20
    assert {len(line) for line in lines} == {300}


def test_end_is_told_with_its_signal_s_name() -> None:
    assert end_facts({"code": -6}, []) == {"signal": "SIGABRT"}
    assert end_facts({"code": 1}, ["x"]) == {"lines": ["x"]}
