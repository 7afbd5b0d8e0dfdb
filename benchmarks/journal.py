"""What a long journal costs: commits, the compaction of each second, and the start of a new life.

Journals of a day with ever more orders, a third of them filled, all acknowledged and swept. Beside
the start stands the reading of everything, which it does without.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.order_costs import Desk
from benchmarks.table import percentile, table
from lib.constants import NS_PER_SECOND, Status
from lib.journal.store import Store
from lib.oms.rows import ACKS, SWEPT, TALLY, FillRow, OrderRow, Row, fact, row_of

SYMBOLS = [f"S{number}USDT" for number in range(20)]
SIZES = (3_000, 30_000, 300_000)
DAY_NS = 24 * 3_600 * NS_PER_SECOND
SPAN_NS = DAY_NS * 5 // 6
"""All that was sent is younger than what a compaction removes."""
CHUNK = 5_000
COMMITS = 500


def fill_up(store: Store, count: int, now_ns: int) -> None:
    """Write a day's orders and fills, and that nothing of them is left to do."""
    desk = Desk(SYMBOLS)
    bases = [row_of(desk.accept(f"bot:{symbol}")) for symbol in SYMBOLS]
    newest: dict[str, int] = {}
    rows: list[Row] = []
    for number in range(count):
        base = bases[number % len(bases)]
        at_ns = now_ns - SPAN_NS + number * (SPAN_NS // count)
        name = f"{base.id[:8]}-{number:020}"
        filled = number % 3 == 0
        status = Status.FILLED if filled else Status.CANCELED
        rows.append(base._replace(id=name, status=status.value, sent_ns=at_ns, event_ns=at_ns))
        if filled:
            newest[base.owner] = newest.get(base.owner, 0) + 1
            rows.append(_fill(rows[-1], number, newest[base.owner]))
        if len(rows) > CHUNK:
            store.write(rows)
            rows = []
    tally = {"date": "", "counted": newest, "results": {}}
    marks = [fact(f"{SWEPT}{symbol}", count) for symbol in SYMBOLS]
    store.write([*rows, fact(ACKS, newest), fact(TALLY, tally), *marks])


def _fill(order: Any, number: int, sequence: int) -> FillRow:
    return FillRow(
        order.symbol, number, number, order.owner, sequence, order.id, order.side, order.qty,
        order.price, "0", "USDT", 1, order.event_ns, "[]",
    )  # fmt: skip


def timed(work: Callable[[], Any]) -> float:
    """Return how many ms some work takes."""
    begun_ns = time.perf_counter_ns()
    work()
    return (time.perf_counter_ns() - begun_ns) / 1e6


def read_all(store: Store) -> None:
    """Read every order and fill, as one need not."""
    connection = store._connection  # noqa: SLF001 - a way that the store does not offer
    [OrderRow(*row) for row in connection.execute("SELECT * FROM orders")]
    [FillRow(*row) for row in connection.execute("SELECT * FROM fills")]


def measure(count: int) -> list[Any]:
    """Return the table's line of one size."""
    now_ns = time.time_ns()
    with tempfile.TemporaryDirectory(prefix="tvb-") as folder:
        store = Store(Path(folder))
        fill_up(store, count, now_ns)
        store.close()
        opened = timed(lambda: Store(Path(folder)).close())
        store = Store(Path(folder))
        read = timed(lambda: store.read(now_ns - DAY_NS))
        compact = [timed(lambda: store.compact(now_ns - DAY_NS)) for _ in range(20)]
        desk = Desk(SYMBOLS)
        commits = []
        for number in range(COMMITS):
            row = row_of(desk.accept(f"bot:{SYMBOLS[number % len(SYMBOLS)]}"))
            commits.append(timed(lambda row=row: store.write([row])) * 1e3)  # type: ignore[misc]
        everything = timed(lambda: read_all(store))
        size = sum(path.stat().st_size for path in Path(folder).glob("journal.sqlite*")) / 1e6
        store.close()
    return [
        f"{count:,}", size, percentile(commits, 50), percentile(commits, 99),
        percentile(compact, 50), opened + read, everything,
    ]  # fmt: skip


def run(arguments: list[str]) -> int:
    """Measure and print; the exit code is 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks journal", description=__doc__)
    parser.add_argument("--orders", type=int, nargs="+", default=SIZES, help="default: %(default)s")
    wanted = parser.parse_args(arguments)
    header = [
        "orders", "MB", "commit p50 µs", "p99", "compact ms", "start reads ms", "everything ms",
    ]  # fmt: skip
    print(table("one day, 20 symbols", header, [measure(count) for count in wanted.orders]))
    return 0
