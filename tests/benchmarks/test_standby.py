"""Missing and doubled trades are counted between the first and the last that came."""

import pytest

from benchmarks.standby import _compare


@pytest.mark.parametrize(
    ("got", "missing", "doubled"),
    [
        ("bcd", 0, 0),
        ("bd", 1, 0),
        ("bccd", 0, 1),
        ("bcdc", 0, 1),
        ("cbd", 0, 0),
    ],
)
def test_trades_are_compared_with_the_venues_list(got: str, missing: int, doubled: int) -> None:
    assert _compare([*got], [*"abcde"]) == (missing, doubled)
