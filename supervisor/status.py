"""The status object that `supervisor status --json` prints."""

import os
from collections.abc import Iterable
from typing import Any

import psutil

from lib.constants import NS_PER_SECOND, WorkerState
from supervisor.worker import Worker

SAMPLE_SECONDS = 1.0
"""Shortest time over which a CPU share is computed."""


class Usage:
    """Memory and CPU share of processes, sampled when asked."""

    def __init__(self) -> None:
        """Know no process."""
        self._processes: dict[int, psutil.Process] = {}
        self._samples: dict[int, tuple[int, int, float]] = {}

    def of(self, pid: int, now_ns: int) -> tuple[int, float]:
        """Return (resident bytes, percent of one core since the last sample)."""
        try:
            process = self._processes.get(pid)
            if process is None:
                process = self._processes[pid] = psutil.Process(pid)
            sampled = self._samples.get(pid)
            if sampled and now_ns - sampled[0] < SAMPLE_SECONDS * NS_PER_SECOND:
                return sampled[1], sampled[2]
            with process.oneshot():
                rss, percent = process.memory_info().rss, process.cpu_percent(None)
        except psutil.Error:
            self.forget(pid)
            return 0, 0.0
        self._samples[pid] = (now_ns, rss, percent)
        return rss, percent

    def forget(self, pid: int) -> None:
        """Drop a process that is gone."""
        self._processes.pop(pid, None)
        self._samples.pop(pid, None)


def run_state(workers: Iterable[Worker], *, started: bool, stopping: bool) -> str:
    """Return the whole run's state: running, degraded, starting or stopping."""
    if stopping:
        return "stopping"
    if not started:
        return "starting"
    return "running" if all(worker.ready for worker in workers) else "degraded"


def status(
    head: dict[str, Any], workers: Iterable[Worker], usage: Usage, now_ns: int
) -> dict[str, Any]:
    """Return the status object; `head` holds its first fields."""
    rss, percent = usage.of(os.getpid(), now_ns)
    return {
        **head,
        "rss_bytes": rss,
        "cpu_percent": round(percent, 1),
        "workers": [_worker(worker, usage, now_ns) for worker in workers],
    }


def _worker(worker: Worker, usage: Usage, now_ns: int) -> dict[str, Any]:
    life, watch, beat = worker.life, worker.watch, worker.watch.last
    alive = worker.child is not None
    rss, percent = usage.of(worker.child.pid, now_ns) if worker.child else (0, 0.0)
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
        "rss_bytes": rss,
        "cpu_percent": round(percent, 1),
        "note": beat.note if beat and alive else "",
        "due_s": _due(worker, now_ns),
    }


def _due(worker: Worker, now_ns: int) -> float | None:
    due_ns = worker.life.deadline()
    waiting = worker.life.state in (WorkerState.BACKOFF, WorkerState.FAILED)
    return round((due_ns - now_ns) / NS_PER_SECOND, 3) if waiting and due_ns else None
