"""The folder that a backtest leaves: `results.json`, tables, the bots' log; and its reading.

`results.json` and the tables depend on input and seed alone; what the wall clock measured stands
in `timing.json`.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import Any, Protocol

from lib.backtest.broker import Broker
from lib.backtest.latencies import Latencies
from lib.backtest.latency_section import MOMENTS
from lib.backtest.recorder import HORIZONS, PATH, RunRecorder
from lib.backtest.settings import Settings
from lib.backtest.trades import fill_figures, holding_figures, order_figures
from lib.errors import ConfigError
from lib.helpers import plain
from lib.models import ZERO

FORMAT = 1
RESULTS, TIMING, LOG = "results.json", "timing.json", "bots.log"
LATENCY = "latency.yaml"
MOMENTS_TABLE = "latency.csv"
"""Of a run that was no backtest."""
FILLS, ORDERS, EQUITY = "fills.csv", "orders.csv", "equity.csv"
FILL_COLUMNS = (
    "time_ns", "owner", "order_id", "symbol", "side", "price", "qty", "fee", "realised", "maker",
    "trade_id", "mid", "position",
)  # fmt: skip
ORDER_COLUMNS = (
    "id", "owner", "symbol", "side", "type", "price", "qty", "post_only", "reduce_only", "tag",
    "posted_ns", "arrives_ns", "accepted_ns", "ended_ns", "status", "filled", "reason",
)  # fmt: skip


class Totals(Protocol):
    """What is asked of the account at the end."""

    funding: Decimal
    liquidations: int


def summarise(
    settings: Settings, recorder: RunRecorder, broker: Broker, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `results.json` holds; money as exact strings.

    Args:
        settings: What was configured.
        recorder: What happened.
        broker: The account at the end.
        facts: What the run says of itself: `complete`, `failure`, `end_ns`, `events`, …
    """
    return _summary(settings.project, settings.seed, settings.echo, recorder, broker, facts)


def _summary(
    project: str,
    seed: int,
    echo: Mapping[str, Any],
    recorder: RunRecorder,
    broker: Totals,
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    stats = recorder.stats
    total = {
        "first_equity": stats.first,
        "last_equity": stats.last,
        "profit": stats.profit,
        "return": round(stats.total_return, 10),
        "funding": broker.funding,
        "unrealised": sum((trail.unrealised for trail in recorder.trails.values()), ZERO),
        "max_drawdown": stats.max_drawdown,
        "max_drawdown_fraction": round(stats.max_drawdown_fraction, 10),
        "longest_drawdown_s": round(stats.longest_drawdown_ns / 1e9, 3),
        "sharpe": round(stats.sharpe, 6),
        "sortino": round(stats.sortino, 6),
        "forced_trades": broker.liquidations,
        **fill_figures(recorder.fills),
        **order_figures(recorder.orders),
    }
    symbols = {symbol: _of_symbol(recorder, symbol) for symbol in recorder.trails}
    return {
        "format": FORMAT,
        "project": project,
        **facts,
        "start_ns": recorder.start_ns,
        "seed": seed,
        "config": echo,
        "total": to_json(total),
        "symbols": to_json(symbols),
    }


class LivedRun(Protocol):
    """A run that was no backtest."""

    project: str
    config: dict[str, Any]
    recorder: RunRecorder
    end_ns: int
    events: int
    origin: dict[str, Any]
    """Where it was read from."""
    missing: list[str]
    """What is not known of it, in words."""
    latencies: Latencies

    @property
    def account(self) -> Totals:
        """Return what is asked of the account at the end."""


def write_lived(folder: Path, run: LivedRun) -> None:
    """Write the tables of a live or sandbox run, as those of a backtest."""
    facts = {
        "kind": "live run",
        "complete": True,
        "failure": "",
        "end_ns": run.end_ns,
        "events": run.events,
        "market": run.origin,
        "missing": run.missing,
        "warnings": 0,
    }
    summary = _summary(run.project, 0, run.config, run.recorder, run.account, facts)
    write_results(folder, summary, run.recorder)
    section: dict[str, Any] = run.latencies.section()
    table = run.latencies.table()
    if table:
        section[MOMENTS] = MOMENTS_TABLE
        _replace(folder / MOMENTS_TABLE, table)
    text = json.dumps({"backtest": {"latency": section}})
    _replace(folder / LATENCY, f"# as measured; for `supervisor backtest CONFIG --add`\n{text}\n")


def _of_symbol(recorder: RunRecorder, symbol: str) -> dict[str, Any]:
    trail = recorder.trails[symbol]
    fills = [marked for marked in recorder.fills if marked.fill.symbol == symbol]
    orders = [order for order in recorder.orders if order.symbol == symbol]
    return {
        "profit": trail.realised - trail.fees + trail.unrealised,
        "unrealised": trail.unrealised,
        "position": fills[-1].fill.position if fills else ZERO,
        "largest_position": trail.largest,
        "two_sided": round(trail.two_sided / trail.samples, 6) if trail.samples else 0.0,
        "holding": holding_figures(marked.fill for marked in fills),
        **fill_figures(fills),
        **order_figures(orders),
    }


def to_json(value: Any) -> Any:
    """Return a value that JSON knows; amounts become exact strings without exponent."""
    if isinstance(value, Decimal):
        return plain(value.normalize()) if value else "0"
    if isinstance(value, Mapping):
        return {key: to_json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(part) for part in value]
    return value


def write_results(folder: Path, summary: Mapping[str, Any], recorder: RunRecorder) -> None:
    """Write all but the timing; an older result in the folder is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (*FILL_COLUMNS, *(f"mid_{seconds:g}s" for seconds in HORIZONS))
    rows = (
        [getattr(each.fill, name) for name in FILL_COLUMNS] + each.later for each in recorder.fills
    )
    _write_table(folder / FILLS, columns, rows)
    _write_table(
        folder / ORDERS,
        ORDER_COLUMNS,
        ([getattr(order, name) for name in ORDER_COLUMNS] for order in recorder.orders),
    )
    _write_table(folder / EQUITY, ("time_ns", "equity"), recorder.equity.rows())
    for symbol, trail in recorder.trails.items():
        _write_table(path_file(folder, symbol), ("time_ns", *PATH), trail.path.rows())
    text = json.dumps(summary, indent=1, ensure_ascii=False, default=str)
    # Last: a folder that has it is whole.
    _replace(folder / RESULTS, text + "\n")


def path_file(folder: Path, symbol: str) -> Path:
    """Return the table of one symbol's path."""
    return folder / f"path-{symbol}.csv"


def read_results(folder: Path) -> dict[str, Any]:
    """Return what `results.json` holds.

    Raises:
        ConfigError: There is none, or it is of another format.
    """
    try:
        found = json.loads((folder / RESULTS).read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"{folder} holds no {RESULTS}; right would be the --out folder of a backtest"
        ) from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder / RESULTS} cannot be read: {error}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ConfigError(f"{folder / RESULTS} is not of format {FORMAT}")
    return found


def read_table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, as text; [] where there is none."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write_table(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    _replace(path, text.getvalue())


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, float):
        return "" if isnan(value) else repr(value)
    if isinstance(value, bool):
        return int(value)
    return "" if value is None else value


def _replace(path: Path, text: str) -> None:
    # A second process may write the same: a killed sweep's trial, beside the one that goes on.
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    draft.write_text(text, "utf-8")
    draft.replace(path)
