"""Which faults strike in which order: the same ones for the same seed (pure)."""

from random import Random
from typing import Any, NamedTuple

from lib.chaos.kinds import KINDS, Group, Kind
from lib.errors import ConfigError

EPISODE = 40
"""Faults per run: then venue and system are made anew, so that ledgers stay small."""
PAUSES = (0.2, 1.0)
"""Seconds between a settled system and the next strike."""
IN_REQUEST_PER_THREE = 2
"""Of three strikes, how many are chosen among those that hit inside a request: a third must."""


class Strike(NamedTuple):
    """One fault to come.

    Args:
        number: From 1.
        kind: What it is.
        pause: Seconds before it.
        seconds: How long it lasts; 0 = an instant.
        args: For the venue.
        pick: Which of several targets, as a fraction of their number.
    """

    number: int
    kind: Kind
    pause: float
    seconds: float
    args: dict[str, Any]
    pick: float


def choose_kinds(names: list[str]) -> list[Kind]:
    """Return the kinds that `--kinds` asks for; all when it is silent.

    A name may also be a group: `process`, `failpoint`, `network`, `disk`, `venue`, …

    Raises:
        ConfigError: There is no such kind.
    """
    chosen: dict[str, Kind] = {}
    for name in names or list(KINDS):
        found = [kind for kind in KINDS.values() if name in (kind.name, kind.group.value)]
        if not found:
            groups = ", ".join(group.value for group in Group)
            raise ConfigError(
                f"no kind of fault is called {name!r}; kinds are {', '.join(KINDS)}; "
                f"groups of them: {groups}"
            )
        chosen.update((kind.name, kind) for kind in found)
    return list(chosen.values())


def make_schedule(count: int, seed: int, kinds: list[Kind], symbols: list[str]) -> list[Strike]:
    """Return `count` strikes; every kind comes before any comes again.

    Args:
        count: Number of faults.
        seed: The same seed gives the same schedule.
        kinds: The kinds to choose from.
        symbols: What is traded.
    """
    random = Random(seed)
    chosen = _order(count, random, kinds)
    for start in range(0, count, EPISODE):
        # what ends a symbol comes last in its episode: nothing trades there afterwards
        chosen[start : start + EPISODE] = sorted(
            chosen[start : start + EPISODE], key=lambda kind: kind.ends_symbol
        )
    return [
        Strike(
            number=number,
            kind=kind,
            pause=random.uniform(*PAUSES),
            seconds=random.uniform(*kind.seconds),
            args=kind.make_args(random, symbols),
            pick=random.random(),
        )
        for number, kind in enumerate(chosen, 1)
    ]


def episodes(strikes: list[Strike]) -> list[list[Strike]]:
    """Return the strikes of each run."""
    return [strikes[start : start + EPISODE] for start in range(0, len(strikes), EPISODE)]


def _order(count: int, random: Random, kinds: list[Kind]) -> list[Kind]:
    inside = [kind for kind in kinds if kind.in_request]
    others = [kind for kind in kinds if not kind.in_request]
    decks: dict[bool, list[Kind]] = {True: [], False: []}
    chosen: list[Kind] = []
    for number in range(count):
        wants_inside = number % 3 < IN_REQUEST_PER_THREE
        pool = (inside if wants_inside else others) or inside or others
        deck = decks[pool is inside]
        if not deck:
            deck.extend(random.sample(pool, len(pool)))
        chosen.append(deck.pop())
    return chosen
