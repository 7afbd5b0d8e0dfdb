"""Faults on command: what is on, for how long, and what it does to answers and streams."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.venue.errors import VenueError
from lib.venue.fault_table import ENGINE_FAULTS, FAULTS, Fault
from lib.venue.refusals import Refusal

Args = Mapping[str, Any]


@dataclass(slots=True)
class Active:
    """A fault that is on.

    `left` is how often it still strikes (None: as often as it can), `until_ns` when it ends;
    `connections` are those it is limited to with `existing_only`.
    """

    id: int
    name: str
    args: dict[str, Any]
    until_ns: int | None = None
    left: int | None = None
    connections: frozenset[int] | None = None
    held: list[Any] = field(default_factory=list)

    def over(self, now_ns: int) -> bool:
        """Return whether it has ended."""
        return self.left == 0 or (self.until_ns is not None and now_ns >= self.until_ns)

    def strike(self) -> None:
        """Count one use."""
        if self.left is not None:
            self.left -= 1

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, its default from the table, or `default`."""
        if name in self.args:
            return self.args[name]
        return FAULTS[self.name].arguments.get(name, default)

    def row(self) -> dict[str, Any]:
        """Return how GET /venue/faults shows it."""
        shown = {"id": self.id, "name": self.name, **self.args}
        return shown | ({} if self.left is None else {"left": self.left})


class Faults:
    """The active faults; pure.

    Args:
        engine_fault: Takes the faults that are the engine's.
        do: Carries out the faults that happen once, at once, by their names.
    """

    def __init__(
        self,
        engine_fault: Callable[..., None],
        do: Mapping[str, Callable[[Args, int], None]],
    ) -> None:
        """Start without faults."""
        self._engine_fault = engine_fault
        self._do = do
        self._ids = itertools.count(1)
        self.active: list[Active] = []

    def add(self, request: Args, connections: frozenset[int], now_ns: int) -> dict[str, Any]:
        """Switch a fault on; return its row.

        Raises:
            Refusal: The name or an argument is unknown.
        """
        name = str(request.get("name", ""))
        args = {key: each for key, each in request.items() if key != "name"}
        fault = FAULTS.get(name)
        if fault is None:
            raise Refusal(-1102, f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}")
        active = Active(next(self._ids), name, args)
        if name in ENGINE_FAULTS:
            self._to_engine(name, args)
            return active.row()
        self._check(fault, args)
        if name in self._do:
            self._do[name](args, now_ns)
            return active.row()
        if args.get("seconds") is not None:
            active.until_ns = now_ns + round(float(args["seconds"]) * NS_PER_SECOND)
        active.left = None if active.get("count") is None else int(active.get("count"))
        if active.get("existing_only"):
            active.connections = connections
        self.active.append(active)
        return active.row()

    def clear(self, which: str = "") -> int:
        """Switch off all faults, or those with an id or a name; return how many."""
        kept = [each for each in self.active if which and which not in (str(each.id), each.name)]
        gone = len(self.active) - len(kept)
        self.active = kept
        if not which:
            self._engine_fault("clear")
        return gone

    def named(self, names: frozenset[str] | set[str], now_ns: int) -> list[Active]:
        """Return the active faults among `names`, dropping what is over."""
        if not self.active:
            return []
        self.active = [each for each in self.active if not each.over(now_ns)]
        return [each for each in self.active if each.name in names]

    def rows(self, now_ns: int) -> list[dict[str, Any]]:
        """Return what is on."""
        return [each.row() for each in self.named(set(FAULTS), now_ns)]

    def _check(self, fault: Fault, args: Args) -> None:
        for name in args:
            if name not in fault.arguments:
                known = ", ".join(fault.arguments) or "none"
                raise Refusal(-1104, f"fault {fault.name}: no argument {name!r}; known: {known}")

    def _to_engine(self, name: str, args: Args) -> None:
        try:
            self._engine_fault(name, **args)
        except (ValueError, VenueError) as error:
            raise Refusal(-1102, f"fault {name}: {error}") from error
