"""Hot standby: two stream workers, and no event is missing whatever happens to either one."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import System, make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

BOTS = Path(__file__).parent / "bots.py"


def standby(ledger: Path) -> dict[str, Any]:
    bot = {
        "name": "ledger",
        "bot": f"{BOTS}:TradeLedgerBot",
        "symbols": ["BTCUSDT"],
        "ledger": str(ledger),
    }
    return sandbox(
        "standby",
        bots=[bot],
        venue={"feed": "synthetic", "seed": 5, "rate": 60},
        stream={"replicas": 2, "channels": ["book", "trade"]},
        restart={"limit": "1000 in 60s"},
    )


def received(ledger: Path) -> list[str]:
    """Return the trades that the bot was handed, in order: "price quantity"."""
    return [line.partition(" ")[2] for line in ledger.read_text().splitlines()]


def sent(system: System) -> list[str]:
    """Return the venue's own list of its newest trades, in order."""
    rows = system.venue("/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1000")
    return [f"{row['p']} {row['q']}" for row in rows]


def is_run_of(part: list[str], whole: list[str]) -> bool:
    """Return whether `part` stands in `whole` without a gap or a repetition."""
    starts = [index for index, trade in enumerate(whole) if trade == part[0]]
    return any(whole[start : start + len(part)] == part for start in starts)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_no_event_is_missing_or_doubled_when_a_replica_fails(tmp_path: Path, number: int) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    with make_system(standby(ledger)) as system:
        system.start()
        until("trades arrive", lambda: len(received(ledger)) > 5)
        for name in ("stream-1", "stream-2"):
            before = system.worker(name)

            os.kill(before["pid"], number)
            system.until_replaced(before)
            seen = len(received(ledger))
            until("more trades arrive", lambda seen=seen: len(received(ledger)) > seen + 5)

            got = received(ledger)
            assert is_run_of(got, sent(system)), (got, sent(system))
