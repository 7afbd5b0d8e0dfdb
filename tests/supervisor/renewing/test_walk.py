"""Steps are taken one after another, each bounded, and a vital one that fails ends the change."""

from typing import Any

from lib.constants import NS_PER_SECOND
from supervisor.renewing.steps import Hands, Step
from supervisor.renewing.walk import Walk

NOBODY: Any = None


class Noted(Step):
    """Notes what happens to it; done when it is told so."""

    def __init__(self, name: str, notes: list[str], *, is_vital: bool = False) -> None:
        self.name = name
        self.notes = notes
        self.is_vital = is_vital
        self.late = f"{name} is late"
        self.result: str | None = None

    def begin(self, hands: Hands, now_ns: int) -> None:
        self.notes.append(self.name)

    def look(self, hands: Hands, now_ns: int) -> str | None:
        return self.result

    def undo(self) -> list[Step]:
        undone = Noted(f"undo {self.name}", self.notes)
        undone.result = ""
        return [undone]


class Case:
    """A walk, what its steps noted, and what its end said."""

    def __init__(self) -> None:
        self.trouble: list[str] = []
        self.walk = Walk(Hands(NOBODY, NOBODY, NOBODY), self.trouble.append)
        self.notes: list[str] = []
        self.ends: list[tuple[list[str], int]] = []

    def step(self, name: str, *, is_vital: bool = False) -> Noted:
        return Noted(name, self.notes, is_vital=is_vital)

    def begin(self, *steps: Step) -> None:
        self.walk.begin(steps, lambda trouble, code: self.ends.append((trouble, code)))


def test_a_step_begins_when_the_one_before_is_done() -> None:
    case = Case()
    first, second = case.step("first"), case.step("second")
    case.begin(first, second)

    case.walk.tick(0)
    assert case.notes == ["first"]
    first.result = ""
    case.walk.tick(1)
    assert case.notes == ["first", "second"]
    assert case.walk.is_under_way
    second.result = ""
    case.walk.tick(2)
    assert case.ends == [([], 0)]
    assert not case.walk.is_under_way


def test_a_step_that_takes_too_long_is_said_and_left_behind() -> None:
    case = Case()
    slow, last = case.step("slow"), case.step("last")
    last.result = ""
    case.begin(slow, last)

    case.walk.tick(0)
    assert case.walk.deadline() == round(slow.seconds * NS_PER_SECOND)
    case.walk.tick(round(slow.seconds * NS_PER_SECOND))

    assert case.notes == ["slow", "last"]
    assert case.ends == [(["slow is late"], 1)]
    assert case.trouble == ["slow is late"]


def test_a_vital_step_that_fails_is_undone_and_ends_the_change() -> None:
    case = Case()
    vital = case.step("vital", is_vital=True)
    vital.result = "no"
    vital.exit_code = 2
    case.begin(vital, case.step("never"))

    case.walk.tick(0)

    assert case.notes == ["vital", "undo vital"]
    assert case.ends == [(["no"], 2)]


def test_two_changes_do_not_mix() -> None:
    case = Case()
    first, second = case.step("first"), case.step("second")
    case.begin(first)
    case.begin(second)

    case.walk.tick(0)
    assert case.notes == ["first"]
    first.result = second.result = ""
    case.walk.tick(1)
    assert case.notes == ["first", "second"]
    assert case.ends == [([], 0), ([], 0)]


def test_whoever_waits_is_told_when_everything_stops() -> None:
    case = Case()
    case.begin(case.step("first"))
    case.begin(case.step("second"))
    case.walk.tick(0)

    case.walk.drop()

    assert case.notes == ["first"]
    assert case.ends == [(["it is stopping"], 1)] * 2
    assert case.walk.deadline() is None
