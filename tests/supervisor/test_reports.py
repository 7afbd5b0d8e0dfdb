"""What workers report, and what of it decides how a stop ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from lib.constants import ExitCode, WorkerKind
from lib.timer import LiveTimer
from supervisor.crew.births import Births
from supervisor.crew.crew import Crew
from supervisor.crew.preflight import Preflights
from supervisor.crew.worker import Worker
from supervisor.ending import UNPROVEN, Ending
from supervisor.judges.actions import Action
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog, EventTail
from supervisor.record.history import History
from supervisor.reports import Reports
from tests.supervisor.ward import make

STUCK = {"orders": ["6b633f50-1"], "message": "6b633f50-1 may still be open: look at the exchange"}
ARMED = {"symbols": ["BTCUSDT"], "message": "left armed: BTCUSDT"}


class Few:
    """A crew of one, without processes."""

    def __init__(self, worker: Worker) -> None:
        self.workers = {worker.name: worker}
        self.preflights = Preflights([])

    def __iter__(self) -> Iterator[Worker]:
        return iter(self.workers.values())

    def do(self, _worker: Worker, _actions: list[Action]) -> None:
        """Leave it undone."""


class Desk:
    """A supervisor's desk for reports, with an exchange worker that has traded."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        log = EventLog(self.path, Bounds(1_000_000, 1))
        history = History(lambda: 5, 7, None, quiet=True, as_json=False, events=log)
        self.exchange: Worker = make(WorkerKind.EXCHANGE)
        self.exchange.unproven = True
        self.ending = Ending(cast("Crew", Few(self.exchange)), history, LiveTimer())
        self.reports = Reports(
            cast("Births", None),
            self.ending,
            history,
            lambda _facts: None,
            lambda *_facts: None,
            lambda *_words: {"ok": True},
            lambda _about: "",
        )

    def end(self) -> None:
        """Let the exchange worker end, asked to."""
        self.exchange.life.exited(0, 1, 1)
        self.ending.ended(self.exchange.name)

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


def test_a_stop_is_clean_when_the_exchange_worker_says_so(desk: Desk) -> None:
    desk.ending.begin("requested")
    desk.ending.go_on()
    desk.reports.take(desk.exchange, "clean", {})
    desk.end()
    assert (desk.ending.finished, desk.ending.exit_code) == (True, ExitCode.DONE)
    assert "clean" not in desk.said()


def test_a_stop_is_not_clean_when_nobody_has_looked_at_the_orders(desk: Desk) -> None:
    # killed, or cut off while it opened: its exit code alone proves nothing
    desk.ending.begin("requested")
    desk.ending.go_on()
    desk.end()
    assert (desk.ending.exit_code, desk.ending.error) == (ExitCode.ERROR, UNPROVEN)


def test_a_stop_is_not_clean_when_the_exchange_worker_was_down_already(desk: Desk) -> None:
    while desk.exchange.life.running:
        desk.exchange.life.exited(1, 1, 1)
    desk.ending.begin("requested")
    desk.ending.go_on()
    assert (desk.ending.finished, desk.ending.error) == (True, UNPROVEN)


def test_an_exchange_worker_that_never_traded_leaves_nothing(desk: Desk) -> None:
    desk.exchange.unproven = False
    desk.ending.begin("requested")
    desk.ending.go_on()
    desk.end()
    assert desk.ending.exit_code == ExitCode.DONE


def test_what_is_stuck_is_told_by_its_own_words(desk: Desk) -> None:
    desk.ending.begin("requested")
    desk.ending.go_on()
    desk.reports.take(desk.exchange, "stuck", STUCK)
    desk.end()
    assert desk.ending.error == f"not proven gone: {STUCK['message']}"
