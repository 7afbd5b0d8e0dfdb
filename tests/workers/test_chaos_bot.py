"""A drilled bot behaves as ever, and its notebook has everything that it saw."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.chaos.records import Notebook
from lib.constants import OrderType, Side, Status
from lib.errors import ExchangeUnavailable
from lib.models import Order, Update
from lib.timer import LiveTimer
from workers.chaos_bot import Pen, notebook_path, recorded_bot, recorded_exchange

OWNER = "quoter:BTCUSDT"


class Exchange:
    """Gives ids and a balance, once it is known."""

    balance: Decimal | None = None

    def Post(self, qty: Decimal, price: Decimal | None = None, **_: Any) -> str:
        return f"{qty}@{price}"

    def PostList(self, orders: list[Order]) -> list[str]:
        return [self.Post(order.qty, order.price) for order in orders]

    def getBalance(self) -> dict[str, Any]:
        if self.balance is None:
            raise ExchangeUnavailable("not yet")
        return {"balance": self.balance}


class Bot:
    """Remembers what it was told."""

    symbol = "BTCUSDT"

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.told: list[Any] = []

    def onOrder(self, update: Update) -> None:
        self.told.append(update.id)

    def onAccount(self, *args: Any) -> None:
        self.told.append(args[1])

    def onTime(self, timestamp: int) -> None:
        self.told.append(timestamp)


def update(status: Status, **changes: Any) -> Update:
    values: dict[str, Any] = {
        "id": "a",
        "symbol": "BTCUSDT",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "status": status,
        "price": Decimal(100),
        "qty": Decimal(1),
        "filled_qty": Decimal(0),
        "average_price": Decimal(0),
        "reduce_only": False,
        "reason": "",
        "timestamp": 1,
    }
    return Update(**(values | changes))


def read(path: Path) -> Notebook:
    notebook = Notebook(OWNER)
    notebook.feed(path.read_bytes())
    return notebook


def test_the_notebook_has_posts_orders_fills_position_and_balance(tmp_path: Path) -> None:
    path = notebook_path(tmp_path, OWNER)
    pen = Pen(path, LiveTimer())
    pen.write("life", OWNER, 7, 1)
    exchange = recorded_exchange(Exchange, pen)()  # type: ignore[arg-type, call-arg]
    bot: Any = recorded_bot(Bot, pen)(exchange)  # type: ignore[arg-type, call-arg]

    exchange.Post(Decimal(1), Decimal(100))
    exchange.PostList([Order(Decimal(2)), Order(Decimal(3))])
    bot.onOrder(update(Status.NEW))
    bot.onOrder(
        update(
            Status.FILLED,
            fill_qty=Decimal(1),
            fill_price=Decimal(100),
            trade_id=4,
            exchange_id=5,
            replayed=True,
        )
    )
    bot.onAccount(Decimal(100), Decimal(-1), "BTCUSDT", "X", 1)
    bot.onAccount(Decimal(100), Decimal(9), "ETHUSDT", "X", 1)
    bot.onTime(1)
    Exchange.balance = Decimal("10.5")
    bot.onTime(2)
    Exchange.balance = None

    life = read(path).life
    assert life is not None
    assert list(life.posts) == ["1@100", "2@None", "3@None"]
    assert life.statuses == {"a": "FILLED"}
    [delivery] = life.deliveries
    assert (delivery.key, delivery.replayed) == (("BTCUSDT", 4, 5), True)
    assert list(life.done) == [("BTCUSDT", 4, 5)]
    assert (life.position, life.balance) == (Decimal(-1), Decimal("10.5"))
    assert bot.told == ["a", "a", Decimal(-1), Decimal(9), 1, 2]


def test_a_new_life_writes_on(tmp_path: Path) -> None:
    path = notebook_path(tmp_path, OWNER)
    for number in (1, 2):
        Pen(path, LiveTimer()).write("life", OWNER, number, number)

    assert [life.incarnation for life in read(path).lives] == [1, 2]


def test_a_handler_that_fails_is_not_done(tmp_path: Path) -> None:
    class Failing(Bot):
        def onOrder(self, update: Update) -> None:
            raise ValueError("on purpose")

    path = notebook_path(tmp_path, OWNER)
    pen = Pen(path, LiveTimer())
    pen.write("life", OWNER, 1, 1)
    bot: Any = recorded_bot(Failing, pen)(Exchange())  # type: ignore[arg-type, call-arg]

    with pytest.raises(ValueError, match="on purpose"):
        bot.onOrder(update(Status.FILLED, fill_qty=Decimal(1), trade_id=4, exchange_id=5))

    life = read(path).life
    assert life is not None
    assert len(life.deliveries) == 1
    assert life.done == {}
