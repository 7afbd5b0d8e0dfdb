"""Orders, reports and fills for the tests of order management."""

from decimal import Decimal

from lib.bus.protocol import OrderIntent, OrderUpdate
from lib.constants import NS_PER_MS, OrderType, Side, Status
from lib.oms.actions import Action, Publish, Record
from lib.oms.events import Fill, OrderReport
from lib.oms.ids import ClientIds, prefix_of
from lib.oms.orders import Orders

OWNER = "quoter:BTCUSDT"
PREFIX = prefix_of("test", OWNER)
NOW = 1_790_000_000_000_000_000
SECOND = 1_000 * NS_PER_MS
ID = ClientIds("test", OWNER).next(NOW)


def new_orders() -> Orders:
    return Orders({PREFIX: OWNER})


def intent(
    client_id: str = ID,
    qty: str = "1",
    price: str = "100",
    *,
    stop: bool = False,
    reduce: bool = False,
) -> OrderIntent:
    return OrderIntent(client_id, "BTCUSDT", "BUY", qty, price, stop, False, reduce, "", 0)


def report(
    status: Status,
    filled: str = "0",
    *,
    client_id: str = ID,
    fill: Fill | None = None,
    at: int = NOW,
    algo: bool = False,
    child_id: int = 0,
    reduce: bool = False,
    exchange_id: int = 77,
) -> OrderReport:
    return OrderReport(
        id=client_id,
        symbol="BTCUSDT",
        exchange_id=exchange_id,
        side=Side.BUY,
        type=OrderType.STOP_MARKET if algo else OrderType.LIMIT,
        status=status,
        price=Decimal(100),
        qty=Decimal(1),
        filled_qty=Decimal(filled),
        reduce_only=reduce,
        event_ns=at,
        algo=algo,
        child_id=child_id,
        fill=fill,
    )


def fill(qty: str, trade_id: int, price: str = "100", exchange_id: int = 77) -> Fill:
    return Fill(
        "BTCUSDT",
        trade_id,
        exchange_id,
        Decimal(qty),
        Decimal(price),
        Decimal("0.01"),
        "USDT",
        True,
        NOW,
    )


def told(actions: list[Action]) -> list[OrderUpdate]:
    """Return the updates among actions."""
    return [action.update for action in actions if isinstance(action, Publish)]


def kinds(actions: list[Action]) -> list[str]:
    """Return the names of actions, but for those that only journal."""
    return [type(action).__name__ for action in wishes(actions)]


def wishes(actions: list[Action]) -> list[Action]:
    """Return what is to be told or asked, without what is only journaled."""
    return [action for action in actions if not isinstance(action, Record)]
