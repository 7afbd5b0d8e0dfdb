"""The faults of a soak: each one hits a running system once, and says whom it hit."""

import os
import random
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.system import System

EVERYBODY = ""
FROZEN_SECONDS = 2.0
"""How long a frozen supervisor stays so: nobody else would end that."""

Pause = Callable[[float], None]


class Strike(NamedTuple):
    """One kind of fault.

    Args:
        name: For the report.
        hit: Does it; returns the symbol whose data it touches, `EVERYBODY` for all.
    """

    name: str
    hit: Callable[[System, random.Random, Pause], str]


def _send(kind: str, number: int) -> Callable[[System, random.Random, Pause], str]:
    def hit(system: System, chance: random.Random, _: Pause) -> str:
        worker = _any(system, kind, chance)
        os.kill(worker["pid"], number)
        return _touched(worker)

    return hit


def _hang(kind: str) -> Callable[[System, random.Random, Pause], str]:
    def hit(system: System, chance: random.Random, _: Pause) -> str:
        worker = _any(system, kind, chance)
        system.request(command="hook", worker=worker["name"], action="hang")
        return EVERYBODY

    return hit


def _venue(*faults: dict[str, Any]) -> Callable[[System, random.Random, Pause], str]:
    def hit(system: System, chance: random.Random, _: Pause) -> str:
        for fault in faults:
            system.venue("/venue/faults", fault)
        return EVERYBODY

    return hit


def _restart(system: System, chance: random.Random, _: Pause) -> str:
    worker = _any(system, chance.choice(["bot", "stream", "exchange"]), chance)
    system.request(command="restart", workers=[worker["name"]])
    return _touched(worker)


def _kill_server(system: System, _: random.Random, __: Pause) -> str:
    if server := system.fork_server():
        os.kill(server, signal.SIGKILL)
    return EVERYBODY


def _freeze_supervisor(system: System, _: random.Random, pause: Pause) -> str:
    pid = system.processes()[0].pid
    os.kill(pid, signal.SIGSTOP)
    pause(FROZEN_SECONDS)
    os.kill(pid, signal.SIGCONT)
    return EVERYBODY


def _any(system: System, kind: str, chance: random.Random) -> dict[str, Any]:
    found = system.until(lambda: _alive(system, kind))
    worker: dict[str, Any] = chance.choice(found)
    return worker


def _alive(system: System, kind: str) -> list[dict[str, Any]]:
    workers = system.status().get("workers", [])
    return [one for one in workers if one["kind"] == kind and one["pid"]]


def _touched(worker: dict[str, Any]) -> str:
    is_bot = worker["kind"] == "bot"
    return str(worker["name"].rpartition(":")[2]) if is_bot else EVERYBODY


STRIKES = (
    *(Strike(f"kill {kind}", _send(kind, signal.SIGKILL)) for kind in ("bot", "stream")),
    *(Strike(f"freeze {kind}", _send(kind, signal.SIGSTOP)) for kind in ("bot", "stream")),
    Strike("kill exchange", _send("exchange", signal.SIGKILL)),
    Strike("freeze exchange", _send("exchange", signal.SIGSTOP)),
    Strike("kill venue", _send("venue", signal.SIGKILL)),
    Strike("terminate bot", _send("bot", signal.SIGTERM)),
    Strike("abort bot", _send("bot", signal.SIGABRT)),
    Strike("busy loop in stream", _hang("stream")),
    Strike("busy loop in exchange", _hang("exchange")),
    Strike("kill fork server", _kill_server),
    Strike("freeze supervisor 2 s", _freeze_supervisor),
    Strike("restart by command", _restart),
    Strike("mute market 5 s", _venue({"name": "mute_market", "seconds": 5})),
    Strike(
        "mute one connection", _venue({"name": "mute_market", "seconds": 15, "existing_only": True})
    ),
    Strike("mute account 5 s", _venue({"name": "mute_user", "seconds": 5})),
    Strike("cut all websockets", _venue({"name": "close_all", "hard": True})),
    Strike(
        "refuse websockets 3 s",
        _venue({"name": "refuse_connects", "seconds": 3}, {"name": "close_all"}),
    ),
    Strike("REST says 503 for 3 s", _venue({"name": "reject_rest", "seconds": 3})),
    Strike("REST resets for 3 s", _venue({"name": "reset_rest", "seconds": 3})),
    Strike(
        "market 0.5 s late for 5 s", _venue({"name": "delay_market", "seconds": 5, "delay": 0.5})
    ),
    Strike("broken JSON", _venue({"name": "malformed", "count": 5})),
    Strike("listenKey expires", _venue({"name": "expire_listen_key"})),
)
