"""A small market maker for the sandbox: one LIMIT order on each side of the mid."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.abstract_bot import AbstractBot
from bot.quotes import QuoterConfig
from lib.constants import NS_PER_SECOND, Side, Status
from lib.errors import ExchangeError
from lib.factory import AbstractFactory
from lib.models import ZERO, Update
from lib.timer import AbstractTimer

REFUSED_NS = 2 * NS_PER_SECOND
"""Pause of a side whose order was refused or not sent."""
_REFUSALS = frozenset({Status.REJECTED, Status.NOT_SENT, Status.NOT_PLACED})
_BPS = Decimal(10_000)


@dataclass(slots=True)
class Quote:
    """The one order of a side."""

    id: str = ""
    price: Decimal = ZERO
    leaving: bool = False
    paused_until_ns: int = 0


class QuoterBot(AbstractBot):
    """Quotes both sides at `width` from the mid and replaces what is off by `hysteresis`.

    A side's next order goes out only when its last one is final, so that there is never more than
    one, whatever is late or unknown. Nothing is quoted while the exchange is not online, nor on a
    side that would take the position beyond `max_position`. See `bot.quotes` for the config.
    """

    def __init__(
        self, config: dict[str, Any], factory: AbstractFactory, timer: AbstractTimer
    ) -> None:
        """Read the config."""
        super().__init__(config, factory, timer)
        self._wanted = QuoterConfig.read(config)
        self._min_qty = self.exchange.getMinQty()
        self._quotes = {Side.BUY: Quote(), Side.SELL: Quote()}
        self._position = ZERO
        self._mid = ZERO
        self._fills = 0
        self._online = False

    @property
    def note(self) -> str:
        """Return what is quoted and held."""
        live = [quote for quote in self._quotes.values() if quote.id]
        distance = ""
        if live and self._mid:
            away = sum((abs(quote.price - self._mid) for quote in live), ZERO) / len(live)
            distance = f" {away / self._mid * _BPS:.1f} bps from mid"
        state = "" if self._online else ", offline"
        return (
            f"{len(live)} quotes{distance}, position {self._position.normalize():f}, "
            f"{self._fills} fills{state}"
        )

    def onOrderbook(
        self,
        askPrice: Decimal,
        askQty: Decimal,
        bidPrice: Decimal,
        bidQty: Decimal,
        symbol: str,
        exchange: str,
        timestamp: int,
        latency: int,
    ) -> None:
        """Move the quotes with the book."""
        if symbol != self.symbol:
            return
        self._mid = (askPrice + bidPrice) / 2
        self._online = self.exchange.isOnline()
        for side, quote in self._quotes.items():
            if quote.id:
                self._review(side, quote)
            elif self._online:
                self._place(side, quote)

    def onTime(self, timestamp: int) -> None:
        """Take the quotes away when the exchange went offline without another book."""
        self._online = self.exchange.isOnline()
        if not self._online:
            self._leave()

    def onStatus(self, component: str, healthy: bool, reason: str) -> None:
        """Take the quotes away at once when there is trouble."""
        if component == "online":
            self.logger.info("online" if healthy else "offline", reason=reason)
        self.onTime(self.timer.Timestamp())

    def onAccount(
        self, price: Decimal, qty: Decimal, symbol: str, exchange: str, timestamp: int
    ) -> None:
        """Note the position."""
        if symbol == self.symbol:
            self._position = qty

    def onOrder(self, update: Update) -> None:
        """Follow the quotes; cancel what a former life left."""
        if update.fill_qty:
            self._fills += 1
            self.logger.info(
                "filled", id=update.id, side=update.side, price=update.fill_price,
                qty=update.fill_qty, fee=update.fee,
            )  # fmt: skip
        quote = self._quotes[update.side]
        if update.id != quote.id:
            if not update.status.is_final and not update.replayed:
                self.exchange.Cancel(update.id)
            return
        if not update.status.is_final:
            return
        quote.id = ""
        quote.leaving = False
        if update.status in _REFUSALS:
            quote.paused_until_ns = self.timer.Monotonic() + REFUSED_NS
            self.logger.warning("refused", status=update.status, reason=update.reason)

    def Clean(self) -> None:
        """Cancel all orders."""
        self.exchange.Cancel()
        self.logger.info("cleaned", fills=self._fills, position=self._position)

    def _review(self, side: Side, quote: Quote) -> None:
        if quote.leaving:
            return
        if not self._online or self._wanted.is_off(side, quote.price, self._mid):
            self.exchange.Cancel(quote.id)
            quote.leaving = True

    def _leave(self) -> None:
        for side, quote in self._quotes.items():
            if quote.id:
                self._review(side, quote)

    def _place(self, side: Side, quote: Quote) -> None:
        qty = self._wanted.quantity(self._mid, self._min_qty)
        signed = qty if side is Side.BUY else -qty
        after = self._position + signed
        grows = abs(after) > abs(self._position)
        if grows and abs(after) > self._wanted.limit(qty):
            return
        if self.timer.Monotonic() < quote.paused_until_ns:
            return
        price = self._wanted.price(side, self._mid)
        try:
            quote.id = self.exchange.Post(signed, price, post_only=True)
            quote.price = price
        except ExchangeError as error:
            quote.paused_until_ns = self.timer.Monotonic() + REFUSED_NS
            self.logger.warning("refused", side=side, reason=str(error))
