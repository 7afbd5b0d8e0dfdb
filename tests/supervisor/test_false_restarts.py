"""A day in virtual time: healthy streams are never restarted, and every planted freeze is found."""

import io
import zipfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from lib.constants import NS_PER_SECOND, WorkerKind
from supervisor.crew.healing import judge
from supervisor.crew.worker import Worker
from supervisor.judges.ladder import Rung
from supervisor.judges.watch import LEARNED
from tests.supervisor.ward import beat, make, seconds

pytestmark = pytest.mark.timeout(300)

DAY = 86_400
ARCHIVE = "vision/futures-um-APEUSDT-aggTrades-2024-10-18.zip"
TIME_COLUMN = 5


def poisson(random: Random, mean: float) -> list[float]:
    """Return a day's events that are `mean` seconds apart."""
    found, now = [], random.expovariate(1 / mean)
    while now < DAY:
        found.append(now)
        now += random.expovariate(1 / mean)
    return found


def bursts(random: Random, pause: float) -> list[float]:
    """Return a day's events in bursts of some tens within seconds, `pause` seconds apart."""
    found = []
    for begin in poisson(random, pause):
        found += [begin + random.expovariate(1) for _ in range(random.randint(5, 60))]
    return sorted(found)


def night_and_day(random: Random) -> list[float]:
    """Return a day's events: two a second by day, one in twenty seconds by night."""
    return [at for at in poisson(random, 0.5) if at > DAY / 3 or random.random() < 0.025]


@pytest.fixture(scope="module")
def recorded(data_dir: Path) -> list[float]:
    """The times of all trades of APEUSDT on 2024-10-18, a whole day."""
    with zipfile.ZipFile(data_dir / ARCHIVE) as archive:
        [name] = archive.namelist()
        rows = io.TextIOWrapper(archive.open(name)).readlines()
    times = [int(row.split(",")[TIME_COLUMN]) for row in rows if row[0].isdigit()]
    midnight = times[0] // (DAY * 1_000) * DAY * 1_000
    return [(time - midnight) / 1_000 for time in times]


class Symbol:
    """One symbol's arrivals, with freezes in which nothing arrives."""

    def __init__(self, times: list[float], freezes: list[tuple[float, float]]) -> None:
        self._times = [at for at in times if not any(a <= at < b for a, b in freezes)]

    def at(self, now: float) -> tuple[int, float]:
        """Return (events so far, age of the newest)."""
        count = bisect_right(self._times, now)
        return count, now - self._times[count - 1] if count else now


def day(symbols: dict[str, Symbol]) -> Iterator[tuple[float, Worker, list[Rung]]]:
    """Let a stream worker beat each second of a day; yield its ladder's steps."""
    stream = make(WorkerKind.STREAM, book=LEARNED)
    for now in range(1, DAY):
        found = {name: symbol.at(now) for name, symbol in symbols.items()}
        ages = {name: age for name, (_, age) in found.items()}
        counts = {f"book:{name}": count for name, (count, _) in found.items()}
        beat(stream, now, {"book": ages}, counts=counts)
        healing = judge(stream, [stream], seconds(now))
        yield now, stream, [step.rung for step in healing.steps] if healing else []


QUIET = {
    "quiet": lambda random: poisson(random, 30.0),
    "illiquid": lambda random: poisson(random, 900.0),
    "bursty": lambda random: bursts(random, 120.0),
    "rare bursts": lambda random: bursts(random, 1_200.0),
    "night and day": night_and_day,
}


def restarts(times: list[float]) -> list[float]:
    """Return when a worker with one symbol would be restarted."""
    return [now for now, _, rungs in day({"X": Symbol(times, [])}) if Rung.RESTART in rungs]


@pytest.mark.parametrize("kind", QUIET)
def test_a_day_of_one_symbol_alone_is_no_reason_to_restart(kind: str) -> None:
    assert restarts(QUIET[kind](Random(7))) == []


def test_a_recorded_day_is_no_reason_to_restart(recorded: list[float]) -> None:
    assert restarts(recorded) == []


def lively(freezes: list[tuple[float, float]]) -> Symbol:
    return Symbol(poisson(Random(3), 0.08), freezes)


FREEZES = [(hour * 3_600.0, hour * 3_600.0 + 20.0) for hour in (1, 5, 9, 14, 20)]


def test_every_freeze_is_found_within_its_limit_and_nothing_else_is_restarted(
    recorded: list[float],
) -> None:
    random = Random(11)
    freezing = [*FREEZES, (18 * 3_600.0, 19 * 3_600.0)]
    symbols = {
        "BTCUSDT": lively(FREEZES),
        "recorded": Symbol(recorded, [(6 * 3_600.0, 7 * 3_600.0)]),
        "quiet": Symbol(poisson(random, 30.0), freezing),
        "illiquid": Symbol(poisson(random, 900.0), []),
        "bursty": Symbol(bursts(random, 120.0), []),
    }
    stale: dict[str, list[float]] = {name: [] for name in symbols}
    for now, stream, rungs in day(symbols):
        assert Rung.RESTART not in rungs or is_within(now, FREEZES), (now, stream.stale)
        for name in {one.symbol for one in stream.stale}:
            stale[name].append(now)

    for begin, end in FREEZES:
        found = min(now for now in stale["BTCUSDT"] if now >= begin)
        assert found - begin <= 4, "3 s, and one for the beat of this test"
        assert found < end
    assert any(18 * 3_600 < now < 19 * 3_600 for now in stale["quiet"])
    assert any(6 * 3_600 < now < 7 * 3_600 for now in stale["recorded"])
    assert [now for now in stale["BTCUSDT"] if not is_within(now, FREEZES)] == []


def is_within(now: float, freezes: list[tuple[float, float]]) -> bool:
    return any(begin <= now <= end + 2 for begin, end in freezes)


def test_a_frozen_btcusdt_is_noticed_within_three_seconds() -> None:
    times = [at / 20 for at in range(1, 20 * 600)]
    symbol, stream = Symbol(times, [(500.0, 600.0)]), make(WorkerKind.STREAM, book=LEARNED)
    for quarter in range(1, 4 * 600):
        count, age = symbol.at(quarter / 4)
        beat(stream, quarter / 4, {"book": {"BTCUSDT": age}}, counts={"book:BTCUSDT": count})
        if stream.watch.stale(quarter * NS_PER_SECOND // 4):
            break

    assert 500 < quarter / 4 <= 503
