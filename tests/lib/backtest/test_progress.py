"""How long a run will take, as far as one can tell."""

import pytest

from lib.backtest.progress import time_left
from lib.constants import NS_PER_SECOND


@pytest.mark.parametrize(
    ("elapsed", "done", "total", "text"),
    [
        (10, 1, 4, "0:00:30 left"),
        (10, 2, 4, "0:00:10 left"),
        (60, 1, 100, "1:39:00 left"),
        (60, 4, 4, "0:00:00 left"),
        (10, 0, 4, ""),
        (10, 5, 0, ""),
    ],
)
def test_the_rest_takes_what_the_pace_so_far_says(
    elapsed: int, done: int, total: int, text: str
) -> None:
    assert time_left(elapsed * NS_PER_SECOND, done, total) == text
