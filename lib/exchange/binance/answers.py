"""Reads answers that may be of another shape than documented: such a one proves nothing (pure)."""

from collections.abc import Callable
from typing import Any, TypeVar

from lib.errors import ExchangeError, ExchangeUnavailable, OrderUnknown
from lib.exchange.binance import codec
from lib.oms import ids
from lib.oms.events import OrderReport
from lib.oms.outcomes import Verb, classify, error_of

ODD = (AttributeError, KeyError, TypeError, ValueError, ArithmeticError)
"""What parsing an answer of another shape raises."""
Row = TypeVar("Row")


def listed(parse_row: Callable[[Any], Row], body: Any, id_key: str = "") -> list[Row]:
    """Return the parsed rows of a list; odd ones of orders that cannot be ours are left out.

    Raises:
        ExchangeUnavailable: The list or another row is odd: such a read proves nothing.
    """
    # documented as a bare array, seen wrapped
    rows = body.get("orders") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ExchangeUnavailable(f"a list of another shape: {type(body).__name__}")
    found: list[Row] = []
    for row in rows:
        try:
            found.append(parse_row(row))
        except ODD as error:
            name = row.get(id_key) if isinstance(row, dict) else None
            if not isinstance(name, str) or ids.parse(name) is not None:
                raise ExchangeUnavailable(f"a row of another shape: {error!r}") from error
    return found


def checked(parse: Callable[[Any], OrderReport], row: Any) -> OrderReport:
    """Return the parsed answer to a request about one order.

    Raises:
        OrderUnknown: It is odd.
    """
    try:
        return parse(row)
    except ODD as error:
        raise OrderUnknown(f"an answer of another shape: {error!r}") from error


def batch_item(row: Any) -> OrderReport | ExchangeError:
    """Return the outcome of one order of a batch."""
    if isinstance(row, dict) and "code" in row:
        code, text = int(row["code"] or 0), str(row.get("msg", ""))
        meaning = classify(Verb.PLACE, 400, code, text)
        return error_of(Verb.PLACE, meaning, code, f"{text} ({code})")
    try:
        return checked(codec.parse_order, row)
    except OrderUnknown as error:
        return error
