"""A host that is gone tells nobody: somebody elsewhere must miss a sign of life."""

import queue
import signal
from pathlib import Path

import pytest

from lib.constants import NS_PER_SECOND
from supervisor.record.bounds import Bounds
from supervisor.record.event_log import EventLog, EventTail
from supervisor.record.history import History
from supervisor.record.hook_rules import Hook
from tests.supervisor.record.test_hook_rules import hook
from tests.supervisor.record.test_hooks import SECONDS, Rig, Web

pytestmark = pytest.mark.process
MINUTE = 60 * NS_PER_SECOND


def run(folder: Path, told: Hook) -> tuple[History, Rig]:
    rig = Rig(folder, told)
    log = EventLog(rig.events, Bounds(1_000_000, 1))
    return History(lambda: 5, 7, None, quiet=True, as_json=False, events=log, hooks=rig.hooks), rig


def test_life_is_told_while_the_supervisor_works_and_missed_when_the_host_is_gone(
    tmp_path: Path,
) -> None:
    web = Web()
    history, rig = run(tmp_path, hook(target=[f"http://{web.host}/"], events=["alive"], every=0.0))
    history.tick(0)
    assert web.got.get(timeout=SECONDS)["event"] == "alive"
    history.tick(MINUTE)
    assert web.got.get(timeout=SECONDS)["worker"] == "supervisor"
    # no entry of the event log: it would hold little else after a week
    assert list(EventTail(rig.events).read()) == []
    assert rig.hooks.child is not None
    rig.hooks.child.send(signal.SIGKILL)  # as with a host that loses power, nobody says goodbye
    assert rig.hooks.child.wait(SECONDS)
    with pytest.raises(queue.Empty):
        web.got.get_nowait()
    history.close()
    web.close()


def test_a_supervisor_that_stands_still_is_missed_though_the_hooks_live(tmp_path: Path) -> None:
    web = Web()
    history, _ = run(tmp_path, hook(target=[f"http://{web.host}/"], events=["alive"], every=0.0))
    history.tick(0)
    assert web.got.get(timeout=SECONDS)["event"] == "alive"
    with pytest.raises(queue.Empty):
        web.got.get(timeout=0.2)
    history.close()
    web.close()


def test_who_does_not_name_it_is_not_told(tmp_path: Path) -> None:
    web = Web()
    history, _ = run(tmp_path, hook(target=[f"http://{web.host}/"], level="info"))
    history.tick(0)
    history.add("stream", "stale")
    assert web.got.get(timeout=SECONDS)["event"] == "stale"
    history.close()
    web.close()
