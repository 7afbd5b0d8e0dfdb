"""What every state store must do; run your own through it by a subclass with a `states` fixture.

`states(symbol)` makes a store of a bot of that symbol; called again, it is the next life's.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lib.state import AbstractState

States = Callable[..., AbstractState]
STATE = {
    "quotes": [{"price": Decimal("61234.50"), "qty": Decimal("0.010")}],
    "since": datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=UTC),
    "count": 10**30,
    "text": 'ü "quoted"\n币安',
    "levels": {Decimal("1.5"): (1, 2)},
    "nothing": None,
}


class StateContract:
    """Tests of `AbstractState`; `survives` says whether the next life finds the state."""

    survives = True

    def test_nothing_stored_yet_is_an_empty_dict(self, states: States) -> None:
        assert states().Pop() == {}

    def test_what_was_pushed_is_popped_again_and_again(self, states: States) -> None:
        state = states()
        state.Push(STATE)

        assert state.Pop() == STATE
        assert state.Pop() == STATE
        assert str(state.Pop()["quotes"][0]["price"]) == "61234.50"

    def test_the_next_life_finds_it(self, states: States) -> None:
        state = states()
        state.Push({"step": 1})
        state.Push(STATE)
        self.end(state)

        assert states().Pop() == (STATE if self.survives else {})

    def test_the_newest_push_counts(self, states: States) -> None:
        state = states()
        for step in range(30):
            state.Push({"step": step})

        assert state.Pop() == {"step": 29}

    def test_what_was_popped_is_a_copy(self, states: States) -> None:
        state = states()
        pushed = {"list": [1]}
        state.Push(pushed)
        pushed["list"].append(2)
        state.Pop()["list"].append(3)

        assert state.Pop() == {"list": [1]}

    def test_a_push_that_fails_changes_nothing(self, states: States) -> None:
        state = states()
        state.Push({"step": 1})

        with pytest.raises(TypeError, match="set"):
            state.Push({"step": {1}})
        with pytest.raises(TypeError, match="dict"):
            state.Push([1])  # type: ignore[arg-type]

        assert state.Pop() == {"step": 1}

    def test_symbols_are_apart(self, states: States) -> None:
        first, second = states("BTCUSDT"), states("币安人生USDT")
        first.Push({"who": 1})
        second.Push({"who": 2})

        assert (first.Pop(), second.Pop()) == ({"who": 1}, {"who": 2})

    def end(self, state: AbstractState) -> None:
        """End a life in order."""
