"""Keeps what happens in a backtest, in bounded memory where it grows with time (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import isnan, nan
from typing import NamedTuple, Protocol

from lib.backtest.equity import EquityStats
from lib.backtest.market import Market
from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.series import Series
from lib.models import ZERO

HORIZONS = (1.0, 5.0, 30.0)
"""Seconds after a fill at which the middle price is noted."""
PATH = ("mid", "bid", "ask", "position", "pnl")
"""Columns of a symbol's path: middle, own best quotes (NaN: none), signed position, profit."""


class Account(Protocol):
    """What is asked of the account."""

    wallet: Decimal

    def position(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return (entry price, signed quantity)."""


class Stance(NamedTuple):
    """How things stand in one symbol."""

    mid: Decimal
    """Of the market; 0 = unknown."""
    bid: float
    """Own best quote; NaN = none."""
    ask: float
    entry: Decimal
    """Entry price of the position."""
    qty: Decimal
    """Signed position."""


@dataclass(slots=True)
class Trail:
    """One symbol's figures as they grow."""

    path: Series
    samples: int = 0
    two_sided: int = 0
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    largest: Decimal = ZERO
    """Greatest unsigned position."""
    unrealised: Decimal = ZERO
    last_mid: Decimal = ZERO


@dataclass(slots=True)
class MarkedFill:
    """A fill and the middle prices some time after it, None where the run was over before."""

    fill: OwnFill
    later: list[Decimal | None] = field(default_factory=lambda: [None] * len(HORIZONS))


class RunRecorder:
    """Orders, fills and their mark-outs, equity and paths.

    Args:
        symbols: What is traded or watched.
        sample_ns: Time between two samples of the equity.
    """

    horizons = HORIZONS

    def __init__(self, symbols: tuple[str, ...], sample_ns: int) -> None:
        """Start empty."""
        self.orders: list[OwnOrder] = []
        self.fills: list[MarkedFill] = []
        self.trails = {symbol: Trail(Series(PATH, sample_ns)) for symbol in symbols}
        self.equity = Series(("equity",), sample_ns)
        self.stats = EquityStats(ZERO, 0)
        self.wallet = ZERO
        self.start_ns = 0
        self._sample_ns = sample_ns
        self._due_ns = 0

    @property
    def fill_count(self) -> int:
        """Number of fills so far."""
        return len(self.fills)

    def begin(self, now_ns: int, wallet: Decimal) -> None:
        """Note the first equity."""
        self.start_ns = now_ns
        self.wallet = wallet
        self.stats = EquityStats(wallet, now_ns)

    def on_post(self, order: OwnOrder) -> None:
        """Keep an order that a bot sends."""
        self.orders.append(order)

    def on_fill(self, fill: OwnFill) -> None:
        """Keep a fill."""
        self.fills.append(MarkedFill(fill))
        trail = self.trails[fill.symbol]
        trail.realised += fill.realised
        trail.fees += fill.fee
        trail.largest = max(trail.largest, abs(fill.position))

    def on_mark_out(self, fill: int, number: int, mid: Decimal) -> None:
        """Keep the middle price some time after a fill; see `HORIZONS`."""
        self.fills[fill].later[number] = mid

    def is_due(self, now_ns: int) -> bool:
        """Return whether a sample is wanted."""
        return now_ns >= self._due_ns

    def sample(self, now_ns: int, account: Account, markets: Mapping[str, Market]) -> None:
        """Note equity, positions and quotes of a simulated account."""
        stances = {
            symbol: Stance(
                markets[symbol].mid(), *_own_touch(markets[symbol]), *account.position(symbol)
            )
            for symbol in self.trails
        }
        self.note(now_ns, account.wallet, stances)

    def note(self, now_ns: int, wallet: Decimal, stances: "Mapping[str, Stance]") -> None:
        """Note equity, positions and quotes, of every symbol."""
        self._due_ns = now_ns - now_ns % self._sample_ns + self._sample_ns
        equity = wallet
        for symbol, trail in self.trails.items():
            mid, bid, ask, entry, qty = stances[symbol]
            trail.last_mid = mid
            trail.unrealised = ZERO
            if qty and mid:
                trail.unrealised = (mid - entry) * qty
                equity += trail.unrealised
            trail.samples += 1
            trail.two_sided += not (isnan(bid) or isnan(ask))
            if trail.path.is_due(now_ns):
                profit = trail.realised - trail.fees + trail.unrealised
                middle = float(mid) if mid else nan
                trail.path.add(now_ns, middle, bid, ask, float(qty), float(profit))
        self.stats.add(equity, now_ns)
        if self.equity.is_due(now_ns):
            self.equity.add(now_ns, float(equity))


def _own_touch(market: Market) -> tuple[float, float]:
    if not market.resting:
        return nan, nan
    quotes = [order for order in market.resting.values() if not order.is_conditional]
    bids = [order.price for order in quotes if order.is_buy]
    asks = [order.price for order in quotes if not order.is_buy]
    return (float(max(bids)) if bids else nan, float(min(asks)) if asks else nan)
