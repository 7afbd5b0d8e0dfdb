"""The line between the bots and the exchange of a backtest: requests and news take their time."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from lib.backtest.agenda import Agenda
from lib.backtest.broker import Broker
from lib.backtest.crew import Crew
from lib.backtest.delays import Delays
from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.recorder import RunRecorder
from lib.backtest.settings import Settings
from lib.backtest.timer import RunTimer
from lib.constants import NS_PER_SECOND
from lib.models import ZERO, Update


class Line:
    """Carries orders out and news in; `lib.backtest.runner` explains the times.

    Args:
        settings: Latencies and seed.
        agenda: What is due at the exchange.
        timer: The bots' clock.
        recorder: Keeps what happens.
    """

    def __init__(
        self, settings: Settings, agenda: Agenda, timer: RunTimer, recorder: RunRecorder
    ) -> None:
        """Carry nothing yet; `broker` and `crew` are put at its ends by the run."""
        self.broker: Broker
        self.crew: Crew
        self._agenda = agenda
        self._timer = timer
        self._recorder = recorder
        self._lag_ns = settings.lag_ns
        self._delays = Delays(settings)
        self._wallet: tuple[Decimal, int] = (ZERO, 0)
        self._told_ns: dict[tuple[str, str], int] = {}
        """Connection -> when its newest news arrives."""
        self._sent_ns: dict[tuple[str, str], int] = {}
        """Connection -> exchange's time of its newest news."""

    def open(self, wallet: Decimal) -> None:
        """Note the balance at the start."""
        self._wallet = wallet, self._agenda.now_ns

    # --- from the bots (lib.backtest.desk.Wire)

    def now_ns(self) -> int:
        """Return the bots' clock."""
        return self._timer.now_ns

    def post(self, orders: list[OwnOrder]) -> None:
        """Send new orders on their way, as one batch."""
        now_ns, symbol = self._timer.now_ns, orders[0].symbol
        delays = self._delays.draw_batch("order", symbol, now_ns, len(orders))
        for order, delay_ns in zip(orders, delays, strict=True):
            order.arrives_ns = now_ns + delay_ns
            self._recorder.on_post(order)
            self._agenda.add(order.arrives_ns, self._arrive, order)

    def cancel(self, orders: list[OwnOrder]) -> None:
        """Send cancels on their way; one never overtakes its order."""
        now_ns, symbol = self._timer.now_ns, orders[0].symbol
        delays = self._delays.draw_batch("cancel", symbol, now_ns, len(orders))
        for order, delay_ns in zip(orders, delays, strict=True):
            self._agenda.add(max(now_ns + delay_ns, order.arrives_ns), self._cancel, order)

    def wait_reply(self, order: OwnOrder) -> None:
        """Let the exchange go on, calling no handler, until the reply about an order is back."""
        arrives_ns = order.arrives_ns
        back_ns = arrives_ns + self._delays.draw_ns("account", order.symbol, arrives_ns)
        self._timer.wait(max(self._timer.now_ns, back_ns))

    def available(self, asset: str) -> Decimal:
        """Return the margin that is free for new orders."""
        return self.broker.available(asset, self._agenda.now_ns)

    def wallet(self) -> tuple[Decimal, int]:
        """Return (wallet balance, time of its last change) as the bots know it."""
        return self._wallet

    @property
    def is_measured(self) -> bool:
        """Whether the market's news come late by measured rows, not by the run's clock."""
        return self._delays.are_measured

    def late(self, kind: str, way: str, handler: Callable[..., None]) -> Callable[..., None]:
        """Return what calls a bot's handler as late as the market's news were measured to be.

        Args:
            kind: `book` or `trade`: the last two of the handler's arguments are time and latency.
            way: From which symbol to which bot: `lib.backtest.measured.route`.
            handler: The bot's.
        """
        link = kind, way

        def send(*values: Any) -> None:
            *first, time_ns, _ = values
            due_ns = time_ns + self._delays.draw_ns(kind, way, time_ns)
            if due_ns < self._agenda.now_ns:
                return  # it came before the bot was there
            self._sent_ns[link] = time_ns
            due_ns = self._in_order(link, due_ns)
            self._agenda.add(due_ns, self._bring, link, handler, first, time_ns)

        return send

    # --- from the exchange (lib.backtest.broker.Listener)

    def on_update(self, order: OwnOrder, update: Update) -> None:
        """Have a bot told of its order."""
        self._tell("account", order.symbol, self._tell_order, order, update)

    def on_position(self, symbol: str, price: Decimal, qty: Decimal, time_ns: int) -> None:
        """Have the symbol's bots told of its position."""
        wallet = self.broker.wallet
        self._tell("position", symbol, self._tell_position, symbol, price, qty, time_ns, wallet)

    def on_fill(self, fill: OwnFill) -> None:
        """Record an execution, and what becomes of the price after it."""
        self._recorder.on_fill(fill)
        for number, seconds in enumerate(self._recorder.horizons):
            due_ns = self._agenda.now_ns + round(seconds * NS_PER_SECOND)
            self._agenda.add(
                due_ns, self._mark_out, self._recorder.fill_count - 1, number, fill.symbol
            )

    # --- what arrives

    def _arrive(self, order: OwnOrder) -> None:
        if self.broker.place(order):
            return
        now_ns = self._agenda.now_ns
        delay_ns = self._delays.draw_ns("account", order.symbol, now_ns) - self._lag_ns
        update = order.update(now_ns)
        self._agenda.add(now_ns + max(delay_ns, 0), self._tell_order, order, update)

    def _cancel(self, order: OwnOrder) -> None:
        self.broker.cancel(order, self._agenda.now_ns)

    def _mark_out(self, fill: int, number: int, symbol: str) -> None:
        self._recorder.on_mark_out(fill, number, self.broker.mid(symbol))

    def _tell(self, kind: str, symbol: str, call: Callable[..., None], *values: Any) -> None:
        # One connection brings all of the account's news: they keep their order.
        now_ns = self._agenda.now_ns
        delay_ns = max(self._delays.draw_ns(kind, symbol, now_ns) - self._lag_ns, 0)
        link = "account", symbol if self._delays.are_measured else ""
        self._agenda.add(self._in_order(link, now_ns + delay_ns), call, *values)

    def _in_order(self, link: tuple[str, str], due_ns: int) -> int:
        told_ns = self._told_ns[link] = max(self._told_ns.get(link, 0), due_ns)
        return told_ns

    def _bring(
        self, link: tuple[str, str], handler: Callable[..., None], values: list[Any], time_ns: int
    ) -> None:
        now_ns = self._agenda.now_ns
        self._timer.set(now_ns)
        if link[0] == "book" and time_ns < self._sent_ns[link] and self._told_ns[link] <= now_ns:
            # Two books at once: a bot that has fallen behind skips to the newest.
            return
        self.crew.call_or_put_off(handler, *values, time_ns, self._timer.now_ns - time_ns)

    def _tell_order(self, order: OwnOrder, update: Update) -> None:
        self._timer.set(self._agenda.now_ns + self._lag_ns)
        self.crew.tell_order(order, update)

    def _tell_position(
        self, symbol: str, price: Decimal, qty: Decimal, time_ns: int, wallet: Decimal
    ) -> None:
        self._timer.set(self._agenda.now_ns + self._lag_ns)
        self._wallet = wallet, time_ns
        self.crew.tell_position(symbol, price, qty, time_ns)
