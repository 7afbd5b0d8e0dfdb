"""Which private endpoint does what, and which parameters it knows."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lib.venue.accounts import Account
from lib.venue.params import Params

Handler = Callable[[Account, Params], Any]


class Route(NamedTuple):
    """What answers an endpoint, and the names of the parameters it reads."""

    handler: Handler
    names: frozenset[str]


class Routes:
    """(method, path) -> route."""

    def __init__(self) -> None:
        """Start empty."""
        self._routes: dict[tuple[str, str], Route] = {}

    def add(self, call: str, handler: Handler, names: str = "") -> None:
        """Add an endpoint.

        Args:
            call: `METHOD /path`, the path below `/fapi`.
            handler: Takes the account and the parameters, returns the body.
            names: Known parameters, separated by blanks.
        """
        method, _, path = call.partition(" ")
        self._routes[method, f"/fapi{path}"] = Route(handler, frozenset(names.split()))

    def find(self, method: str, path: str) -> Route | None:
        """Return an endpoint's route, None without one."""
        return self._routes.get((method, path))
