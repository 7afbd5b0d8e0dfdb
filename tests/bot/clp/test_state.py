from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bot.clp.liquidation import Progress
from bot.clp.profit import Account
from bot.clp.state import ClpState, Mode, Verdict, resume
from lib.serialize import dump, load

D = Decimal
STORED = ClpState(
    mode=Mode.LIQUIDATE,
    qty=D("0.5"),
    entry=D("100"),
    stop=D("99.5"),
    liquidation=Progress(D("1"), 1),
    pause_until=2_000,
    pause_causes="spread",
    pause_reason="spread 3 %",
    profit=Account(20_000, D("-1.5"), D("0.5"), D("0.2"), (4, 5)),
)


@pytest.mark.parametrize("state", [ClpState(), STORED])
def test_what_is_packed_comes_back_equal(state: ClpState) -> None:
    assert ClpState.unpack(load(dump(state.pack()))) == state


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2}, {"mode": "DANCE"}, {"qty": "0.5"}, {"stop": 3}, {"profit": []},
        {"liquidation": [1]}, {"pause": None},
    ],
)  # fmt: skip
def test_a_state_of_another_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="stored state not understood"):
        ClpState.unpack(STORED.pack() | change)


def test_a_state_that_lacks_something_is_refused() -> None:
    with pytest.raises(ValueError, match="stored state not understood"):
        ClpState.unpack({"version": 1})


def test_without_a_former_life_the_position_is_all() -> None:
    state, verdict = resume(None, D(1), D(100), 0)

    assert verdict is Verdict.FRESH
    assert (state.qty, state.entry, state.stop) == (1, 100, None)


@pytest.mark.parametrize(
    ("qty", "entry", "verdict", "stop", "goes_on"),
    [
        ("0.5", "100", Verdict.CONTINUED, "99.5", True),
        ("0.5", "100.0000001", Verdict.CONTINUED, "99.5", True),  # the same price, rounded
        ("0.2", "100", Verdict.REBUILT, "99.5", True),  # something was closed: entry and side stand
        ("0.5", "101", Verdict.REBUILT, None, True),  # another entry: the stop begins anew
        ("-0.5", "100", Verdict.REBUILT, None, False),  # the other side
        ("0", "0", Verdict.REBUILT, None, False),  # flat: the stop has worked
    ],
)
def test_a_state_is_checked_against_the_position(
    qty: str, entry: str, verdict: Verdict, stop: str | None, goes_on: bool
) -> None:
    state, found = resume(STORED, D(qty), D(entry), 1_000)

    assert found is verdict
    assert (state.qty, state.entry) == (D(qty), D(entry))
    assert state.stop == (None if stop is None else D(stop))
    assert state.liquidation == (STORED.liquidation if goes_on else None)
    assert state.profit == STORED.profit
    assert state.mode is Mode.START


def test_flat_and_flat_is_equal() -> None:
    stored = replace(STORED, qty=D(0), entry=D(0), stop=None, liquidation=None)

    assert resume(stored, D(0), D(0), 0)[1] is Verdict.CONTINUED


@pytest.mark.parametrize(("timestamp", "until"), [(1_999, 2_000), (2_000, 0)])
def test_a_pause_whose_time_has_passed_is_over(timestamp: int, until: int) -> None:
    state, _ = resume(STORED, D("0.5"), D(100), timestamp)

    assert state.pause_until == until
