"""Order updates for tests of single rules."""

from decimal import Decimal
from typing import Any

from lib.constants import OrderType, Side, Status
from lib.models import ZERO, Update


def update(
    client_id: str = "order 1",
    side: Side = Side.BUY,
    status: Status = Status.NEW,
    qty: str = "1",
    price: str = "100",
    **changes: Any,
) -> Update:
    values: dict[str, Any] = {
        "id": client_id, "symbol": "BTCUSDT", "side": side, "type": OrderType.LIMIT,
        "status": status, "price": Decimal(price), "qty": Decimal(qty), "filled_qty": ZERO,
        "average_price": ZERO, "reduce_only": False, "reason": "", "timestamp": 0,
    }  # fmt: skip
    return Update(**(values | changes))
