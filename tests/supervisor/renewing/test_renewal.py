"""Whose the preflights are: the start's own, or those of a changed configuration."""

from pathlib import Path
from typing import Any, cast

import pytest

from lib.constants import ExitCode
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec
from supervisor.crew.births import Births, Places
from supervisor.crew.crew import Crew
from supervisor.crew.lifecycle import Lifecycle
from supervisor.crew.preflight import Preflights
from supervisor.record.history import History
from supervisor.renewing.renewal import Renewal

CONFIG = """\
project: t
factory: LocalFactory
database: NoDb
venue: {feed: synthetic}
bots: [{name: a, bot: QuoterBot, symbols: [BTCUSDT]}]
"""


class Desk:
    """A run whose own preflights are through; keeps what a reload is told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "c.yaml"
        self.path.write_text(CONFIG)
        plan = make_plan(load_spec([self.path]))
        births = Births(plan, Places(folder, folder, (str(self.path),)), 1, {})
        self.preflights = Preflights([])
        self.answers: list[dict[str, Any]] = []
        none: Any = None
        self.renewal = Renewal(
            plan,
            births,
            cast("Crew", self),
            cast("Lifecycle", none),
            cast("History", self),
            lambda *_question: False,
        )

    def __iter__(self) -> Any:
        return iter(())

    def start_checks(self) -> bool:
        return self.preflights.passed

    def add(self, *_words: Any, **_facts: Any) -> None:
        """Note nothing."""

    def reload(self) -> None:
        self.path.write_text(CONFIG.replace("BTCUSDT", "ETHUSDT"))
        self.renewal.reload({}, self.answers.append)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_start_has_its_own_checks_until_another_configuration_is_proposed(desk: Desk) -> None:
    assert not desk.renewal.has_checks

    desk.reload()

    assert desk.renewal.has_checks
    assert desk.answers == []


def test_checks_of_a_refused_proposal_are_not_taken_for_the_start_s(desk: Desk) -> None:
    desk.reload()
    checks = desk.preflights.unasked()

    desk.renewal.checked(ExitCode.USAGE, "no such bot")

    [answer] = desk.answers
    assert (answer["exit"], answer["trouble"]) == (ExitCode.USAGE, "no such bot")
    assert all(check.is_dropped for check in checks)
    assert desk.renewal.has_checks
