"""A long run with a random fault every 20 s: gaps in the data, restarts, memory, descriptors.

`python -m benchmarks soak [--minutes 60] [--report FILE]`: 20 symbols on the venue, a quoting bot
for each, two stream workers. Exit code 1 when something did not heal or was left behind.
"""

import argparse
import json
import os
import random
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.scale import traded_symbols
from benchmarks.soak_record import Memories, Pulses
from benchmarks.soak_strikes import EVERYBODY, STRIKES, Strike
from benchmarks.system import System, running
from benchmarks.table import percentile, table

LOOK_SECONDS = 0.5
SAMPLE_LOOKS = 10
"""Looks at the status between two looks at the memory."""


class Round(NamedTuple):
    """What one fault did; seconds."""

    strike: str
    symbol: str
    unwell: float
    healed: bool
    gaps: dict[str, float]

    def gap(self, *, hit: bool) -> float | None:
        """Return the longest gap of those that were hit, or of the others; None = there is none."""
        found = [
            gap for symbol, gap in self.gaps.items() if (self.symbol in (symbol, EVERYBODY)) is hit
        ]
        return max(found, default=None)


def run(arguments: list[str]) -> int:
    """Run, strike, print a report."""
    parser = argparse.ArgumentParser(prog="benchmarks soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=20.0, help="seconds between two faults")
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--rate", type=float, default=20.0, help="events/s of a symbol")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="a file for the report, besides the terminal")
    parser.add_argument("--json", type=Path, help="a file for all that was measured")
    options = parser.parse_args(arguments)
    pulses = Pulses(f"/tmp/tv-pulses-{os.getpid()}")  # noqa: S108 - short, and ours by pid
    try:
        config = _config(traded_symbols(options.symbols), pulses.path, options.rate)
        with running(config, TICKVISOR_TEST_HOOKS="1") as system:
            soak = Soak(system, pulses, options)
            soak.run()
            seen = system.processes()
            if not seen:
                print(f"soak: the supervisor is gone: {system.last_words()}")
                return 1
    finally:
        pulses.close()
    survivors = [one.pid for one in seen if one.is_running()]
    text = soak.report(survivors)
    print(text)
    if options.report:
        options.report.write_text(f"{text}\n")
    if options.json:
        options.json.write_text(json.dumps({**soak.facts(), "survivors": survivors}))
    return 1 if survivors or not all(one.healed for one in soak.rounds) else 0


def _config(symbols: list[str], pulses: str, rate: float) -> dict[str, Any]:
    bot = {"name": "pulse", "bot": "benchmarks.bots:PulseBot", "symbols": symbols, "pulses": pulses}
    return {
        "project": "soak",
        "factory": "SandboxFactory",
        "venue": {"feed": "synthetic", "seed": 1, "rate": rate},
        "stream": {"replicas": 2},
        "bots": [bot],
    }


class Soak:
    """One soak.

    Args:
        system: What is hit.
        pulses: Where its bots tell of their data.
        options: Minutes, seconds between two faults, seed.
    """

    def __init__(self, system: System, pulses: Pulses, options: argparse.Namespace) -> None:
        """Have hit nothing."""
        self._system = system
        self._pulses = pulses
        self._options = options
        self._memories = Memories()
        self._restarts: dict[str, int] = {}
        self._looks = 0
        self.rounds: list[Round] = []

    def run(self) -> None:
        """Let a round without a fault pass, then strike until the time is over."""
        chance = random.Random(self._options.seed)
        rounds = max(1, round(self._options.minutes * 60 / self._options.every) - 1)
        self._round(Strike("nothing", lambda *_: EVERYBODY), chance)
        bag: list[Strike] = []
        for _ in range(rounds):
            if not bag:  # every kind once, in a random order, before any comes again
                bag = chance.sample(STRIKES, len(STRIKES))
            self._round(bag.pop(), chance)
            if self._options.report:  # what there is so far, should the rest be cut short
                self._options.report.write_text(f"{self.report([])}\n")

    def _round(self, strike: Strike, chance: random.Random) -> None:
        self._pulses.end_round()
        try:
            symbol = strike.hit(self._system, chance, self._pulses.take)
        except OSError as error:  # its victim had ended just before
            print(f"soak: {strike.name} missed: {error}")
            return
        unwell = 0.0
        looks = round(self._options.every / LOOK_SECONDS)
        for look in range(looks):
            self._pulses.take(LOOK_SECONDS)
            if not self._look():
                unwell = (look + 1) * LOOK_SECONDS
        gaps = self._pulses.end_round()
        healed = self._look() and max(gaps.values()) < self._options.every
        self.rounds.append(Round(strike.name, symbol, unwell, healed, gaps))

    def _look(self) -> bool:
        status = self._system.status()
        if not status:
            return False
        if self._looks % SAMPLE_LOOKS == 0:
            self._memories.look(status, self._system.fork_server())
        self._looks += 1
        self._restarts = {one["name"]: one["restarts"] for one in status["workers"]}
        return bool(status["state"] == "running")

    def facts(self) -> dict[str, Any]:
        """Return all that was measured."""
        return {
            "rounds": [one._asdict() for one in self.rounds],
            "restarts": self._restarts,
            "longest_s": {name: ns / 1e9 for name, ns in self._pulses.longest.items()},
            "growth": {name: one._asdict() for name, one in self._memories.growths().items()},
        }

    def report(self, survivors: list[int]) -> str:
        """Return the report as text."""
        faults = len(self.rounds) - 1
        bad = [one.strike for one in self.rounds if not one.healed]
        minutes = len(self.rounds) * self._options.every / 60
        return "\n\n".join(
            [
                f"soak: {minutes:g} minutes, {self._options.symbols} symbols at "
                f"{self._options.rate:g} events/s, {faults} faults, seed {self._options.seed}; "
                f"not healed: {', '.join(bad) or 'none'}; "
                f"processes left behind: {len(survivors)}",
                self._fault_table(),
                self._symbol_table(),
                self._process_table(),
            ]
        )

    def _fault_table(self) -> str:
        by_name: dict[str, list[Round]] = defaultdict(list)
        for one in self.rounds:
            by_name[one.strike].append(one)
        rows = []
        for name, rounds in by_name.items():
            hit = [gap for one in rounds if (gap := one.gap(hit=True)) is not None]
            others = [gap for one in rounds if (gap := one.gap(hit=False)) is not None]
            unwell = [one.unwell for one in rounds]
            rows.append(
                [
                    name, len(rounds), percentile(unwell, 50), percentile(unwell, 100),
                    *_middle_and_worst(hit), *_middle_and_worst(others),
                ]
            )  # fmt: skip
        header = [
            "fault", "n", "unwell p50 s", "max s", "gap of the hit p50 s", "max s",
            "gap of the others p50 s", "max s",
        ]  # fmt: skip
        return table("by fault (longest time without a book event in a bot)", header, rows)

    def _symbol_table(self) -> str:
        rows = [
            [symbol, ns / 1e9, self._restarts.get(f"bot:pulse:{symbol}", 0)]
            for symbol, ns in sorted(self._pulses.longest.items())
        ]
        return table("by symbol", ["symbol", "longest gap s", "restarts of its bot"], rows)

    def _process_table(self) -> str:
        rows = [
            [
                name,
                self._restarts.get(name, "-"),
                one.seconds,
                "-" if one.kb_per_minute is None else f"{one.kb_per_minute:+.1f}",
                one.highest_mb,
                "{}-{}".format(*one.descriptors),
            ]
            for name, one in sorted(self._memories.growths().items())
        ]
        header = [
            "process", "restarts", "longest life s", "kB/min in it", "highest private MB",
            "descriptors",
        ]  # fmt: skip
        return table("by process", header, rows)


def _middle_and_worst(values: list[float]) -> list[object]:
    return [percentile(values, 50), percentile(values, 100)] if values else ["-", "-"]
