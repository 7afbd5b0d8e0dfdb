"""Whatever the market, the exchange's delays and deaths do: the rules hold."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.clp.state import Mode
from lib.constants import OrderType, Side
from lib.models import Order, Update
from tests.bot.clp.paper import PaperVenue
from tests.bot.clp.rig import LEVEL, Rig

D = Decimal
MAX_USD = D(1600)
SPREAD = {
    "inner": LEVEL | {"width": "0.00006", "hysteresis": "0.3", "force": "0.6"},
    "outer": LEVEL | {"width": "0.002", "qty": ["0.002", "0.005"], "force": None},
}
steps = st.one_of(
    st.tuples(st.just("move"), st.integers(-400, 400)),
    st.tuples(st.just("jump"), st.integers(-4_000, 4_000)),
    st.tuples(st.just("spread"), st.integers(1, 60)),
    st.tuples(st.just("time"), st.integers(1, 40)),
    st.tuples(st.just("tell"), st.integers(1, 4)),
    st.tuples(st.just("work"), st.just(0)),
    st.tuples(st.just("part"), st.integers(0, 9)),
    st.tuples(st.just("order first"), st.integers(0, 1)),
    st.tuples(st.just("offline"), st.integers(0, 1)),
    st.tuples(st.just("kill"), st.just(0)),
)


class WatchedVenue(PaperVenue):
    """Checks every order at the instant at which it is placed."""

    def place(self, order: Order) -> str:
        client_id = super().place(order)
        self.check(self.orders[client_id])
        return client_id

    def check(self, order: Update) -> None:
        if order.type is not OrderType.LIMIT:
            assert order.reduce_only
            return
        is_buy = order.side is Side.BUY
        assert order.price < self.ask if is_buy else order.price > self.bid
        assert self.types[order.id][0]
        mid = (self.bid + self.ask) / 2
        assert self.worst(order.side) * mid <= MAX_USD
        others = self.quotes(Side.SELL if is_buy else Side.BUY)
        assert all(
            order.price < other.price if is_buy else order.price > other.price for other in others
        )


class Market:
    """A rig whose world is moved by drawn steps."""

    def __init__(self) -> None:
        self.rig = Rig(spread=SPREAD, max_exposure_usd=MAX_USD, skew="0.0005")
        self.rig.venue.__class__ = WatchedVenue
        self.rig.venue.is_slow = True
        self.rig.start()
        self.wait(0.001)
        self.mid, self.spread = D(50_000), D("0.2")
        self.stop: tuple[bool, Decimal, Decimal] | None = None

    def do(self, name: str, value: int) -> None:
        rig = self.rig
        match name:
            case "move" | "jump":
                self.mid = max(D(20_000), self.mid + D(value) / 10)
                self.book()
            case "spread":
                self.spread = D(value) / 10
                self.book()
            case "time":
                self.wait(value / 10)
                rig.bot.onTime(rig.venue.now_ns)
            case "tell":
                for _ in range(value):
                    rig.deliver_one()
            case "work":
                rig.venue.work()
            case "part":
                quotes = rig.venue.quotes()
                if quotes:
                    rig.venue.fill(quotes[value % len(quotes)].id, D("0.001"))
            case "order first":
                rig.venue.tells_orders_first = bool(value)
            case "offline":
                rig.venue.is_online = bool(value)
                rig.bot.onStatus("online", bool(value), "drawn")
            case "kill":
                rig.kill()
                rig.rebirth()
                # What a first life's snapshot tells contains all fills of its own instant.
                self.wait(0.001)
        self.check_stop()

    def wait(self, seconds: float) -> None:
        self.rig.timer.advance(seconds)
        self.rig.venue.now_ns = self.rig.timer.Timestamp()

    def book(self) -> None:
        mid = self.mid if (self.spread * 10) % 2 == 0 else self.mid + D("0.05")
        self.rig.venue.move(mid, self.spread)
        self.rig.show()

    def check_stop(self) -> None:
        """While side and entry stand, the stop never loosens."""
        guard = self.rig.bot._guard
        price, entry = guard.stop.price, guard.stop.entry
        if price is None:
            self.stop = None
            return
        is_long = guard.position.qty > 0
        if self.stop is not None and self.stop[:2] == (is_long, entry):
            assert price >= self.stop[2] if is_long else price <= self.stop[2]
        self.stop = (is_long, entry, price)


@given(st.lists(steps, min_size=5, max_size=60))
def test_no_order_crosses_or_exceeds_the_exposure_and_no_stop_loosens(
    drawn: list[tuple[str, int]],
) -> None:
    market = Market()
    for name, value in drawn:
        market.do(name, value)


@given(st.lists(steps, min_size=5, max_size=40))
def test_once_everything_is_told_the_bot_knows_the_truth(drawn: list[tuple[str, int]]) -> None:
    market = Market()
    rig, venue = market.rig, market.rig.venue
    for name, value in drawn:
        market.do(name, value)

    for _ in range(20):
        venue.work()
        rig.deliver()
    bot = rig.bot
    assert bot._position.qty == venue.position
    assert {order.id for order in bot._desk.orders.quotes()} == {
        order.id for order in venue.quotes()
    }
    if rig.mode is not Mode.QUOTE:
        assert venue.quotes() == []
    for side in Side:
        assert bot._desk.orders.left(side) == sum(
            (order.qty - order.filled_qty for order in venue.quotes(side)), D(0)
        )
