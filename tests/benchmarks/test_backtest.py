"""The backtest benchmark: its market, and its market maker beside a calculation by hand."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import backtest_market
from benchmarks.backtest_market import START_NS, make_quotes
from benchmarks.backtest_ours import play, prepare
from benchmarks.backtest_peers.rules import (
    LIMIT,
    OFF,
    QTY,
    Quotes,
    peak_mb,
    read_quotes,
    wanted,
    write_quotes,
)
from lib.venue.market import Quote

MS = 1_000_000
COUNT = 6_000


@pytest.fixture
def quotes(monkeypatch: pytest.MonkeyPatch) -> Quotes:
    def nothing() -> Iterator[Quote]:
        return iter(())

    monkeypatch.setattr(backtest_market, "recorded_quotes", nothing)
    title, found = make_quotes(COUNT)
    assert title == "quotes of a random walk"
    return found


def test_each_quote_has_a_millisecond_of_its_own(quotes: Quotes) -> None:
    times = list(quotes.time_ns)

    assert len(times) == COUNT
    assert times[0] == START_NS
    assert all(after - before >= MS for before, after in itertools.pairwise(times))
    assert all(time_ns % MS == 0 for time_ns in times)


def test_a_recording_is_repeated_without_going_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(backtest_market.walked_quotes(100))
    monkeypatch.setattr(backtest_market, "recorded_quotes", lambda: iter(rows))

    title, found = make_quotes(250)

    assert title == "recorded quotes"
    assert list(found.bid[:100]) == list(found.bid[100:200])
    assert found.time_ns[100] - found.time_ns[99] == 100 * MS


def test_peers_read_what_we_write(tmp_path: Path, quotes: Quotes) -> None:
    write_quotes(tmp_path, quotes)

    assert read_quotes(tmp_path) == quotes
    assert quotes.first(7).ask == quotes.ask[:7]
    assert peak_mb() > 10


def test_our_engine_fills_what_the_rules_say(tmp_path: Path, quotes: Quotes) -> None:
    prepare(tmp_path, quotes, warm_up=False)

    played = play(tmp_path, warm_up=False)

    fills, profit = by_hand(quotes)
    assert len(fills) > 10
    assert played.fills == fills
    assert played.profit == pytest.approx(profit, abs=1e-6)


def by_hand(quotes: Quotes) -> tuple[list[tuple[int, str, int]], float]:
    """Return the fills and the profit that the rules give, in whole ticks and lots."""
    resting: dict[int, int] = {}
    leaving: set[int] = set()
    fills: list[tuple[int, str, int]] = []
    held = cash = 0
    last = (0, 0)
    for time_ns, bid, ask in zip(quotes.time_ns, quotes.bid, quotes.ask, strict=True):
        for sign in leaving:
            del resting[sign]
        leaving.clear()
        reached = [
            sign for sign, price in resting.items() if sign * (price - (ask, bid)[sign < 0]) >= 0
        ]
        for sign in reached:
            price = resting.pop(sign)
            fills.append((time_ns, "BUY" if sign > 0 else "SELL", price))
            held += sign * QTY
            cash -= sign * QTY * price
        if reached or (bid, ask) == last:
            continue
        last = (bid, ask)
        for sign, price in zip((1, -1), wanted(bid, ask), strict=True):
            if sign not in resting:
                if abs(held + sign * QTY) <= LIMIT:
                    resting[sign] = price
            elif abs(price - resting[sign]) >= OFF:
                leaving.add(sign)
    fees = sum(price * QTY for _, _, price in fills) * 0.0002
    middle = (quotes.bid[-1] + quotes.ask[-1]) / 2
    return fills, (cash + held * middle - fees) / 10_000
