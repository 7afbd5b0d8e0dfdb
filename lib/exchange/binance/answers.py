"""Reads answers that may be of another shape than documented: such a one proves nothing (pure)."""

from collections.abc import Callable
from typing import Any, TypeVar

from lib.errors import ExchangeError, ExchangeUnavailable, OrderUnknown
from lib.exchange.binance import codec
from lib.oms import ids
from lib.oms.events import OrderReport
from lib.oms.outcomes import Verb, classify, error_of

ODD = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError)
"""What parsing an answer of another shape raises."""
Parsed = TypeVar("Parsed")


def read(parse: Callable[[Any], Parsed], body: Any) -> Parsed:
    """Return the parsed answer to a request that changes nothing.

    Raises:
        ExchangeUnavailable: It is odd: such a read proves nothing.
    """
    try:
        return parse(body)
    except ODD as error:
        raise ExchangeUnavailable(f"an answer of another shape: {error!r}") from error


def listed(parse_row: Callable[[Any], Parsed], body: Any, id_key: str = "") -> list[Parsed]:
    """Return the parsed rows of a list; odd ones of orders that cannot be ours are left out.

    Raises:
        ExchangeUnavailable: The list or another row is odd: such a read proves nothing.
    """
    # documented as a bare array, seen wrapped
    rows = body.get("orders") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise ExchangeUnavailable(f"a list of another shape: {type(body).__name__}")
    found: list[Parsed] = []
    for row in rows:
        try:
            found.append(parse_row(row))
        except ODD as error:
            name = row.get(id_key) if isinstance(row, dict) else None
            if not isinstance(name, str) or ids.parse(name) is not None:
                raise ExchangeUnavailable(f"a row of another shape: {error!r}") from error
    return found


def checked(parse: Callable[[Any], Parsed], body: Any) -> Parsed:
    """Return the parsed answer to a request that changes something.

    Raises:
        OrderUnknown: It is odd: nobody knows whether it was executed.
    """
    try:
        return parse(body)
    except ODD as error:
        raise OrderUnknown(f"an answer of another shape: {error!r}") from error


def batch_item(row: Any) -> OrderReport | ExchangeError:
    """Return the outcome of one order of a batch."""
    try:
        if isinstance(row, dict) and "code" in row:
            return checked(_refusal, row)
        return checked(codec.parse_order, row)
    except OrderUnknown as error:
        return error


def _refusal(row: dict[str, Any]) -> ExchangeError:
    code, text = int(row["code"] or 0), str(row.get("msg", ""))
    meaning = classify(Verb.PLACE, 400, code, text)
    return error_of(Verb.PLACE, meaning, code, f"{text} ({code})")
