"""What workers report, and what of it decides how a stop ends."""

from pathlib import Path
from typing import cast

import pytest

from lib.constants import ExitCode, WorkerKind
from lib.timer import LiveTimer
from supervisor.crew.births import Births
from supervisor.crew.crew import Crew
from supervisor.crew.worker import Worker
from supervisor.ending import Ending
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog, EventTail
from supervisor.record.history import History
from supervisor.reports import Reports
from tests.supervisor.ward import make

STUCK = {"orders": ["6b633f50-1"], "message": "6b633f50-1 may still be open: look at the exchange"}
ARMED = {"symbols": ["BTCUSDT"], "message": "left armed: BTCUSDT"}


class Desk:
    """A supervisor's desk for reports, with a crew of nobody."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        log = EventLog(self.path, Bounds(1_000_000, 1))
        history = History(lambda: 5, 7, None, quiet=True, as_json=False, events=log)
        self.ending = Ending(cast("Crew", []), history, LiveTimer())
        self.reports = Reports(
            cast("Births", None),
            self.ending,
            history,
            lambda _facts: None,
            lambda *_facts: None,
            lambda *_words: {"ok": True},
            lambda _about: "",
        )
        self.exchange: Worker = make(WorkerKind.EXCHANGE)

    def said(self) -> list[str]:
        return [event.event for event in EventTail(self.path).read()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_an_earlier_life_left_is_no_matter_of_the_stop(desk: Desk) -> None:
    # it was replaced in mid-run: its next life took over, and cancelled what there was
    desk.reports.take(desk.exchange, "stuck", STUCK)
    desk.reports.take(desk.exchange, "armed", ARMED)
    assert desk.said() == ["stuck", "armed"]
    desk.ending.begin("requested")
    assert desk.ending.answer() == {"ok": True, "kept": [], "error": "", "exit": ExitCode.DONE}


def test_what_the_last_life_left_is_the_stop_s_exit_code(desk: Desk) -> None:
    desk.ending.begin("requested")
    desk.reports.take(desk.exchange, "stuck", STUCK)
    desk.reports.take(desk.exchange, "armed", ARMED)
    answer = desk.ending.answer()
    assert answer["exit"] == ExitCode.ERROR
    assert answer["error"] == f"not proven gone: {STUCK['message']}"


def test_a_switch_that_is_left_running_is_told_by_the_stop(desk: Desk) -> None:
    desk.ending.begin("requested")
    desk.reports.take(desk.exchange, "armed", ARMED)
    answer = desk.ending.answer()
    assert (answer["exit"], answer["error"]) == (
        ExitCode.ERROR, "dead-man switch: left armed: BTCUSDT",
    )  # fmt: skip


def test_what_stays_on_purpose_is_shown_and_no_error(desk: Desk) -> None:
    desk.ending.begin("requested")
    desk.reports.take(desk.exchange, "kept", {"orders": [{"id": "6b633f50-2"}]})
    assert desk.ending.answer() == {
        "ok": True, "kept": [{"id": "6b633f50-2"}], "error": "", "exit": ExitCode.DONE,
    }  # fmt: skip
