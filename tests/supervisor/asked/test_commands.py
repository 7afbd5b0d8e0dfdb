"""Commands that the exchange worker obeys, also when it is away for a moment."""

from typing import Any, cast

import pytest

from lib.constants import ExitCode, WorkerKind, WorkerState
from supervisor.asked.commands import Commands, Served
from supervisor.crew.worker import Worker
from tests.supervisor.ward import make

FLATTEN = {"command": "halt", "flatten": True, "within": 5.0, "reason": "maintenance"}
HALT = {"command": "halt", "reason": "maintenance"}


class Run:
    """A run whose exchange worker is there, or is not."""

    def __init__(self) -> None:
        self.exchange_life = 1
        self.is_stopping = False
        self.halted: list[str] = []
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: list[dict[str, Any]] = []
        self.commands = Commands(cast("Served", self))

    def worker_names(self) -> list[str]:
        return ["exchange", "bot:a:BTCUSDT", "bot:b:ETHUSDT"]

    def halt(self, owners: list[str]) -> None:
        self.halted += owners

    def resume(self, owners: list[str]) -> None:
        self.halted = [one for one in self.halted if owners and one not in owners]

    def ask_exchange(self, action: str, request_id: str, wanted: dict[str, Any]) -> bool:
        if self.exchange_life:
            self.asked.append((action, request_id, wanted))
        return bool(self.exchange_life)

    def do(self, request: dict[str, Any]) -> None:
        self.commands.handle(dict(request), self.answers.append)

    def back(self) -> None:
        """Have the exchange worker ready in a further life."""
        self.exchange_life += 1
        self.commands.arrived()
        self.commands.arrived()


@pytest.fixture
def run() -> Run:
    return Run()


def test_halt_of_a_worker_that_is_away_stops_new_risk_and_follows_when_it_is_back(run: Run) -> None:
    run.exchange_life = 0
    run.do(HALT)

    [answer] = run.answers
    assert run.halted == ["*"]
    assert (answer["ok"], answer["exit"]) == (False, ExitCode.DEGRADED)
    assert answer["error"] == (
        "no new risk from now on; orders are cancelled when the exchange worker is back"
    )
    run.back()
    [(action, _, wanted)] = run.asked
    assert (action, wanted["owners"], wanted["reason"]) == ("halt", [], "maintenance")


def test_flatten_follows_too(run: Run) -> None:
    run.exchange_life = 0
    run.do(FLATTEN)

    [answer] = run.answers
    assert "orders are cancelled, and positions closed, when" in answer["error"]
    run.back()
    [(_, _, wanted)] = run.asked
    assert (wanted["flatten"], wanted["within"]) == (True, 5.0)


def test_halt_that_a_life_did_not_answer_is_asked_of_the_next_and_answered_once(run: Run) -> None:
    run.do(HALT)
    run.back()

    assert [action for action, _, _ in run.asked] == ["halt", "halt"]
    assert run.answers == []
    run.commands.answered({"id": run.asked[0][1], "ok": True, "halted": ["*"]})
    run.back()
    assert len(run.asked) == 2
    assert run.answers == [{"ok": True, "halted": ["*"]}]


def test_halt_that_waits_is_forgotten_when_it_was_carried_out(run: Run) -> None:
    run.exchange_life = 0
    run.do(HALT)
    run.back()
    run.commands.answered({"id": run.asked[0][1], "ok": True, "halted": ["*"]})

    run.back()

    assert len(run.asked) == 1
    assert len(run.answers) == 1


@pytest.mark.parametrize(("bots", "left"), [([], []), (["a"], ["b:ETHUSDT"])])
def test_resume_takes_back_what_was_not_carried_out(
    run: Run, bots: list[str], left: list[str]
) -> None:
    run.exchange_life = 0
    run.do({**HALT, "bots": ["a", "b"]})
    run.do({"command": "resume", "bots": bots})

    run.back()

    assert [owner for _, _, wanted in run.asked for owner in wanted["owners"]] == left
    assert run.halted == left


def test_halt_that_is_tried_again_is_asked_once(run: Run) -> None:
    run.exchange_life = 0
    run.do(FLATTEN)
    run.do({**FLATTEN, "reason": "again"})
    run.do(HALT)

    run.back()

    assert [wanted["reason"] for _, _, wanted in run.asked] == ["again", "maintenance"]


def test_resume_of_one_bot_leaves_a_halt_of_everyone(run: Run) -> None:
    run.exchange_life = 0
    run.do(HALT)
    run.do({"command": "resume", "bots": ["a"]})

    run.back()

    assert [wanted["owners"] for _, _, wanted in run.asked] == [[]]


def test_halt_at_the_end_promises_nothing(run: Run) -> None:
    run.exchange_life, run.is_stopping = 0, True
    run.do(HALT)

    assert run.answers == [{"ok": False, "error": "it is stopping", "exit": ExitCode.ERROR}]


def test_other_questions_to_a_worker_that_is_away_are_refused(run: Run) -> None:
    run.exchange_life = 0
    run.do({"command": "orders"})

    [answer] = run.answers
    assert (answer["exit"], answer["ok"]) == (ExitCode.DEGRADED, False)
    run.back()
    assert run.asked == []


@pytest.mark.parametrize("state", WorkerState)
def test_a_worker_obeys_while_its_loop_turns(state: WorkerState) -> None:
    worker: Worker = make(WorkerKind.EXCHANGE)
    worker.life.state = state

    assert worker.obeys == (state in {WorkerState.READY, WorkerState.STALE})
