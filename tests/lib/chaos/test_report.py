"""What a drill reports, and when it says that it has proven nothing."""

from collections import Counter

from lib.chaos.evidence import Finding, Violation
from lib.chaos.report import Tally, text


def enough() -> Tally:
    tally = Tally(seed=1, planned=Counter(kill_bot=2, hang_rest=1))
    tally.struck.update(kill_bot=2, hang_rest=1)
    tally.in_request, tally.orders, tally.fills = 1, 60, 9
    for seconds in (0.5, 0.7, 2.0):
        tally.recovered("kill_bot", seconds)
    return tally


def test_a_good_drill_says_so() -> None:
    row = enough().row()

    assert (row["vacuous"], row["violations"]) == ([], [])
    assert row["faults"] == {"hang_rest": 1, "kill_bot": 2}
    assert row["recovery_s"] == {"p50": 0.7, "p99": 2.0, "max": 2.0}
    assert text(row).endswith("no violation\n")


def test_too_few_orders_or_fills_prove_nothing() -> None:
    tally = enough()
    tally.orders, tally.fills = 59, 8

    assert tally.vacuous() == [
        "59 orders reached the venue, not 20 a fault",
        "8 fills, not 3 a fault",
    ]


def test_a_kind_that_never_struck_proves_nothing() -> None:
    tally = enough()
    tally.planned["delist"] = 1

    assert tally.vacuous() == ["never struck: delist"]


def test_strikes_beside_all_requests_prove_nothing() -> None:
    tally = enough()
    tally.in_request = 0

    assert tally.vacuous() == ["0 of 3 faults struck inside an open request"]


def test_no_fault_at_all_proves_nothing() -> None:
    row = Tally(seed=1, planned=Counter()).row()

    assert row["vacuous"] == ["no fault has struck"]
    assert row["recovery_s"] == {"p50": None, "p99": None, "max": None}


def test_violations_are_told_with_what_came_before() -> None:
    tally = enough()
    tally.violations.append(Violation(Finding("orphan", "id", "it is open"), "kill_bot", 5))

    row = tally.row()

    assert row["violations"] == [
        {"rule": "orphan", "about": "id", "what": "it is open", "after": "kill_bot", "at_ns": 5}
    ]
    assert "VIOLATION orphan id after kill_bot: it is open" in text(row)
