"""What becomes of a position, and of what former lives have left at the exchange."""

from decimal import Decimal

from bot.clp.state import Mode
from lib.constants import OrderType, Side, Status
from lib.models import Order
from tests.bot.clp.rig import LEVEL, MID, Rig

D = Decimal


class TestInventory:
    """ATR 0.1 %, stop distance 0.5 %: 250 at 50,000; the quotes are far away."""

    def long(self, qty: str = "0.01", **config: object) -> Rig:
        rig = Rig(spread={"far": LEVEL | {"width": "0.04"}}, **config).start()
        rig.venue.take(D(qty), MID)
        rig.deliver()
        return rig

    def test_the_stop_stands_below_the_entry_and_follows(self) -> None:
        rig = self.long()
        assert rig.stop == D("49750.0")

        rig.book(50_020)
        assert rig.stop == D("49769.9")  # 50,020 x 0.995
        rig.book(50_000)
        assert rig.stop == D("49769.9")

    def test_another_entry_begins_anew(self) -> None:
        rig = self.long()
        rig.venue.take(D("0.01"), D(49_900))
        rig.deliver()

        assert rig.venue.entry == D(49_950)
        assert rig.stop == D("49750.0")  # 50,000 x 0.995, better than 49,950 x 0.995

    def test_a_hit_stop_closes_the_position_in_steps_and_quoting_rests(self) -> None:
        rig = self.long()
        rig.book(49_750)
        assert rig.mode is Mode.LIQUIDATE
        assert rig.venue.quotes() == []
        assert [order.qty for order in rig.venue.of_type(OrderType.MARKET)] == [D("0.005")]

        rig.pass_time(1)
        rig.pass_time(1)

        closing = rig.venue.of_type(OrderType.MARKET)
        assert [(order.side, order.qty) for order in closing] == [
            (Side.SELL, D("0.005")), (Side.SELL, D("0.003")), (Side.SELL, D("0.002")),
        ]  # fmt: skip
        assert all(order.reduce_only for order in closing)
        assert rig.venue.position == 0
        rig.pass_time(9)
        assert rig.mode is Mode.PAUSE
        rig.pass_time(1.5)
        assert rig.mode is Mode.QUOTE

    def test_it_goes_on_although_the_price_comes_back(self) -> None:
        rig = self.long()
        rig.book(49_750)
        rig.book(50_000)
        rig.pass_time(2)

        assert rig.venue.position == 0

    def test_a_short_position_is_closed_by_buying(self) -> None:
        rig = self.long("-0.01")
        assert rig.stop == D("50250.0")

        rig.book(50_251)
        rig.pass_time(2)

        assert {order.side for order in rig.venue.of_type(OrderType.MARKET)} == {Side.BUY}
        assert rig.venue.position == 0

    def test_a_profit_is_trailed_closely(self) -> None:
        inventory = {"stoploss_coeff": 5, "minimal_profit": 0.001, "trailing_profit": 0.0004}
        rig = self.long(inventory=inventory)
        rig.book(50_090)  # break-even 50,035.02, profit from 50,085.06
        assert rig.stop == D("50069.9")  # 50,090 x 0.9996 = 50,069.96

        rig.book(50_069)
        assert rig.mode is Mode.LIQUIDATE

    def test_an_order_that_is_refused_is_sent_again(self) -> None:
        rig = self.long()
        rig.venue.rejects = Status.NOT_SENT
        rig.book(49_750)
        rig.venue.rejects = Status.NEW
        rig.pass_time(3)

        assert rig.venue.position == 0

    def test_without_a_known_distance_there_is_no_stop(self) -> None:
        rig = Rig()
        rig.venue.candles.clear()
        rig.bot = rig.make_bot()
        rig.venue.take(D("0.01"), MID)
        rig.start()

        assert (rig.stop, rig.mode) == (None, Mode.WARMUP)


class TestFormerLives:
    def stop(self, rig: Rig) -> str:
        order = Order(D("-0.01"), D(49_000), stopmarket=True, reduce_only=True)
        return rig.venue.place(order)

    def test_their_quotes_are_cancelled(self) -> None:
        rig = Rig()
        left = rig.venue.place(Order(D("0.01"), D(49_000)))
        rig.start()

        assert rig.venue.requests[0] == ("cancel", [left])
        assert rig.venue.orders[left].status is Status.CANCELED

    def test_their_stop_stays_until_the_bot_watches_itself(self) -> None:
        rig = Rig()
        rig.venue.take(D("0.01"), MID)
        left = self.stop(rig)
        rig.sync()
        assert rig.venue.orders[left].status is Status.NEW

        rig.book()

        assert rig.stop is not None
        assert rig.venue.orders[left].status is Status.CANCELED

    def test_their_stop_stays_while_no_stop_price_is_known(self) -> None:
        rig = Rig()
        rig.venue.candles.clear()
        rig.bot = rig.make_bot()
        rig.venue.take(D("0.01"), MID)
        left = self.stop(rig)
        rig.start()
        rig.venue.is_online = False
        rig.pass_time(3)

        assert rig.venue.orders[left].status is Status.NEW

    def test_their_stop_goes_when_there_is_nothing_to_protect(self) -> None:
        rig = Rig()
        left = self.stop(rig)
        rig.start()

        assert rig.venue.orders[left].status is Status.CANCELED
