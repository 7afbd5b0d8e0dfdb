"""What the desk does when the exchange says no, or says little."""

from decimal import Decimal

from bot.clp.desk import Desk
from bot.clp.liquidation import Liquidation, Progress
from lib.constants import NS_PER_SECOND, Side, Status
from lib.factory import SandboxFactory
from lib.models import Order
from lib.timer import VirtualTimer
from tests.bot.clp.orders import update
from tests.bot.clp.paper import MIN_QTY, PaperExchange, PaperVenue
from tests.bot.clp.test_trailing_stop import CONFIG
from tests.bot.market import MemoryExchange, MemoryLogger

D = Decimal


class Rig:
    """A desk without levels."""

    def __init__(self) -> None:
        factory, self.timer, self.venue = SandboxFactory({}), VirtualTimer(), PaperVenue()
        MemoryLogger.lines = []
        exchange = PaperExchange.at(self.venue)({}, factory, self.timer)
        self.desk = Desk(exchange, [], MemoryLogger({}, factory, self.timer), self.timer)


def test_a_liquidating_order_that_cannot_be_sent_is_tried_again_later() -> None:
    rig, liquidation = Rig(), Liquidation(CONFIG, MIN_QTY)
    liquidation.begin(Progress(D(1)))
    rig.venue.refusal = "more than one order may be"
    rig.desk.liquidate(liquidation, D(1), 0)
    rig.venue.refusal = ""
    rig.venue.take(D(1), D(50_000))

    rig.desk.liquidate(liquidation, D(1), CONFIG.step_ns - 1)
    assert rig.venue.orders == {}
    rig.desk.liquidate(liquidation, D(1), CONFIG.step_ns)

    assert [order.qty for order in rig.venue.orders.values()] == [D("0.5")]


def test_the_same_refusal_is_told_once_a_minute() -> None:
    rig = Rig()
    for number in range(3):
        rig.desk.on_order(update(str(number), status=Status.REJECTED, reason="margin"))
    assert len(MemoryLogger.lines) == 1

    rig.timer.advance(61)
    rig.desk.on_order(update("4", status=Status.REJECTED, reason="margin"))
    rig.desk.on_order(update("5", status=Status.REJECTED, reason="another"))

    assert len(MemoryLogger.lines) == 3


def test_nothing_is_waited_for_where_nothing_is_open() -> None:
    factory, timer = SandboxFactory({}), VirtualTimer()
    exchange = MemoryExchange({"symbol": "BTCUSDT"}, factory, timer)
    desk = Desk(exchange, [], MemoryLogger({}, factory, timer), timer)

    assert desk.clear_out(keep_stops=False, seconds=1.0)
    assert (exchange.cancelled, timer.Monotonic()) == ([None], 0)


def test_protective_stops_are_not_waited_for() -> None:
    rig = Rig()
    rig.venue.is_slow = True
    rig.venue.place(Order(D("-1"), D(49_000), stopmarket=True, reduce_only=True))

    assert rig.desk.clear_out(keep_stops=True, seconds=1.0)
    assert rig.timer.Monotonic() < NS_PER_SECOND


def test_a_strangers_market_order_that_only_reduces_is_left_alone() -> None:
    rig = Rig()
    rig.desk.on_order(update("former", side=Side.SELL, reduce_only=True))

    assert rig.venue.requests == []
