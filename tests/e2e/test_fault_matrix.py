"""Worker kind x illness: seen as what it is, in time, healed by the right rung, alone.

The limits are those that the configuration gives, plus what a loaded machine may take.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import System, make_system, sandbox, until
from tests.e2e.ill_bots import LOOP
from tests.e2e.matrix import Matrix, events

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ILL = f"{Path(__file__).with_name('ill_bots.py')}:IllBot"
WITNESS = "bot:quoter:BTCUSDT"
SYMBOLS = (
    "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "BNBUSDT", "LTCUSDT", "LINKUSDT", "TRXUSDT",
    "BCHUSDT",
)  # fmt: skip
TOUGH = "ETCUSDT"
"""Symbol of the bot that goes on after an error."""
SLACK = 4.0
"""Seconds that a loaded machine may add to any limit."""
HEARTBEAT = 1.5
BOOK = 2.0
SOON = 0.0
RESTARTED = ("restart", "backoff, restart")
"""A worker that has died before waits a little."""
DAEMONS = ("venue", "exchange", "stream")


def ill(symbol: str) -> str:
    return f"bot:{'tough' if symbol == TOUGH else 'ill'}:{symbol}"


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    triggers = tmp_path_factory.mktemp("triggers")
    bots = [
        {"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT"]},
        {"name": "ill", "bot": ILL, "symbols": [*SYMBOLS], "triggers": str(triggers)},
        {
            "name": "tough",
            "bot": ILL,
            "symbols": [TOUGH],
            "triggers": str(triggers),
            "on_error": "continue",
        },
    ]
    config = sandbox(
        "matrix",
        bots=bots,
        restart={"limit": "1000 in 60s", "backoff": "0..1s", "bot": {"limit": "3 in 60s"}},
        resources={"bot": {"memory_max": "200MB", "descriptors": 200}},
    )
    config["watchdog"] |= {"lag": "400ms", "slow_restart": "1s", "errors": "50 in 10s"}
    config["watchdog"] |= {"heartbeat": f"{HEARTBEAT:g}s"}
    with make_system(config) as system:
        made = Matrix(system.start(), triggers)
        yield made
        made.write()


def kill(system: System, name: str, number: int) -> None:
    os.kill(system.worker(name)["pid"], number)


@pytest.mark.parametrize("kind", DAEMONS)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_worker_that_a_signal_ends_is_dead_and_replaced(
    matrix: Matrix, kind: str, number: signal.Signals
) -> None:
    rows = matrix.infect(number.name, [kind], lambda: kill(matrix.system, kind, number))

    assert rows[kind].seen_as == f"dead by signal {-number}"
    assert rows[kind].seen < SOON + SLACK
    assert rows[kind].healed_by in RESTARTED


@pytest.mark.parametrize("kind", DAEMONS)
def test_worker_whose_loop_is_stuck_is_hung_and_replaced(matrix: Matrix, kind: str) -> None:
    for illness in ("SIGSTOP", "busy loop"):

        def act(illness: str = illness) -> None:
            if illness == "SIGSTOP":
                kill(matrix.system, kind, signal.SIGSTOP)
            else:
                matrix.system.request(command="hook", worker=kind, action="hang")

        row = matrix.infect(illness, [kind], act)[kind]

        assert row.seen_as == "hung"
        assert row.seen < HEARTBEAT + SLACK
        assert row.healed_by in RESTARTED


def test_bots_fall_ill_in_nine_ways_at_once_and_each_is_told_apart(matrix: Matrix) -> None:
    ways = dict(zip(SYMBOLS, ILLNESSES, strict=True))

    def act() -> None:
        for symbol, illness in ways.items():
            if illness in SIGNALS:
                kill(matrix.system, ill(symbol), SIGNALS[illness])
            else:
                matrix.catch(symbol, illness)

    rows = matrix.infect("nine illnesses", [ill(symbol) for symbol in ways], act)
    matrix.rows = [row for row in matrix.rows if row.illness != "nine illnesses"]
    for symbol, illness in ways.items():
        row = rows[ill(symbol)]._replace(illness=illness)
        matrix.rows.append(row)
        seen_as, limit = ILLNESSES[illness]
        assert row.seen_as == seen_as, row
        assert row.seen < limit + SLACK, row
        assert row.healed_by in RESTARTED, row


SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGSTOP": signal.SIGSTOP}
TOLD = 1.0
"""An ill bot looks at its trigger once a second."""
ILLNESSES: dict[str, tuple[str, float]] = {
    "SIGKILL": (f"dead by signal {-signal.SIGKILL}", SOON),
    "abort in C": (f"dead by signal {-signal.SIGABRT}", TOLD + 1),  # with a dump of its threads
    "exit 0": ("exited exit 0", TOLD),
    "exception": ("exited exit 1", TOLD),
    "SIGSTOP": ("hung", HEARTBEAT),
    "busy loop": ("hung", TOLD + HEARTBEAT),
    "deadlock": ("hung", TOLD + HEARTBEAT),
    "leaks descriptors": ("sick", TOLD + 6),
    "leaks memory": ("sick", TOLD + 10),
}
"""Illness -> what it is seen as, and within how many seconds."""


@pytest.mark.parametrize(
    ("symbol", "illness", "seen_as", "limit"),
    [
        (SYMBOLS[2], "slow handler", "slow", 12.0),
        (TOUGH, "error after error", "sick", 12.0),
    ],
)
def test_bot_that_works_but_badly_is_told_from_one_that_does_not(
    matrix: Matrix, symbol: str, illness: str, seen_as: str, limit: float
) -> None:
    row = matrix.infect(illness, [ill(symbol)], lambda: matrix.catch(symbol, illness))[ill(symbol)]

    assert row.seen_as == seen_as
    assert row.seen < TOLD + limit + SLACK
    assert row.healed_by in RESTARTED


def test_bot_that_is_ill_from_birth_is_isolated_alone(matrix: Matrix) -> None:
    system, name = matrix.system, ill(SYMBOLS[1])
    before = {one["name"]: one["incarnation"] for one in system.until_running()["workers"]}

    matrix.catch(SYMBOLS[1], LOOP)
    until("it is isolated", lambda: system.worker(name)["state"] == "failed")

    after = {one["name"]: one["incarnation"] for one in system.status()["workers"]}
    assert [one for one in after if after[one] != before[one]] == [name]
    system.until_flowing([WITNESS])
    (matrix.triggers / SYMBOLS[1]).unlink()
    assert system.run("restart", name).returncode == 0
    system.until_running()


MUTE: dict[str, dict[str, Any]] = {
    "mute: one symbol": {"symbol": "BTCUSDT"},
    "mute: every market stream": {},
    "mute: the present connections": {"existing_only": True},
}


@pytest.mark.parametrize("illness", MUTE)
def test_muted_market_is_stale_and_healed_as_far_as_needed(matrix: Matrix, illness: str) -> None:
    system = matrix.system
    seconds = {} if "existing_only" in MUTE[illness] else {"seconds": BOOK + 3}
    fault = {"name": "mute_market", **MUTE[illness], **seconds}

    row = matrix.infect(illness, ["stream"], lambda: system.venue("/venue/faults", fault))["stream"]

    system.venue("/venue/faults", method="DELETE")
    assert row.seen_as == "stale"
    assert row.seen < BOOK + SLACK
    assert "resubscribe" in row.healed_by
    if illness != "mute: every market stream":
        # a new connection is enough; and the other symbols' data is worth more than one's
        assert "restart" not in row.healed_by


def test_every_life_of_the_matrix_has_its_start_and_its_end_in_the_events(matrix: Matrix) -> None:
    last: dict[str, str] = {}
    for one in events(matrix.system, 0):
        if one["event"] in ("started", "exited", "not started") and one["worker"] != "supervisor":
            kind = "started" if one["event"] == "started" else "ended"
            assert last.get(one["worker"], "ended") != kind, one
            last[one["worker"]] = kind
    assert set(last.values()) == {"started"}
