"""What every exchange must do; run your own through it by a subclass with an `exchange` fixture.

It is connected, for a product that is quoted at some 100 to 1,000,000 with a smallest quantity of
at most 1, and its account has no position and no order.
"""

from collections import deque
from decimal import Decimal

import pytest

from lib.constants import KEY, NS_PER_MINUTE, Side
from lib.errors import OrderRejected
from lib.exchange import AbstractExchange
from lib.models import Order

BOOK = {KEY.ASK_PRICE, KEY.ASK_QTY, KEY.BID_PRICE, KEY.BID_QTY}
CANDLES = {KEY.TIMESTAMP, KEY.OPEN, KEY.HIGH, KEY.LOW, KEY.CLOSE, KEY.VOLUME}
POLLS = 500
POLL_SECONDS = 0.01


class ExchangeContract:
    """Tests of `AbstractExchange`."""

    def test_it_says_whether_it_is_online(self, exchange: AbstractExchange) -> None:
        assert isinstance(exchange.isOnline(), bool)

    def test_the_steps_are_positive_decimals(self, exchange: AbstractExchange) -> None:
        for step in (exchange.getTick(), exchange.getMinQty()):
            assert isinstance(step, Decimal)
            assert step > 0

    def test_the_book_is_decimal_and_not_crossed(self, exchange: AbstractExchange) -> None:
        book = exchange.getBook()

        assert {type(book[key]) for key in BOOK} == {Decimal}
        assert book[KEY.BID_PRICE] < book[KEY.ASK_PRICE]
        assert isinstance(book[KEY.TIMESTAMP], int)

    def test_the_balance_is_decimal(self, exchange: AbstractExchange) -> None:
        balance = exchange.getBalance()

        assert isinstance(balance[KEY.ASSET], str)
        assert isinstance(balance[KEY.BALANCE], Decimal)
        assert isinstance(balance[KEY.AVAILABLE], Decimal)
        assert isinstance(balance[KEY.TIMESTAMP], int)

    def test_flat_is_no_position(self, exchange: AbstractExchange) -> None:
        assert exchange.getPositions() == []

    def test_candles_are_columns_as_long_as_the_time_asked_for(
        self, exchange: AbstractExchange
    ) -> None:
        end_ns = exchange.timer.Timestamp() // NS_PER_MINUTE * NS_PER_MINUTE
        start_ns = end_ns - 3 * NS_PER_MINUTE

        candles = exchange.getCandles(start_ns, end_ns)

        assert candles.keys() == CANDLES
        assert {type(column) for column in candles.values()} == {deque}
        assert {column.maxlen for column in candles.values()} == {3}
        assert len({len(column) for column in candles.values()}) == 1
        assert all(start_ns <= time_ns < end_ns for time_ns in candles[KEY.TIMESTAMP])

    def test_each_order_has_an_id_of_its_own(self, exchange: AbstractExchange) -> None:
        price, qty = self.far_below(exchange)

        ids = [exchange.Post(qty, price) for _ in range(2)]
        ids += exchange.PostList([Order(qty, price), Order(qty, price)])

        assert len(set(ids)) == 4
        assert all(isinstance(one, str) and one for one in ids)
        exchange.Cancel(ids[0])
        exchange.Cancel(ids[1:3])
        exchange.Cancel()

    def test_open_orders_are_those_that_are_not_final(self, exchange: AbstractExchange) -> None:
        price, qty = self.far_below(exchange)
        assert exchange.open_orders() == []

        client_id = exchange.Post(qty, price, wait=True)

        (order,) = exchange.open_orders()
        assert (order.id, order.side) == (client_id, Side.BUY)
        assert order.price <= price
        exchange.Cancel(client_id)
        for _ in range(POLLS):
            if not exchange.open_orders():
                break
            exchange.timer.Sleep(POLL_SECONDS)
        assert exchange.open_orders() == []

    def test_what_is_too_small_is_refused_at_once(self, exchange: AbstractExchange) -> None:
        price, qty = self.far_below(exchange)
        small = exchange.getMinQty() / 10

        with pytest.raises(OrderRejected):
            exchange.Post(small, price)
        with pytest.raises(OrderRejected):
            exchange.Post(Decimal(0), price)
        with pytest.raises(OrderRejected):
            exchange.PostList([Order(qty, price), Order(small, price)])

    def test_nothing_to_do_is_fine(self, exchange: AbstractExchange) -> None:
        assert exchange.PostList([]) == []
        exchange.Cancel([])
        exchange.Cancel("an id that nobody knows")
        exchange.Cancel()

    def far_below(self, exchange: AbstractExchange) -> tuple[Decimal, Decimal]:
        """Return price and quantity of an order that rests: 2 % below the bid, worth 200."""
        price = exchange.getBook()[KEY.BID_PRICE] * Decimal("0.98")
        return price, Decimal(200) / price + exchange.getMinQty()
