"""Two runs compared: what matches, and why the rest does not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.backtest.backtest import run_backtest
from lib.backtest.latencies import Latencies
from lib.backtest.live_run import TappedRun
from lib.backtest.parity import CLASSES, compare
from lib.backtest.results import read_table, write_lived
from lib.backtest.settings import load_settings
from tests.lib.backtest.test_recordings import BTC, config_of

SECOND = 10**9


def order(name: str, at: float, price: str, **more: Any) -> dict[str, str]:
    row = {
        "id": name, "owner": "b:X", "symbol": "X", "side": "BUY", "type": "LIMIT", "price": price,
        "posted_ns": str(round(at * SECOND)), "accepted_ns": str(round(at * SECOND)),
        "ended_ns": "",
    }  # fmt: skip
    return row | {key: str(round(value * SECOND)) for key, value in more.items()}


def fill(order_id: str, at: float, price: str) -> dict[str, str]:
    return {
        "order_id": order_id, "owner": "b:X", "symbol": "X", "side": "BUY", "price": price,
        "qty": "1", "time_ns": str(round(at * SECOND)),
    }  # fmt: skip


def test_the_nearest_in_time_is_the_match() -> None:
    left = [order("a", 0, "100"), order("b", 3, "100")]
    right = [order("x", 1, "100.0"), order("y", 3.1, "100")]

    found = compare((left, right), ([fill("a", 5, "100")], [fill("x", 5.5, "100")]))

    assert found.matched_orders == 2
    assert found.matched_fills == 1
    assert found.share == 1.0
    assert found.unmatched == []


def test_each_difference_has_its_class() -> None:
    left = [
        order("served", 0, "100", ended_ns=10),
        order("late", 20, "101", ended_ns=30),
        order("alone", 40, "102", ended_ns=50),
    ]
    right = [
        order("passed over", 0.1, "100", ended_ns=11),
        order("gone", 20.1, "101", ended_ns=25),
    ]
    fills = [fill("served", 10, "100"), fill("late", 30, "101"), fill("alone", 50, "102")]

    found = compare((left, right), (fills, []))

    assert [each.reason for each in found.unmatched] == ["queue", "latency", "data"]
    assert {each.run for each in found.unmatched} == {"left"}
    assert found.share == 0.0


def test_what_only_the_other_run_has_is_classed_too() -> None:
    left, right = [order("a", 0, "100", ended_ns=9)], [order("x", 0, "100", ended_ns=9)]

    found = compare((left, right), ([], [fill("x", 5, "100"), fill("?", 6, "7")]))

    assert [(each.run, each.reason) for each in found.unmatched] == [
        ("right", "queue"), ("right", "data"),
    ]  # fmt: skip


def test_a_free_backtest_with_measured_latencies_matches(tmp_path: Path, data_dir: Path) -> None:
    """What was "live" here had latencies of its own; the backtest draws from rows like them."""
    config = config_of(tmp_path, data_dir / BTC)
    span = "2024-08-08T23:56:15Z"
    live = replace(load_settings([config], end=span), tap=str(tmp_path / "taps"))
    run_backtest(replace(live, latency={"order": 0.005, "cancel": 0.005, "account": 0.005}))
    rows = [0.0045, 0.005, 0.0055]
    free = replace(live, tap="", latency={"order": rows, "cancel": rows, "account": rows})
    run_backtest(free, tmp_path / "free")

    write_lived(tmp_path / "live", TappedRun((tmp_path / "taps").glob("*.tap")))
    orders, fills = (
        (read_table(tmp_path / "live" / name), read_table(tmp_path / "free" / name))
        for name in ("orders.csv", "fills.csv")
    )
    found = compare(orders, fills)

    assert found.fills[0] > 5
    assert found.share >= 0.9
    assert all(each.reason in CLASSES for each in found.unmatched)


def test_prices_may_be_a_little_apart() -> None:
    left = [order("a", 0, "100000"), order("b", 1, "100000")]
    right = [order("x", 1, "100000"), order("y", 1.5, "100004")]
    fills = [fill("a", 5, "100000"), fill("b", 6, "100000")], [fill("x", 5, "100004")]

    near, exact = compare((left, right), fills), compare((left, right), fills, price_bps=0.1)

    # The same price first, however near in time another one is.
    assert (near.matched_orders, exact.matched_orders) == (2, 1)
    assert (near.matched_fills, exact.matched_fills) == (1, 0)
    assert round(near.apart_bps, 2) == 0.4


def test_latencies_are_told_as_quantiles() -> None:
    latencies = Latencies()
    for number in range(1000):
        latencies.add("order", number * 1_000_000)
        latencies.market(2_000_000 + number)
    latencies.add("account", -5)

    section = latencies.section()

    assert section["market"] == "0.002001s"
    assert len(section["order"]) == 101
    assert (section["order"][0], section["order"][-1]) == ("0.004000s", "0.995000s")
    assert section["account"] == ["0.000000s"]
    assert "cancel" not in section


def test_nothing_matches_nothing() -> None:
    assert compare(([], []), ([], [])).share == 1.0
