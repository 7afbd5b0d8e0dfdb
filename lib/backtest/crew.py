"""All bots of a backtest: their handlers are called one at a time, or later while one waits."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lib.backtest.desk import Desk, Wire
from lib.backtest.host import Host
from lib.backtest.logger import RunLogger
from lib.backtest.market import Market
from lib.backtest.measured import route
from lib.backtest.orders import OwnOrder
from lib.backtest.settings import BotPlan, Settings
from lib.backtest.timer import RunTimer
from lib.models import ZERO, Update

Handler = Callable[..., None]


class Crew:
    """Makes the bots and calls them.

    Args:
        settings: Which bots.
        markets: Symbol -> its state; gets the handlers.
        wire: The bots' way to the exchange.
        timer: The run's clock.
        logger: Class of the bots' loggers.
    """

    def __init__(
        self,
        settings: Settings,
        markets: dict[str, Market],
        wire: Wire,
        timer: RunTimer,
        logger: type[RunLogger],
    ) -> None:
        """Make no bot yet."""
        self.hosts: list[Host] = []
        self.clocks: list[Handler] = []
        """The bots' `onTime`."""
        self.late: deque[tuple[Handler, tuple[Any, ...]]] = deque()
        """Calls that wait for a bot that waits."""
        self.waiting = 0
        """How many handlers wait for the exchange, one inside the other."""
        self._settings = settings
        self._markets = markets
        self._wire = wire
        self._timer = timer
        self._logger = logger
        self._hosts_of: dict[str, list[Host]] = {}

    def make(self, now_ns: int) -> None:
        """Make all bots, and tell them that they are flat.

        Raises:
            ConfigError: A class or a config is wrong.
            BotFailed: A constructor or a handler raised.
        """
        for plan in self._settings.bots:
            self._make(plan)
        for host in self.hosts:
            self.hand_on(host, "onAccount", ZERO, ZERO, *self._source_of(host), now_ns)

    def call_all(self, handlers: list[Handler], values: tuple[Any, ...]) -> None:
        """Call handlers, later if a bot waits."""
        for handler in handlers:
            self.call_or_put_off(handler, *values)

    def call_or_put_off(self, handler: Handler, *values: Any) -> None:
        """Call a handler, later if a bot waits."""
        if self.waiting:
            self.late.append((handler, values))
        else:
            handler(*values)

    def hand_on(self, host: Host, name: str, *values: Any) -> None:
        """Call one bot's handler by its name, later if a bot waits."""
        self.call_or_put_off(host.call, name, *values)

    def deliver_late(self) -> None:
        """Make the calls that had to wait."""
        while self.late and not self.waiting:
            handler, values = self.late.popleft()
            handler(*values)

    def tell_order(self, order: OwnOrder, update: Update) -> None:
        """Tell an order's bot its news."""
        for host in self._hosts_of.get(order.symbol, ()):
            if host.owner == order.owner:
                host.desk.tell(order, update)
                self.hand_on(host, "onOrder", update)

    def tell_position(self, symbol: str, price: Decimal, qty: Decimal, time_ns: int) -> None:
        """Tell a symbol's bots its position."""
        for host in self._hosts_of.get(symbol, ()):
            host.desk.position = price, qty, time_ns
            self.hand_on(host, "onAccount", price, qty, *self._source_of(host), time_ns)

    def tell_health(self) -> None:
        """Tell each bot whether it is online, when that has changed."""
        for host in self.hosts:
            trouble = host.desk.trouble()
            if (not trouble) != host.is_online:
                host.is_online = not trouble
                self.hand_on(host, "onStatus", "online", host.is_online, trouble)

    def _make(self, plan: BotPlan) -> None:
        settings = self._settings
        market = self._markets[plan.symbol]
        desk = Desk(settings.project, plan.owner, market, self._wire, settings.book_limit_ns)
        host = Host(plan, desk, self._timer, self._logger, settings.tap)
        self.hosts.append(host)
        self._hosts_of.setdefault(plan.symbol, []).append(host)
        for symbol in plan.symbols:
            self._connect(host, self._markets[symbol])
        clock = host.handler("onTime")
        if clock is not None:
            self.clocks.append(clock)

    def _connect(self, host: Host, market: Market) -> None:
        for name, kind, handlers in (
            ("onOrderbook", "book", market.books),
            ("onTrade", "trade", market.trades),
            ("onCandle", "", market.candles),
        ):
            handler = host.handler(name)
            if kind and self._wire.is_measured:
                if kind == "book" and market is host.desk.market:
                    handler = host.desk.seeing(handler)
                way = route(host.plan.symbol, market.symbol)
                handler = handler and self._wire.late(kind, way, handler)
            if handler is not None:
                handlers.append(handler)
                if name == "onCandle" and host.plan.live_candles:
                    market.growing.append(handler)

    def _source_of(self, host: Host) -> tuple[str, str]:
        return host.plan.symbol, self._settings.exchange
