"""A small exchange in memory, and a logger that remembers, for tests of bots."""

import itertools
from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar

from lib.constants import KEY, OrderType, Side, Status
from lib.errors import OrderRejected
from lib.exchange import AbstractExchange
from lib.factory import SandboxFactory
from lib.helpers import side_of
from lib.logger import AbstractLogger
from lib.models import ZERO, Order, Update
from lib.timer import VirtualTimer


class MemoryLogger(AbstractLogger):
    """Keeps what is logged."""

    lines: ClassVar[list[tuple[str, str, dict[str, Any]]]] = []

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        self.lines.append((level, message, fields))


class MemoryExchange(AbstractExchange):
    """Takes orders and does nothing with them until a test says so."""

    last: ClassVar["MemoryExchange"]

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        MemoryExchange.last = self
        self.online = True
        self.refusal = ""
        self.orders: dict[str, Update] = {}
        self.cancelled: list[str | None] = []
        self._numbers = itertools.count(1)

    def isOnline(self) -> bool:
        return self.online

    def getBook(self) -> dict[str, Any]:
        return {}

    def getBalance(self) -> dict[str, Any]:
        return {KEY.BALANCE: ZERO}

    def getPositions(self) -> list[dict[str, Any]]:
        return []

    def getTick(self) -> Decimal:
        return Decimal("0.1")

    def getMinQty(self) -> Decimal:
        return Decimal("0.001")

    def getCandles(self, start_timestamp: int, end_timestamp: int) -> dict[str, deque[Any]]:
        return {}

    def open_orders(self) -> list[Update]:
        return [order for order in self.orders.values() if not order.status.is_final]

    def Post(
        self,
        qty: Decimal,
        price: Decimal | None = None,
        stopmarket: bool = False,
        wait: bool = False,
        *,
        post_only: bool = False,
        reduce_only: bool = False,
        tag: str = "",
    ) -> str:
        if self.refusal:
            raise OrderRejected(self.refusal)
        client_id = f"order {next(self._numbers)}"
        self.orders[client_id] = Update(
            client_id, self.config["symbol"], side_of(qty), OrderType.LIMIT, Status.NEW,
            price or ZERO, abs(qty), ZERO, ZERO, reduce_only, "", 0,
        )  # fmt: skip
        return client_id

    def PostList(self, orders: list[Order]) -> list[str]:
        return [self.Post(order.qty, order.price) for order in orders]

    def Cancel(self, ids: str | Iterable[str] | None = None) -> None:
        if ids is None or isinstance(ids, str):
            self.cancelled.append(ids)
        else:
            self.cancelled.extend(ids)

    def posted(self, side: Side) -> list[Update]:
        return [order for order in self.orders.values() if order.side is side]


def make_factory() -> SandboxFactory:
    """Return a factory whose bots trade in memory."""
    factory = SandboxFactory({})
    factory.Logger = MemoryLogger
    factory.Exchange = MemoryExchange
    MemoryLogger.lines = []
    return factory


def make_timer() -> VirtualTimer:
    """Return a clock that stands."""
    return VirtualTimer(1_800_000_000_000_000_000)
