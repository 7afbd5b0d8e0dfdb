"""A cancel is a standing wish; a missing order is a question; stops stay with their position."""

import random
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from lib.bus.protocol import Method
from lib.constants import NS_PER_MS, Status
from lib.exchange.replies import pack_intents
from lib.oms.actions import Action, CancelOrder, FetchFills, QueryOrder
from lib.oms.ids import ClientIds
from lib.oms.orders import Orders
from tests.lib.oms.order_tools import NOW, OWNER, fill, intent, new_orders, report
from tests.orders.benches import fault, placed, requests
from tests.workers.exchange_bench import OWNER as BOT
from tests.workers.exchange_bench import Bench, until

CYCLES = 10_000
LOST = 0.05
pytestmark = pytest.mark.timeout(150)


class Exchange:
    """The truth about one order, which fills (or not) within milliseconds of a cancel."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.filled = Decimal(0)
        self.status = Status.NEW

    def fill(self, qty: str, trade_id: int) -> None:
        if self.status is Status.NEW:
            self.filled = Decimal(qty)
            self.status = Status.FILLED
            self.trade_id = trade_id

    def answers(self, orders: Orders, action: Action, name: str, now_ns: int) -> list[Action]:
        """Return what follows from one request; its reply may be lost."""
        if isinstance(action, CancelOrder) and self.status is Status.NEW:
            self.status = Status.CANCELED
        elif isinstance(action, CancelOrder):
            if self.dice.random() < LOST:
                return []
            return orders.on_question(name, now_ns)  # -2011
        if self.dice.random() < LOST:
            return []
        if isinstance(action, FetchFills):
            return orders.on_fill(name, fill("1", self.trade_id), now_ns)
        if isinstance(action, QueryOrder | CancelOrder):
            said = report(self.status, str(self.filled), client_id=name)
            return orders.on_report(said, now_ns)
        return []


def one_cycle(dice: random.Random, number: int) -> None:
    orders, name = new_orders(), ClientIds("test", OWNER).next(NOW + number)
    exchange, now_ns = Exchange(dice), NOW
    orders.accept(OWNER, 1, intent(name), now_ns)
    orders.on_report(report(Status.NEW, client_id=name), now_ns)
    fill_at = dice.randrange(-5, 6) * NS_PER_MS
    if fill_at <= 0 and dice.random() < 0.7:
        exchange.fill("1", number)
    todo = orders.want_cancel(list(orders.open_orders()), now_ns)
    for step in range(400):
        now_ns += NS_PER_MS * (1 if step < 20 else 100)
        if now_ns - NOW >= fill_at > 0:
            exchange.fill("1", number)
        todo += orders.due(now_ns)
        now, todo = todo, []
        for action in now:
            todo += exchange.answers(orders, action, name, now_ns)
        if not any(orders.open_orders()):
            break
    order = orders.get(name)
    assert order is not None
    # closed = a final state, and fills that add up to what the exchange executed
    assert order.status is exchange.status
    assert order.filled_qty == exchange.filled


def test_a_fill_within_milliseconds_of_a_cancel_is_never_lost() -> None:
    dice = random.Random(6)
    for number in range(1, CYCLES + 1):
        one_cycle(dice, number)


@pytest.mark.parametrize("delay", [0.0, 0.5, 2.5])
async def test_a_place_that_is_on_its_way_is_cancelled_when_it_arrives(
    bench: Bench, delay: float
) -> None:
    fault(bench, "delay_rest", method="POST", path="order", delay=delay, before=True, count=1)
    order = bench.intent(price=bench.price("0.98"))
    await bench.send(Method.POST, *pack_intents([order]))
    await until(lambda: bench.worker._authority.orders.get(order.id))
    await bench.ask(Method.CANCEL, [order.id])
    await until(lambda: placed(bench, order.id) in (["CANCELED"], []) and _is_over(bench, order.id))
    assert placed(bench, order.id) in (["CANCELED"], [])


def _is_over(bench: Bench, name: str) -> bool:
    order = bench.worker._authority.orders.get(name)
    return order is not None and not order.is_open


async def test_a_place_beyond_its_window_is_gone_as_soon_as_it_is_seen(bench: Bench) -> None:
    fault(bench, "ignore_recv_window")
    fault(bench, "late_accept", seconds=4.0)
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.ask(Method.CANCEL, [order.id])
    await until(lambda: placed(bench, order.id) == ["CANCELED"])


async def test_after_a_crash_quotes_are_gone_and_the_stop_is_there(bench: Bench) -> None:
    await bench.post(bench.intent())
    quotes = [bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97")]
    stop = bench.intent(side="SELL", price=bench.price("0.95"), stop=True, reduce_only=True)
    await bench.post(*quotes, stop)
    del bench.lives[BOT]
    bench.tell_roster()
    died_ns = bench.timer.Monotonic()
    await until(lambda: all(placed(bench, quote.id) == ["CANCELED"] for quote in quotes))
    assert bench.timer.Monotonic() - died_ns < 500 * NS_PER_MS
    assert placed(bench, stop.id) == ["NEW"]
    # by id, never by the call that takes strangers' orders, too
    assert requests(bench, "DELETE", "/fapi/v1/allOpenOrders") == []


async def test_the_stop_of_a_dead_bot_goes_when_its_position_is_gone(bench: Bench) -> None:
    await bench.post(bench.intent())
    stop = bench.intent(side="SELL", price=bench.price("0.95"), stop=True, reduce_only=True)
    await bench.post(stop)
    del bench.lives[BOT]
    bench.tell_roster()
    fault(bench, "manual_trade", symbol="BTCUSDT", qty="-0.002")
    await until(lambda: placed(bench, stop.id) == ["CANCELED"])


async def test_orders_that_are_not_ours_are_never_touched(bench: Bench) -> None:
    fault(bench, "foreign_order", symbol="BTCUSDT", qty="0.002", price=bench.price("0.9"))
    await bench.post(bench.intent(price=bench.price("0.98")))
    await bench.ask(Method.CANCEL, [])
    assert await bench.stop() == 0
    rows = {row["client_id"][:4]: row["status"] for row in bench.ledger()["orders"]}
    assert rows["web_"] == "NEW"


@pytest.mark.parametrize("named", [True, False], ids=["by its id", "with all"])
async def test_a_cancel_right_behind_its_order_does_not_overtake_it(
    bench: Bench, named: bool
) -> None:
    # the price, which no feed brings here, is still being asked for when the cancel comes
    order = bench.intent(price=bench.price("0.98"))
    fault(bench, "delay_rest", method="GET", path="bookTicker", delay=0.3)
    await bench.send(Method.POST, *pack_intents([order]))
    await bench.send(Method.CANCEL, [order.id] if named else [])
    update = await bench.status(order.id, "CANCELED", "NOT_SENT")
    assert placed(bench, order.id) == ([] if update.status == "NOT_SENT" else ["CANCELED"])
    assert "UNKNOWN" not in [update.status for update in bench.of(order.id)]


async def test_an_order_leaves_before_the_request_behind_it_is_looked_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.post(bench.intent(price=bench.price("0.98")))  # the price is known from now on
    authority = bench.worker._authority
    order = bench.intent(price=bench.price("0.98"))
    seen: list[str] = []
    sent = aiohttp.TraceConfig()

    async def on_sent(_session: Any, _context: Any, told: Any) -> None:
        seen.append("sent" if order.id.encode() in told.chunk else "else")

    sent.on_request_chunk_sent.append(on_sent)
    sent.freeze()
    monkeypatch.setattr(authority.gateway.client.session, "_trace_configs", [sent])
    withdraw = authority.posting.entering.withdraw

    def looked_at(owner: str, ids: list[str]) -> set[str]:
        seen.append("looked at")
        return withdraw(owner, ids)

    monkeypatch.setattr(authority.posting.entering, "withdraw", looked_at)
    await bench.send(Method.POST, *pack_intents([order]))
    await bench.send(Method.CANCEL, [order.id])
    await bench.status(order.id, "CANCELED")
    assert seen[:2] == ["sent", "looked at"]
