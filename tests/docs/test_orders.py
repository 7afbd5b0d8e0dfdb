"""The page about orders says what the code does."""

import re
from pathlib import Path

from lib.constants import Status
from lib.oms import diagnosis, wishes
from lib.oms.states import TRANSITIONS

PAGE = (Path(__file__).parents[2] / "docs" / "orders.md").read_text()


def test_the_table_of_states_is_the_one_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", PAGE, re.MULTILINE)
    shown = {
        Status(name): {Status(to) for to in re.findall(r"`(\w+)`", cell)} for name, cell in rows
    }
    assert shown == {status: set(targets) for status, targets in TRANSITIONS.items()}


def test_the_doctors_bounds_are_the_ones_of_the_code() -> None:
    for words in (
        f"{diagnosis.CLOCK_WARN_MS} ms",
        f"less than {diagnosis.DISK_WRONG_BYTES // 10**6} MB",
        f"fewer than {diagnosis.FILES_WRONG} | {diagnosis.FILES_WARN:,}",
    ):
        assert words in PAGE


def test_what_was_called_absent_is_looked_for_as_often_as_the_page_says() -> None:
    assert "six more times within the next 45 s" in PAGE
    assert len(wishes.LOOK_MS) == 6
    assert sum(wishes.LOOK_MS) == 45_000
