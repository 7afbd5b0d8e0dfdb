"""What somebody who watches a drill gets to read."""

import io
from collections import Counter

from lib.chaos.evidence import Finding, Violation
from lib.chaos.kinds import KINDS
from lib.chaos.report import SHOWN, Tally
from lib.chaos.schedule import Strike
from lib.timer import LiveTimer
from workers.chaos_screen import Screen

STRIKE = Strike(7, KINDS["kill_bot"], 0.0, 0.0, {}, 0.0)


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


def screen(out: io.StringIO, *, is_quiet: bool = False) -> tuple[Screen, Tally]:
    tally = Tally(1, Counter(kill_bot=12))
    return Screen(out, tally, 12, LiveTimer(), is_quiet=is_quiet), tally


def test_a_file_gets_plain_lines() -> None:
    out = io.StringIO()
    made, tally = screen(out)
    tally.struck["kill_bot"] += 1

    made.begin("drilling")
    made.struck(STRIKE, 0.5, [], is_inside=True)
    made.missed(STRIKE, "no bot lives")
    made.end()

    assert out.getvalue().splitlines() == [
        "drilling",
        " 7  ✓ kill_bot                        0.50 s  in a request  SIGKILL to one bot",
        " 7  - kill_bot                                did not strike: no bot lives",
    ]


def test_a_terminal_gets_colours_and_how_far_it_is() -> None:
    out = Terminal()
    made, tally = screen(out)
    tally.struck["kill_bot"] += 3

    made.struck(STRIKE, None, [], is_inside=False)

    assert "\x1b[32m✓\x1b[0m" in out.getvalue()
    assert "never" in out.getvalue()
    assert "3 of 12 faults · 0 violations" in out.getvalue()


def test_violations_are_shown_at_once_but_not_without_end() -> None:
    out = io.StringIO()
    made, _ = screen(out)
    found = [Violation(Finding("orphan", str(n), "open"), "kill_bot", n) for n in range(SHOWN + 3)]

    made.struck(STRIKE, 0.5, found, is_inside=False)

    assert "✗ kill_bot" in out.getvalue()
    assert out.getvalue().count("VIOLATION orphan") == SHOWN


def test_a_quiet_drill_says_nothing() -> None:
    out = Terminal()
    made, _ = screen(out, is_quiet=True)

    made.begin("drilling")
    made.struck(STRIKE, 0.5, [], is_inside=False)
    made.end()

    assert out.getvalue() == ""
