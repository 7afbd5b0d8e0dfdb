"""The record of a run: terminal, log, event log."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog, EventTail
from supervisor.record.events import as_text
from supervisor.record.history import History

NOON_NS = 1_795_348_800_123_456_789


class Disk:
    """A place for an event log that can be full."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = EventLog(path, Bounds(1_000_000, 1))

    def fill(self) -> None:
        self.log.close()
        self.log._path = Path("/dev/full")

    def clear(self) -> None:
        self.log.close()
        self.log._path = self.path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "events.jsonl")
    yield made
    made.log.close()


def history(disk: Disk, log: io.StringIO, **options: bool) -> History:
    chosen = {"quiet": True, "as_json": False} | options
    return History(lambda: NOON_NS, 7, log, events=disk.log, **chosen)


def test_event_is_in_the_log_and_in_the_event_log(disk: Disk) -> None:
    log = io.StringIO()

    history(disk, log).add("stream", "stale", "book BTCUSDT 3.1 s old", limit=3)

    assert log.getvalue() == (
        "2026-11-22T12:00:00.123Z stream                 stale: book BTCUSDT 3.1 s old  limit=3\n"
    )
    [event] = EventTail(disk.path).read()
    assert event.facts == {"limit": 3}


def test_log_may_be_json(disk: Disk) -> None:
    log = io.StringIO()

    history(disk, log, as_json=True).add("stream", "ready")

    assert json.loads(log.getvalue())["event"] == "ready"


def test_full_disk_is_said_once_and_what_was_lost_is_told_afterwards(disk: Disk) -> None:
    log = io.StringIO()
    kept = history(disk, log)
    disk.fill()

    for _ in range(3):
        kept.add("stream", "stale")
    disk.clear()
    kept.add("stream", "fresh")

    assert log.getvalue().count("cannot be written") == 1
    assert [(one.event, one.facts) for one in EventTail(disk.path).read()] == [
        ("fresh", {}),
        ("events lost", {"count": 3}),
    ]


def test_closed_terminal_stops_nothing(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115 - closing it fails, too
    monkeypatch.setattr("sys.stdout", full)
    history(disk, io.StringIO(), quiet=False).add("stream", "ready")
    monkeypatch.undo()
    with contextlib.suppress(OSError):
        full.close()

    assert [one.event for one in EventTail(disk.path).read()] == ["ready"]


@pytest.mark.timeout(20)
def test_a_reader_that_stalls_does_not_stop_the_record(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as out, os.fdopen(reader, "rb") as pipe:
        monkeypatch.setattr(sys, "stdout", out)
        history = History(lambda: NOON_NS, 7, None, quiet=False, as_json=False, events=disk.log)
        for number in range(100):
            history.add("bot", "noted", f"{number:03} " + "ä" * 1_500)
        monkeypatch.undo()
        taken = os.read(pipe.fileno(), 1 << 20).decode("utf-8")
    events = list(EventTail(disk.path).read())
    assert len(events) == 100
    assert taken.startswith(as_text(events[0]) + "\n")
    assert as_text(events[-1]) not in taken
