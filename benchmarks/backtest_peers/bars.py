"""The strategy under backtesting.py, which knows bars: each quote is one.

A bar opens where the last one closed, in the middle; its low is the ask and its high the bid, so
that a bid fills when the ask reaches it, and an ask when the bid does. Sizes must be whole, so a
unit is a lot, and prices are those of a lot.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy

from benchmarks.backtest_peers.rules import (
    CASH,
    LIMIT,
    LOTS_PER_UNIT,
    MAKER_FEE,
    OFF,
    QTY,
    TICKS_PER_UNIT,
    Played,
    Quotes,
    main,
    wanted,
)

PER_TICK = TICKS_PER_UNIT * LOTS_PER_UNIT
"""A lot's price in ticks, divided by this, is its price in the quote asset."""


class Maker(Strategy):  # type: ignore[misc]
    """See `benchmarks.backtest_peers.rules`; its fills are read from the trades at the end."""

    def init(self) -> None:
        """Have no order."""
        self.resting: dict[int, Any] = {}
        self.prices: dict[int, int] = {}
        self.last = (0, 0)
        self.held = 0
        self.found: list[tuple[int, str, int]] = []

    def next(self) -> None:
        """Decide at a quote."""
        ask = round(self.data.Low[-1] * PER_TICK)
        bid = round(self.data.High[-1] * PER_TICK)
        if self.resting and self.note_fills():
            return
        if (bid, ask) == self.last:
            return
        self.last = (bid, ask)
        for sign, price in zip((1, -1), wanted(bid, ask), strict=True):
            order = self.resting.get(sign)
            if order is None:
                if abs(self.held + sign * QTY) <= LIMIT:
                    self.post(sign, price)
            elif abs(price - self.prices[sign]) >= OFF:
                order.cancel()
                del self.resting[sign]

    def note_fills(self) -> bool:
        """Return whether this quote has filled an order."""
        gone = [sign for sign, order in self.resting.items() if order not in self.orders]
        for sign in gone:
            del self.resting[sign]
            self.held += sign * QTY
            time_ns = self.data.index[-1].value
            self.found.append((time_ns, "BUY" if sign > 0 else "SELL", self.prices[sign]))
        return bool(gone)

    def post(self, sign: int, price: int) -> None:
        """Post an order."""
        send = self.buy if sign > 0 else self.sell
        self.resting[sign] = send(size=QTY, limit=price / PER_TICK)
        self.prices[sign] = price


def prepare(folder: Path, quotes: Quotes, *, warm_up: bool) -> None:
    """Write the bars as columns."""
    times, bid, _, ask, _ = (np.array(column) for column in quotes)
    close = (bid + ask) / 2 / PER_TICK
    opens = np.concatenate((close[:1], close[:-1]))
    columns = {"Open": opens, "High": bid / PER_TICK, "Low": ask / PER_TICK, "Close": close}
    np.savez(folder / f"bars-{warm_up}.npz", time=times, **columns)


def play(folder: Path, *, warm_up: bool) -> Played:
    """Play them."""
    with np.load(folder / f"bars-{warm_up}.npz") as columns:
        index = pd.DatetimeIndex(columns["time"])
        names = ("Open", "High", "Low", "Close")
        frame = pd.DataFrame({name: columns[name] for name in names}, index=index)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fee = float(MAKER_FEE)
        result = Backtest(frame, Maker, cash=CASH, commission=fee, margin=0.05).run()
    strategy = result["_strategy"]
    return Played(strategy.found, float(result["Equity Final [$]"]) - CASH)


if __name__ == "__main__":
    main(sys.argv[1:], prepare, play)
