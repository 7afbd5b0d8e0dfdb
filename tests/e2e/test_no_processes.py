"""The system has no process left for us, or our interpreter is gone: nobody is lost for good."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.harness import ROOT, System, make_system, sandbox, until
from tests.e2e.test_acceptance_many import children_titled, fork_servers

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

SHIM = Path(__file__).parent / "nofork"
REFUSED_SECONDS = 3.0
ANSWER_SECONDS = 2.5
"""Five times what `status` may take."""
VICTIM, WITNESS = "bot:quoter:BTCUSDT", "bot:quoter:ETHUSDT"


@pytest.fixture
def refusal(tmp_path: Path) -> Path:
    return tmp_path / "refusal"


def answers_while(system: System, seconds: float) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        asked = time.monotonic()
        assert system.try_status() is not None
        assert time.monotonic() - asked < ANSWER_SECONDS


@pytest.mark.parametrize("reason", ["EAGAIN", "ENOENT"])
@pytest.mark.long
def test_worker_that_cannot_be_started_is_started_as_soon_as_it_can(
    refusal: Path, reason: str
) -> None:
    bots = [{"name": "quoter", "bot": "QuoterBot", "symbols": ["BTCUSDT", "ETHUSDT"]}]
    with make_system(sandbox("nofork", bots=bots)) as system:
        system.environment |= {
            "TICKVISOR_NOFORK": str(refusal),
            "PYTHONPATH": f"{SHIM}:{ROOT}",
        }
        system.start()
        before = system.worker(VICTIM)
        witness = system.worker(WITNESS)["incarnation"]
        spares = until("a spare worker", lambda: children_titled(system, "spare worker"))
        refusal.write_text(reason)

        if reason == "ENOENT":  # with it goes the way by the fork server, too
            os.kill(fork_servers(system)[0], signal.SIGKILL)
            until("it is gone", lambda: "fork server ended" in system.history())
        os.kill(spares[0], signal.SIGKILL)
        until("it is gone", lambda: "spare worker ended" in system.history())
        os.kill(before["pid"], signal.SIGKILL)
        until("it is told", lambda: "not started" in system.history())
        answers_while(system, REFUSED_SECONDS)
        assert not system.worker(VICTIM)["pid"]

        refusal.unlink()
        system.until_replaced(before)
        system.until_running()
        assert system.worker(WITNESS)["incarnation"] == witness
