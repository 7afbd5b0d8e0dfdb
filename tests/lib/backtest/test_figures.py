"""Known answers: every figure against numpy on real recordings, or against pencil and paper."""

import csv
import gzip
import itertools
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.backtest.backtest import run_backtest
from lib.backtest.convert import rows_of
from lib.backtest.equity import YEAR_SECONDS, EquityStats
from lib.backtest.minutes import Minutes
from lib.backtest.orders import OwnFill
from lib.backtest.recorder import MarkedFill
from lib.backtest.results import read_table
from lib.backtest.series import Series
from lib.backtest.settings import load_settings
from lib.backtest.trades import fill_figures, holding_figures, holdings, mark_outs
from lib.constants import NS_PER_MINUTE, NS_PER_SECOND, Side
from lib.venue.market import Quote
from tests.lib.backtest.test_recordings import BTC, config_of

D = Decimal
np: Any = pytest.importorskip("numpy")


def closes(data_dir: Path) -> list[Decimal]:
    path = data_dir / "klines_1m_usdm_20250504_20250603/ETHUSDT-1m.csv.gz"
    with gzip.open(path, "rt") as file:
        return [Decimal(row["close"]) for row in csv.DictReader(file)][:20_000]


def stats_of(values: list[Decimal]) -> EquityStats:
    stats = EquityStats(values[0], 0)
    for number, value in enumerate(values[1:], 1):
        stats.add(value, number * NS_PER_MINUTE)
    return stats


def test_drawdown_is_that_of_numpy(data_dir: Path) -> None:
    values = closes(data_dir)

    stats = stats_of(values)

    curve = np.array([float(value) for value in values])
    peaks = np.maximum.accumulate(curve)
    assert float(stats.max_drawdown) == pytest.approx((peaks - curve).max())
    assert stats.max_drawdown_fraction == pytest.approx(((peaks - curve) / peaks).max())
    at_peak = np.flatnonzero(np.diff(peaks, prepend=0) > 0)
    gaps = np.diff(np.append(at_peak, len(curve)))
    assert stats.longest_drawdown_ns == (gaps.max() - 1) * NS_PER_MINUTE


def test_ratios_are_those_of_numpy(data_dir: Path) -> None:
    values = closes(data_dir)

    stats = stats_of(values)

    curve = np.array([float(value) for value in values])
    returns = np.diff(curve) / curve[0]
    per_year = math.sqrt(YEAR_SECONDS / 60)
    assert stats.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * per_year)
    downside = math.sqrt((np.minimum(returns, 0) ** 2).mean())
    assert stats.sortino == pytest.approx(returns.mean() / downside * per_year)
    assert stats.total_return == pytest.approx(curve[-1] / curve[0] - 1)


def test_mark_outs_of_a_run_are_those_of_numpy(tmp_path: Path, data_dir: Path) -> None:
    config = config_of(tmp_path, data_dir / BTC)
    settings = load_settings([config], end="2024-08-08T23:57:00Z")
    outcome = run_backtest(settings, tmp_path / "out")

    fills = read_table(tmp_path / "out/fills.csv")
    quotes = [event for _, _, event in rows_of(data_dir / BTC) if isinstance(event, Quote)]
    times = np.array([quote.time_ns for quote in quotes])
    mids = np.array([float(quote.bid + quote.ask) / 2 for quote in quotes])
    assert len(fills) > 5
    for seconds in (1, 5, 30):
        expected = notional = 0.0
        for fill in fills:
            if not fill[f"mid_{seconds}s"]:
                continue
            # The core's times are in ms: the quote within the same ms may be the one or the next.
            due = int(fill["time_ns"]) + seconds * NS_PER_SECOND
            place = np.searchsorted(times, due, side="right")
            near = mids[place - 1 : np.searchsorted(times, due + 1_000_000, side="right")]
            noted = float(fill[f"mid_{seconds}s"])
            assert np.isclose(near, noted, rtol=0, atol=1e-9).any()
            sign = 1 if fill["side"] == "BUY" else -1
            qty = float(fill["qty"])
            expected += sign * qty * (noted - float(fill["price"]))
            notional += qty * float(fill["price"])
        found = outcome.summary["total"]["mark_outs"][str(seconds)]
        assert float(found["quote"]) == pytest.approx(expected)
        assert found["bps"] == pytest.approx(expected / notional * 1e4)


def test_equity_moves_by_what_the_fills_say(tmp_path: Path, data_dir: Path) -> None:
    config = config_of(tmp_path, data_dir / BTC)
    settings = load_settings([config], end="2024-08-08T23:56:00Z")

    total = run_backtest(settings).summary["total"]

    explained = D(total["realised"]) - D(total["fees"]) + D(total["unrealised"])
    assert D(total["profit"]) == explained + D(total["funding"])


def fill(at: float, side: Side, qty: str, price: str, mid: str = "0") -> OwnFill:
    return OwnFill(
        round(at * NS_PER_SECOND), "b:X", "id", "X", side, D(price), D(qty), D("0.1"), D(0), True,
        1, D(mid), D(0),
    )  # fmt: skip


def test_holding_times_are_first_in_first_out() -> None:
    fills = [
        fill(0, Side.BUY, "2", "100"),
        fill(10, Side.BUY, "1", "100"),
        fill(20, Side.SELL, "2.5", "100"),
        fill(30, Side.SELL, "1", "100"),
        fill(40, Side.BUY, "0.5", "100"),
    ]

    held = [(each.qty, each.ns // NS_PER_SECOND) for each in holdings(fills)]

    assert held == [(D(2), 20), (D("0.5"), 10), (D("0.5"), 20), (D("0.5"), 10)]
    assert holding_figures(fills) == {
        "mean_s": round((2 * 20 + 0.5 * 10 + 0.5 * 20 + 0.5 * 10) / 3.5, 6),
        "median_s": 20.0,
        "longest_s": 20.0,
    }


def test_spread_capture_and_mark_out_by_hand() -> None:
    bought = MarkedFill(fill(0, Side.BUY, "2", "99", "100"), [D("99.5"), None, None])
    sold = MarkedFill(fill(0, Side.SELL, "1", "102", "101"), [D("103"), None, None])

    figures = fill_figures([bought, sold])

    assert figures["spread_capture"] == 2 * (100 - 99) + (102 - 101)
    assert figures["volume"] == 300
    outs = mark_outs([bought, sold])
    assert outs["1"]["quote"] == 2 * D("0.5") - 1
    assert outs["1"]["adverse"] == 2 * D("-0.5") - 2
    assert outs["1"]["fills"] == 2
    assert outs["5"]["fills"] == 0


def test_a_series_halves_its_pace_instead_of_growing() -> None:
    series = Series(("value",), NS_PER_SECOND, limit=100)

    for second in range(1_000):
        if series.is_due(second * NS_PER_SECOND):
            series.add(second * NS_PER_SECOND, float(second))

    rows = series.rows()
    assert 50 <= len(rows) <= 100
    assert rows[0] == (0, 0.0)
    assert rows[-1][0] > 980 * NS_PER_SECOND
    times = [row[0] for row in rows]
    steps = {later - former for former, later in itertools.pairwise(times)}
    assert steps == {series.period_ns}


def test_minutes_are_built_as_numpy_builds_them(data_dir: Path) -> None:
    from lib.venue.market import Print

    trades = [event for _, _, event in rows_of(data_dir / BTC) if isinstance(event, Print)]
    minutes = Minutes([])
    finished = []
    for trade in trades:
        row = minutes.roll(trade.time_ns)
        if row is not None:
            finished.append(row)
        minutes.prices.append(trade.price)
        minutes.quantities.append(trade.qty)

    starts = np.array([trade.time_ns // NS_PER_MINUTE * NS_PER_MINUTE for trade in trades])
    prices = np.array([float(trade.price) for trade in trades])
    sizes = np.array([float(trade.qty) for trade in trades])
    assert len(finished) == 5
    for row in finished:
        inside = prices[starts == row.open_ns]
        expected = inside[0], inside.max(), inside.min(), inside[-1]
        assert tuple(map(float, row[1:5])) == pytest.approx(expected)
        assert float(row.volume) == pytest.approx(sizes[starts == row.open_ns].sum())
