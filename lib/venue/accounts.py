"""An account: wallets, settings, positions, orders and the records of what happened to them."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from lib.venue.algo_orders import AlgoIndex
from lib.venue.formats import ZERO
from lib.venue.options import Options
from lib.venue.orders import OrderIndex, VenueOrder
from lib.venue.positions import Position


@dataclass(frozen=True, slots=True)
class Fill:
    """One own trade; `fee` is what was paid, `realised` excludes it; `step`: see `VenueOrder`."""

    id: int
    order_id: int
    client_id: str
    symbol: str
    side: str
    position_side: str
    price: Decimal
    qty: Decimal
    fee: Decimal
    fee_asset: str
    realised: Decimal
    maker: bool
    time_ns: int
    step: int = 0


@dataclass(frozen=True, slots=True)
class Income:
    """One change of a wallet."""

    symbol: str
    kind: str
    amount: Decimal
    asset: str
    time_ns: int
    id: int
    trade_id: str = ""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of a resting order: (price, quantity) before and after, and its number."""

    id: int
    symbol: str
    order_id: int
    client_id: str
    before: tuple[Decimal, Decimal]
    after: tuple[Decimal, Decimal]
    count: int
    modify_id: int | None
    time_ns: int


@dataclass(slots=True)
class Settings:
    """What an account chose; leverage by symbol, isolated symbols."""

    hedge: bool = False
    multi_assets: bool = False
    fee_burn: bool = True
    leverage: dict[str, int] = field(default_factory=dict)
    isolated: set[str] = field(default_factory=set)


class Account:
    """One trading account.

    Args:
        name: Its name in the ledger.
        balances: Asset -> deposit.
        options: The venue's choices.
        now_ns: Time of its making.
    """

    def __init__(
        self, name: str, balances: dict[str, Decimal], options: Options, now_ns: int
    ) -> None:
        """Open it with a deposit."""
        self.name = name
        self.wallets = dict(balances)
        self.settings = Settings()
        self.positions: dict[tuple[str, str], Position] = {}
        self.orders = OrderIndex(options.history_limit)
        self.algos = AlgoIndex(options.history_limit)
        self.fills: deque[Fill] = deque(maxlen=options.history_limit)
        self.incomes: deque[Income] = deque(maxlen=options.history_limit)
        self.amendments: deque[Amendment] = deque(maxlen=options.history_limit)
        self.forced: list[VenueOrder] = []
        self.countdowns: dict[str, int] = {}
        self.in_liquidation = False
        self.margin_called = False
        self.deposits = dict(balances)
        self.updated_ns = now_ns
        self._leverage = options.leverage

    def position(self, symbol: str, side: str) -> Position:
        """Return a position, an empty one where there was none."""
        position = self.positions.get((symbol, side))
        if position is None:
            position = self.positions[symbol, side] = Position(symbol, side)
        return position

    def qty(self, symbol: str, side: str) -> Decimal:
        """Return a position's signed quantity."""
        position = self.positions.get((symbol, side))
        return position.qty if position is not None else ZERO

    def open_positions(self, symbol: str | None = None) -> list[Position]:
        """Return the positions that are not flat."""
        return [
            each
            for each in self.positions.values()
            if each.qty and (symbol is None or each.symbol == symbol)
        ]

    def sides(self) -> tuple[str, ...]:
        """Return the position sides of the account's mode."""
        return ("LONG", "SHORT") if self.settings.hedge else ("BOTH",)

    def leverage(self, symbol: str) -> int:
        """Return the leverage chosen for a symbol."""
        return self.settings.leverage.get(symbol, self._leverage)

    def is_isolated(self, symbol: str) -> bool:
        """Return whether a symbol's margin is isolated."""
        return symbol in self.settings.isolated

    def wallet(self, asset: str) -> Decimal:
        """Return an asset's wallet balance."""
        return self.wallets.get(asset, ZERO)

    def pay(self, income: Income) -> None:
        """Change a wallet and record why."""
        if not income.amount:
            return
        self.wallets[income.asset] = self.wallet(income.asset) + income.amount
        self.incomes.append(income)
        self.updated_ns = income.time_ns

    def open_notionals(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the quote value of a symbol's open (bids, asks)."""
        bids = asks = ZERO
        for order in self.orders.open(symbol):
            notional = order.price * order.remaining
            if order.is_buy:
                bids += notional
            else:
                asks += notional
        return bids, asks

    def reducing_qty(self, symbol: str, position_side: str, side: str) -> Decimal:
        """Return what the open reduce-only orders of one side would still close."""
        return sum(
            (
                order.remaining
                for order in self.orders.open(symbol)
                if order.reduce_only and order.side == side and order.position_side == position_side
            ),
            ZERO,
        )
