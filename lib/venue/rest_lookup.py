"""Finds what a public request is about."""

from collections.abc import Callable
from typing import Any

from lib.venue.auth import mandatory
from lib.venue.refusals import Refusal
from lib.venue.rest_params import Params
from lib.venue.stage import Stage
from lib.venue.tape import Tape


class Lookup:
    """The public market as requests name it.

    Args:
        stage: The market.
        quotas: `rateLimits` of exchangeInfo.
    """

    def __init__(self, stage: Stage, quotas: list[dict[str, object]]) -> None:
        """Keep what the answers derive from."""
        self.stage = stage
        self.quotas = quotas

    def tape(self, params: Params, now_ns: int, name: str = "symbol") -> Tape:
        """Return the tape that a mandatory parameter names.

        Raises:
            Refusal: -1102 when it is missing, -1121 when it is not listed.
        """
        symbol = params.get(name)
        if not symbol:
            raise Refusal(-1102, mandatory(name))
        tape = self.stage.ensure(symbol, now_ns)
        if tape is None:
            raise Refusal(-1121)
        return tape

    def each(self, params: Params, now_ns: int, row: Callable[[Tape], Any]) -> Any:
        """Return one row for a named symbol, all playing symbols' rows otherwise."""
        if params.get("symbol"):
            return row(self.tape(params, now_ns))
        return [row(tape) for tape in self.stage.tapes.values()]
