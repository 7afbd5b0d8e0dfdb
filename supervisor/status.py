"""The status object that `supervisor status --json` prints."""

import os
from collections.abc import Iterable
from typing import Any

from lib.constants import NS_PER_SECOND, WorkerState
from supervisor.crew.worker import Worker
from supervisor.judges.illness import Illness
from supervisor.judges.sickness import Used
from supervisor.processes.meter import Meter


def run_state(workers: Iterable[Worker], *, started: bool, stopping: bool) -> str:
    """Return the whole run's state: running, degraded, starting or stopping."""
    if stopping:
        return "stopping"
    if not started:
        return "starting"
    return "running" if all(worker.ready for worker in workers) else "degraded"


def status(
    head: dict[str, Any], workers: Iterable[Worker], meter: Meter, now_ns: int
) -> dict[str, Any]:
    """Return the status object; `head` holds its first fields."""
    used = meter.of(os.getpid(), now_ns)
    return {
        **head,
        "rss_bytes": used.memory,
        "cpu_percent": round(used.cpu * 100, 1),
        "workers": [_worker(worker, meter, now_ns) for worker in workers],
    }


def _worker(worker: Worker, meter: Meter, now_ns: int) -> dict[str, Any]:
    life, watch, beat = worker.life, worker.watch, worker.watch.last
    alive = worker.child is not None
    used = meter.of(worker.child.pid, now_ns) if worker.child else Used(0, 0.0)
    last_exit = life.last_exit
    ages = watch.ages(now_ns) if alive else {}
    return {
        "name": worker.name,
        "kind": worker.spec.kind.value,
        "pid": worker.pid,
        "state": life.state.value,
        "restarts": life.restarts,
        "incarnation": worker.incarnation,
        "uptime_s": round((now_ns - worker.born_ns) / NS_PER_SECOND, 3) if alive else 0.0,
        "last_exit": None
        if last_exit is None
        else {
            "reason": last_exit.reason.value,
            "code": last_exit.code,
            "at_ns": last_exit.at_ns,
            "lines": worker.last_words,
        },
        "heartbeat_age_s": round(watch.heartbeat_age(now_ns), 3) if alive and beat else None,
        "data_age_s": {
            channel: {symbol: round(age, 3) for symbol, age in by_symbol.items()}
            for channel, by_symbol in ages.items()
        },
        "events": beat.events if beat and alive else 0,
        "events_per_s": round(watch.events_per_s, 1) if alive else 0.0,
        "dropped": beat.dropped if beat and alive else 0,
        "lag_ms": round(beat.lag_ns / 1e6, 1) if beat and alive else 0.0,
        "delay_ms": round(beat.delay_ns / 1e6, 1) if beat and alive else 0.0,
        "errors": beat.errors if beat and alive else 0,
        "rss_bytes": used.memory,
        "cpu_percent": round(used.cpu * 100, 1),
        "descriptors": used.descriptors,
        "resources": worker.spec.care.resources.given(),
        "illnesses": {illness.value: life.illnesses[illness] for illness in Illness},
        "ill": {ill.value: finding.evidence for ill, finding in worker.ills.items()},
        "stale": [str(one) for one in worker.stale] if alive else [],
        "note": beat.note if beat and alive else "",
        "due_s": _due(worker, now_ns),
    }


def _due(worker: Worker, now_ns: int) -> float | None:
    due_ns = worker.life.deadline()
    waiting = worker.life.state in (WorkerState.BACKOFF, WorkerState.FAILED)
    return round((due_ns - now_ns) / NS_PER_SECOND, 3) if waiting and due_ns else None
