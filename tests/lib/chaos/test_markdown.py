"""A report becomes tables of a page."""

from collections import Counter

from lib.chaos.evidence import Finding, Violation
from lib.chaos.markdown import markdown
from lib.chaos.report import Tally


def tally() -> Tally:
    made = Tally(seed=7, planned=Counter(kill_bot=1), systems=3)
    made.struck.update(kill_bot=1)
    made.in_request, made.orders, made.fills = 1, 1_020, 300
    made.recovered("kill_bot", 0.5)
    return made


def test_every_kind_stands_with_what_happens() -> None:
    page = markdown(tally().row(75.0))

    assert "| took | 1 min 15 s, 3 systems side by side |" in page
    assert "| at the venue | 1,020 orders, 300 fills |" in page
    assert "| `kill_bot` | 1 | 0.50 s | 0.50 s | SIGKILL to one bot |" in page
    assert "| violations | 0 |" in page
    assert page.endswith("one bot |\n")


def test_violations_and_misses_are_not_hidden() -> None:
    made = tally()
    made.violations.append(Violation(Finding("orphan", "id", "it is open"), "kill_bot", 5))
    made.missed.append("adl: no position")

    page = markdown(made.row())

    assert "| `orphan` | `id` | `kill_bot` | it is open |" in page
    assert page.endswith("1 strikes found nothing to hit.\n")
