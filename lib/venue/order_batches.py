"""Several orders in one call: each stands for itself, failures are items of the answer."""

import json
from collections.abc import Callable, Collection
from typing import Any

from lib.venue.accounts import Account
from lib.venue.errors import VenueError
from lib.venue.order_changes import OrderChanges
from lib.venue.order_entry import OrderEntry
from lib.venue.params import Params
from lib.venue.state import VenueState

MOST_PLACED = 5
MOST_CANCELLED = 10
ID_LISTS = {"orderidlist": "orderId", "origclientorderidlist": "origClientOrderId"}

One = Callable[[Account, Params], dict[str, Any]]


class OrderBatches:
    """Batch placement, change and cancel.

    Args:
        state: The venue.
        entry: Places one.
        changes: Changes or cancels one.
        place_names: Parameters that a placement knows.
        modify_names: Parameters that a change knows.
    """

    def __init__(
        self,
        state: VenueState,
        entry: OrderEntry,
        changes: OrderChanges,
        place_names: Collection[str],
        modify_names: Collection[str],
    ) -> None:
        """Keep the parts."""
        self._state = state
        self._entry = entry
        self._changes = changes
        self._place_names = place_names
        self._modify_names = modify_names

    def place(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Place up to five orders."""
        return self._each(account, params, self._entry.place, self._place_names)

    def modify(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Change up to five orders."""
        return self._each(account, params, self._changes.modify, self._modify_names)

    def cancel(self, account: Account, params: Params) -> list[dict[str, Any]]:
        """Cancel up to ten orders by a list of ids or of client ids, spelled in any case."""
        symbol = params.need("symbol")
        self._state.info(symbol)
        name, text = params.any_case(tuple(ID_LISTS))
        ids = _parse(text, name)
        if len(ids) > MOST_CANCELLED:
            raise VenueError(-1130, name=name)
        requests = [Params({"symbol": symbol, ID_LISTS[name]: str(each)}) for each in ids]
        return [_answer(self._changes.cancel, account, each) for each in requests]

    def _each(
        self, account: Account, params: Params, one: One, names: Collection[str]
    ) -> list[dict[str, Any]]:
        items = _parse(params.need("batchOrders"), "batchOrders")
        if not 1 <= len(items) <= MOST_PLACED:
            raise VenueError(-4082)
        if not all(isinstance(item, dict) for item in items):
            raise VenueError(-1130, name="batchOrders")
        requests = [Params({key: _text(item[key]) for key in item}) for item in items]
        strict = self._state.options.strict_parameters
        known = names if strict else None
        return [_answer(one, account, each, known) for each in requests]


def _answer(
    one: One, account: Account, params: Params, known: Collection[str] | None = None
) -> dict[str, Any]:
    try:
        if known is not None:
            params.check_names(known)
        return one(account, params)
    except VenueError as error:
        return error.body()


def _parse(text: str, name: str) -> list[Any]:
    try:
        items = json.loads(text)
    except ValueError:
        raise VenueError(-1102, name=name) from None
    if not isinstance(items, list):
        raise VenueError(-1102, name=name)
    return items


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
