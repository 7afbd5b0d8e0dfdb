from typing import Any

import pytest

from lib.constants import Status
from lib.exchange.bus_outcomes import conclusions


@pytest.mark.parametrize(
    ("status", "values", "expected"),
    [
        ("ok", [["ok", 0, ""], ["rejected", -2019, "margin"]], [("b", Status.REJECTED, -2019)]),
        ("ok", [["ok", 0, ""], ["unknown", 0, "503"]], [("b", Status.UNKNOWN, 0)]),
        ("ok", [["ok", 0, ""], ["expired", 0, ""]], [("b", Status.NOT_SENT, 0)]),
        ("ok", [["ok", 0, ""]], [("b", Status.UNKNOWN, 0)]),
        ("ok", ["nonsense"], [("a", Status.UNKNOWN, 0), ("b", Status.UNKNOWN, 0)]),
        ("fenced", [], [("a", Status.NOT_SENT, 0), ("b", Status.NOT_SENT, 0)]),
        ("unavailable", [0, "banned"], [("a", Status.NOT_SENT, 0), ("b", Status.NOT_SENT, 0)]),
        ("rejected", [-1, "no"], [("a", Status.REJECTED, -1), ("b", Status.REJECTED, -1)]),
        ("error", ["what?"], [("a", Status.NOT_SENT, 0), ("b", Status.NOT_SENT, 0)]),
        ("word of tomorrow", [], [("a", Status.UNKNOWN, 0), ("b", Status.UNKNOWN, 0)]),
    ],
)
def test_a_reply_concludes_only_what_it_says(
    status: str, values: list[Any], expected: list[tuple[str, Status, int]]
) -> None:
    found = conclusions(("a", "b"), status, values)

    assert [(one.id, one.status, one.code) for one in found] == expected
