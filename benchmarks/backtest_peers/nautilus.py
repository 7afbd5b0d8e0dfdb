"""The strategy under nautilus_trader: a Python strategy on its compiled engine."""

import shutil
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TimeInForce
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TraderId, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.trading.strategy import Strategy

from benchmarks.backtest_peers.rules import (
    CASH,
    LIMIT,
    LOTS_PER_UNIT,
    MAKER_FEE,
    OFF,
    QTY,
    SYMBOL,
    TICKS_PER_UNIT,
    Fill,
    Played,
    Quotes,
    main,
    wanted,
)

VENUE = Venue("BINANCE")
PRODUCT = CryptoPerpetual(
    instrument_id=InstrumentId(Symbol(SYMBOL), VENUE),
    raw_symbol=Symbol(SYMBOL),
    base_currency=BTC,
    quote_currency=USDT,
    settlement_currency=USDT,
    is_inverse=False,
    price_precision=1,
    size_precision=3,
    price_increment=Price.from_str("0.1"),
    size_increment=Quantity.from_str("0.001"),
    maker_fee=Decimal(MAKER_FEE),
    taker_fee=Decimal(MAKER_FEE),
    margin_init=Decimal("0.05"),
    margin_maint=Decimal("0.025"),
    ts_event=0,
    ts_init=0,
)
SIDES = ((OrderSide.BUY, 1), (OrderSide.SELL, -1))


class Maker(Strategy):  # type: ignore[misc]
    """See `benchmarks.backtest_peers.rules`."""

    def __init__(self) -> None:
        """Have no order."""
        super().__init__()
        self.resting: dict[OrderSide, Any] = {}
        self.prices: dict[OrderSide, int] = {}
        self.last = (0, 0)
        self.held = 0
        self.filled_ns = 0
        self.found: list[Fill] = []
        self.size = PRODUCT.make_qty(QTY / LOTS_PER_UNIT)

    def on_start(self) -> None:
        """Ask for quotes."""
        self.subscribe_quote_ticks(PRODUCT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Decide at a quote."""
        if tick.ts_event == self.filled_ns:
            return
        bid = round(tick.bid_price.as_double() * TICKS_PER_UNIT)
        ask = round(tick.ask_price.as_double() * TICKS_PER_UNIT)
        if (bid, ask) == self.last:
            return
        self.last = (bid, ask)
        for (side, sign), price in zip(SIDES, wanted(bid, ask), strict=True):
            order = self.resting.get(side)
            if order is None:
                if abs(self.held + sign * QTY) <= LIMIT:
                    self.post(side, price)
            elif abs(price - self.prices[side]) >= OFF:
                self.cancel_order(order)

    def post(self, side: OrderSide, price: int) -> None:
        """Post an order."""
        order = self.order_factory.limit(
            instrument_id=PRODUCT.id,
            order_side=side,
            quantity=self.size,
            price=PRODUCT.make_price(price / TICKS_PER_UNIT),
            time_in_force=TimeInForce.GTC,
            post_only=True,
        )
        self.resting[side], self.prices[side] = order, price
        self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        """Note a fill."""
        side = event.order_side
        self.held += dict(SIDES)[side] * round(event.last_qty.as_double() * LOTS_PER_UNIT)
        self.filled_ns = event.ts_event
        price = round(event.last_px.as_double() * TICKS_PER_UNIT)
        self.found.append((event.ts_event, "BUY" if side == OrderSide.BUY else "SELL", price))
        if self.resting[side].is_closed:
            del self.resting[side]

    def on_order_canceled(self, event: Any) -> None:
        """Forget an order."""
        for side, order in list(self.resting.items()):
            if order.client_order_id == event.client_order_id:
                del self.resting[side]


def prepare(folder: Path, quotes: Quotes, *, warm_up: bool) -> None:
    """Write the quotes into its catalogue."""
    path = folder / f"catalog-{warm_up}"
    shutil.rmtree(path, ignore_errors=True)
    ticks = [
        QuoteTick(
            PRODUCT.id,
            Price(bid / TICKS_PER_UNIT, 1),
            Price(ask / TICKS_PER_UNIT, 1),
            Quantity(bid_qty / LOTS_PER_UNIT, 3),
            Quantity(ask_qty / LOTS_PER_UNIT, 3),
            time_ns,
            time_ns,
        )
        for time_ns, bid, bid_qty, ask, ask_qty in zip(*quotes, strict=True)
    ]
    catalog = ParquetDataCatalog(str(path))
    catalog.write_data([PRODUCT])
    catalog.write_data(ticks)


def play(folder: Path, *, warm_up: bool) -> Played:
    """Play them."""
    catalog = ParquetDataCatalog(str(folder / f"catalog-{warm_up}"))
    config = BacktestEngineConfig(
        trader_id=TraderId("BENCH-001"),
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=True),
        run_analysis=False,
    )
    engine = BacktestEngine(config)
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(CASH, USDT)],
    )
    engine.add_instrument(PRODUCT)
    ticks = catalog.quote_ticks([str(PRODUCT.id)])
    engine.add_data(ticks, sort=False)
    strategy = Maker()
    engine.add_strategy(strategy)
    engine.run()
    last = ticks[-1]
    middle = (last.bid_price.as_double() + last.ask_price.as_double()) / 2
    profit = _profit(engine, middle)
    fills = strategy.found
    engine.dispose()
    return Played(fills, profit)


def _profit(engine: BacktestEngine, middle: float) -> float:
    account = engine.portfolio.account(VENUE)
    cash = account.balance_total(USDT).as_double()
    price = PRODUCT.make_price(middle)
    held = engine.cache.positions_open(venue=VENUE)
    # The middle has half ticks, the product's price has not.
    half = middle - price.as_double()
    open_profit = sum(
        each.unrealized_pnl(price).as_double() + float(each.signed_qty) * half for each in held
    )
    return float(cash + open_profit - CASH)


if __name__ == "__main__":
    main(sys.argv[1:], prepare, play)
