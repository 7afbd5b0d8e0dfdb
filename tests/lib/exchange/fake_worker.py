"""The exchange worker's side of the wire, as pure values: what tests answer a bot with."""

from decimal import Decimal

from lib.bus.protocol import Account, Balance, OrderUpdate, topic
from lib.exchange.replies import Hello, Snapshot, pack_hello
from lib.models import Rules

OWNER = "quoter:BTCUSDT"
PROJECT = "test"
LIFE = 7 << 32
ORDER_TOPIC = topic("order", OWNER)
ACCOUNT_TOPIC = topic("account", "BTCUSDT")
RULES = Rules(
    symbol="BTCUSDT",
    tick=Decimal("0.1"),
    step=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(1000),
    market_max_qty=Decimal(120),
    min_notional=Decimal(100),
    min_price=Decimal("0.1"),
    max_price=Decimal(1_000_000),
)


def order(client_id: str = "a", status: str = "NEW", **changes: object) -> OrderUpdate:
    """Return an update of a buy of 0.01 at 50000."""
    return OrderUpdate(
        owner=OWNER,
        symbol="BTCUSDT",
        id=client_id,
        side="BUY",
        type="LIMIT",
        status=status,
        price="50000",
        qty="0.01",
        filled_qty="0",
        average_price="0",
        reduce_only=False,
        reason="",
        fill_qty="0",
        fill_price="0",
        trade_id=0,
        fee="0",
        fee_asset="",
        maker=False,
        event_ns=1,
        exchange_id=5,
    )._replace(**changes)


def fill(client_id: str, trade_id: int, filled: str, status: str) -> OrderUpdate:
    """Return the fill that brought an order to `filled`."""
    return order(
        client_id, status, filled_qty=filled, fill_qty="0.001", fill_price="50000",
        trade_id=trade_id, average_price="50000",
    )  # fmt: skip


def position(qty: str = "0", price: str = "0") -> Account:
    """Return a position."""
    return Account("BTCUSDT", price, qty, "BINANCE.FUTURES", 1)


def snapshot(
    life: int = 1,
    sequence: int = 0,
    orders: list[OrderUpdate] | None = None,
    missed: list[OrderUpdate] | None = None,
    at: Account | None = None,
    *,
    online: bool = True,
) -> Snapshot:
    """Return a snapshot that contains all up to `sequence` of a life's order topic."""
    return Snapshot(
        position=at or position(),
        orders=orders or [],
        missed=missed or [],
        balance=Balance("USDT", "10000", "9000", 3),
        sequences={ORDER_TOPIC: (life, sequence), ACCOUNT_TOPIC: (life, sequence)},
        online=online,
        reason="" if online else "rate limit",
    )


def hello_values(answer: Snapshot | None = None, highest_id: str = "") -> list[object]:
    """Return the values of a hello's reply."""
    return pack_hello(Hello(RULES, highest_id, answer or snapshot()))
