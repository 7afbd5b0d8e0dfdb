"""How a drill goes, for whoever watches it: a line for each fault, and how far it has come."""

import os
from typing import TextIO

from lib.chaos.evidence import Violation
from lib.chaos.report import SHOWN, Tally, span
from lib.chaos.schedule import Strike
from lib.constants import NS_PER_SECOND
from lib.timer import AbstractTimer

NAME_WIDTH = 29
GREEN, RED, YELLOW, DIM = "32", "31", "33", "2"
CLEAR = "\r\x1b[K"


class Screen:
    """Writes lines; on a terminal with colours, and a last line that tells how far it is.

    Args:
        out: Where to.
        tally: What has been counted.
        total: How many faults will strike.
        timer: The process's timer.
        is_quiet: Nothing is to be said.
    """

    def __init__(
        self, out: TextIO, tally: Tally, total: int, timer: AbstractTimer, *, is_quiet: bool
    ) -> None:
        """Have said nothing."""
        self._out = out
        self._tally = tally
        self._total = total
        self._timer = timer
        self._is_quiet = is_quiet
        self._is_terminal = out.isatty() and os.environ.get("TERM") != "dumb"
        self._has_colours = self._is_terminal and not os.environ.get("NO_COLOR")
        self._start_ns = timer.Monotonic()
        self._told: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        """How long the drill has been going on."""
        return (self._timer.Monotonic() - self._start_ns) / NS_PER_SECOND

    def begin(self, text: str) -> None:
        """Say what is about to happen."""
        self._say(f"{text}\n")

    def struck(
        self,
        strike: Strike,
        recovery: float | None,
        violations: list[Violation],
        *,
        is_inside: bool,
    ) -> None:
        """Tell of one fault, and of what became of it."""
        mark = self._paint(RED, "✗") if violations else self._paint(GREEN, "✓")
        again = "never" if recovery is None else f"{recovery:.2f} s"
        where = "in a request" if is_inside else ""
        self._line(strike, mark, f"{again:>8}  {where:<12}  {self._paint(DIM, strike.kind.text)}")
        self.violations(violations)

    def missed(self, strike: Strike, reason: str) -> None:
        """Tell of one fault that found nothing to hit."""
        self._line(strike, self._paint(YELLOW, "-"), f"{'':8}  did not strike: {reason}")

    def violations(self, violations: list[Violation]) -> None:
        """Tell what is wrong; of each rule the first few."""
        for rule, about, what, _ in (violation.finding for violation in violations):
            self._told[rule] = self._told.get(rule, 0) + 1
            if self._told[rule] <= SHOWN:
                self._say(f"{'':8}{self._paint(RED, f'VIOLATION {rule}')} {about}: {what}\n")
        self._progress()

    def end(self) -> None:
        """Leave the terminal as it was."""
        self._say("")

    def _line(self, strike: Strike, mark: str, text: str) -> None:
        width = len(str(self._total))
        self._say(f"{strike.number:>{width}}  {mark} {strike.kind.name:<{NAME_WIDTH}} {text}\n")
        self._progress()

    def _progress(self) -> None:
        done = sum(self._tally.struck.values()) + len(self._tally.missed)
        if not self._is_terminal or self._is_quiet or not done:
            return
        left = self.seconds * (self._total - done) / done
        text = (
            f"{done} of {self._total} faults · {len(self._tally.violations)} violations · "
            f"{span(self.seconds)}, about {span(left)} to go"
        )
        self._out.write(self._paint(DIM, text))
        self._out.flush()

    def _say(self, text: str) -> None:
        if not self._is_quiet:
            self._out.write((CLEAR if self._is_terminal else "") + text)
            self._out.flush()

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text
