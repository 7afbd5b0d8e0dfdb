"""Benches and questions that the sections' tests share."""

from pathlib import Path
from typing import Any

from tests.workers.exchange_bench import Bench

FREE = {"max_open_orders": 0, "max_orders_per_second": 0, "max_refusals": 0}
RISK = {**FREE, "account": FREE}
"""No limit on the number of orders."""
QUICK = {
    "order_window": 1.0,
    "absence_margin": 0.3,
    "absence_margin_conditional": 0.3,
    "absence_apart": 0.3,
}
"""Proofs of absence as ever, only sooner."""


def free_bench(run_dir: Path, **exchange: Any) -> Bench:
    """Return a bench whose bots may send as many orders as they like."""
    return Bench(run_dir, {"risk": RISK, **QUICK, **exchange})


def fault(bench: Bench, name: str, **args: Any) -> None:
    """Have the venue play a fault."""
    bench.venue.venue.add_fault({"name": name, **args}, bench.venue.now())


def clear_faults(bench: Bench) -> None:
    """End all lasting faults."""
    bench.venue.venue.clear_faults("", bench.venue.now())


def placed(bench: Bench, client_id: str) -> list[str]:
    """Return the states of all orders that the venue accepted for one intent."""
    ids = {client_id, *(f"{client_id}.{attempt}" for attempt in range(2, 6))}
    ledger = bench.ledger()
    rows = [row for row in ledger["orders"] if row["client_id"] in ids] or [
        row for row in ledger["algo_orders"] if row["client_id"] in ids
    ]
    return [row["status"] for row in rows]


def requests(bench: Bench, method: str, path: str) -> list[dict[str, Any]]:
    """Return the requests of one kind that the venue got."""
    return [
        row
        for row in bench.venue.venue.ledger()["requests"]
        if (row["method"], row["path"]) == (method, path)
    ]
