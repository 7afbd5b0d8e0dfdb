"""Hypothesis strategies for every message of the wire, made from its annotations."""

from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from lib.bus.protocol import KINDS, Message

INTEGERS = st.integers(min_value=-(2**63), max_value=2**64 - 1)
ANYTHING = st.recursive(
    st.none() | st.booleans() | INTEGERS | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=30),
    int: INTEGERS,
    bool: st.booleans(),
    Any: ANYTHING,
}


def of_type(annotation: Any) -> st.SearchStrategy[Any]:
    """Return values of one field's annotation."""
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    arguments = get_args(annotation)
    if get_origin(annotation) is list:
        return st.lists(of_type(arguments[0]), max_size=4)
    return st.dictionaries(of_type(arguments[0]), of_type(arguments[1]), max_size=3)


def of_kind(kind: str) -> st.SearchStrategy[Message]:
    """Return messages of one kind."""
    message = KINDS[kind]
    hints = get_type_hints(message)
    fields = [of_type(hints[name]) for name in message._fields]
    return st.tuples(*fields).map(lambda values: message(*values))


def any_message() -> st.SearchStrategy[Message]:
    """Return messages of every kind."""
    return st.sampled_from(sorted(KINDS)).flatmap(of_kind)


def book(symbol: str = "BTCUSDT", update_id: int = 1) -> Message:
    """Return one plausible book."""
    return KINDS["book"](
        symbol, "60000.1", "1.5", "60000.0", "2", "BINANCE.FUTURES", 1_000, update_id, 10
    )
