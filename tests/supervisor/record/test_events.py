"""Events: their weight, their forms, their file."""

import json
from pathlib import Path
from typing import Any

import pytest

from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog, EventTail, newest_event
from supervisor.record.events import Event, Level, as_text, decode, encode

NOON_NS = 1_795_348_800_123_456_789
WIDE = Bounds(1_000_000, 3)


def event(name: str, reason: str = "", number: int = 0, **facts: Any) -> Event:
    return Event(NOON_NS + number, 7, "bot:q:BTCUSDT", name, reason, facts)


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (event("started", pid=1), Level.INFO),
        (event("exited", "requested", code=0), Level.INFO),
        (event("exited", "exit", code=0), Level.WARNING),
        (event("exited", "signal", code=-9), Level.WARNING),
        (event("stale", "book BTCUSDT 3.1 s old"), Level.WARNING),
        (event("failed", "more than 10 failures in 60 s"), Level.ERROR),
        (event("alarm", "exits of q:BTCUSDT have failed for 5 s"), Level.ERROR),
        (event("something new"), Level.INFO),
    ],
)
def test_weight_of_an_event(told: Event, level: Level) -> None:
    assert told.level is level


def test_line_is_flat_json_and_comes_back() -> None:
    told = event("exited", "exit", code=1, lines=["Traceback", "KeyError: 'x'"])

    line = encode(told)

    assert decode(line) == told
    assert json.loads(line) == {
        "at": "2026-11-22T12:00:00.123Z",
        "at_ns": NOON_NS,
        "epoch": 7,
        "level": "warning",
        "worker": "bot:q:BTCUSDT",
        "event": "exited",
        "reason": "exit",
        "code": 1,
        "lines": ["Traceback", "KeyError: 'x'"],
    }


@pytest.mark.parametrize("line", ['{"at_ns": 1, "wor', "", "[]", "null", '{"at_ns": "x"}', "{}"])
def test_torn_line_is_no_event(line: str) -> None:
    assert decode(line) is None


def test_text_says_what_was_said_last() -> None:
    crashed = event("exited", "exit", code=1, lines=["Traceback", "KeyError: 'x'"])
    aborted = event("exited", "signal", code=-6, lines=["Fatal Python error: Aborted", "  File"])
    killed = event("exited", "signal", code=-9, lines=["2026-11-22 online"])

    assert as_text(crashed).endswith("""exited: exit  code=1 said="KeyError: 'x'\"""")
    assert as_text(aborted).endswith("said='Fatal Python error: Aborted'")
    assert as_text(killed).endswith("code=-9")  # it did not die of what it said


def test_file_is_only_added_to_across_runs(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for run in range(3):
        log = EventLog(path, WIDE)
        assert log.add(event("started", number=run))
        log.close()

    assert [one.at_ns - NOON_NS for one in EventTail(path).read()] == [0, 1, 2]
    assert newest_event(path) == event("started", number=2)
    assert path.stat().st_mode & 0o077 == 0


def test_torn_last_line_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(f'{encode(event("started"))}\n{{"at_ns": 17, "wor')

    log = EventLog(path, WIDE)
    log.add(event("ready", number=1))
    log.close()

    assert [one.event for one in EventTail(path).read()] == ["started", "ready"]


def test_file_is_bounded_and_a_reader_misses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log, tail = EventLog(path, Bounds(2_000, 2)), EventTail(path)
    seen = []
    for number in range(200):
        log.add(event("stale", number=number))
        seen += list(tail.read())
    log.close()

    assert [one.at_ns - NOON_NS for one in seen] == list(range(200))
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]
    assert all(file.stat().st_size <= 2_000 for file in files)
    kept = [one.at_ns - NOON_NS for one in EventTail(path).read()]
    assert kept == list(range(200 - len(kept), 200))
    assert len(kept) > 25  # the older files are read, too


def test_full_disk_is_counted() -> None:
    log = EventLog(Path("/dev/full"), WIDE)

    assert not log.add(event("started"))
    assert not log.add(event("ready"))
    assert log.lost == 2
    log.close()


def test_there_may_be_no_file_yet(tmp_path: Path) -> None:
    assert newest_event(tmp_path / "none") is None
    assert list(EventTail(tmp_path / "none").read()) == []
