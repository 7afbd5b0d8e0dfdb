"""Looks after what no event brings up: lapsed leases, orders without a bot, limits of time."""

from collections.abc import Callable, Iterable

from lib.constants import NS_PER_MS, NS_PER_SECOND, Side, Status
from lib.exchange.binance.desk import Belief
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.warden import Warden
from lib.journal.abstract_journal import Journal
from lib.logger import AbstractLogger
from lib.oms.account import AccountBook
from lib.oms.custody import Custody
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

STEP_SECONDS = 0.05
UNKNOWN_NS = 60 * NS_PER_SECOND
CANCELLING_NS = 30 * NS_PER_SECOND
CONDITIONAL_NS = 60 * NS_PER_SECOND
"""How long an order may be of unknown fate, or about to be cancelled, before its symbol is blocked;
a conditional one longer."""
CROSSED_NS = 300 * NS_PER_MS
"""A book beyond an order's price for so long, and no fill told: the order is asked for."""
UNCERTAIN = "an order's state cannot be found out"

Cancel = Callable[[Iterable[Tracked]], None]


class Patrol:
    """Goes round for ever.

    Args:
        belief: Orders, lives, hearing and rules.
        book: Positions.
        custody: Decides over orders without a bot.
        warden: Decides over new risk.
        gateway: Knows the exchange's time and the budget.
        journal: Keeps the budget.
        timer: The process's timer.
        log: The worker's logger.
        cancel: Cancels orders.
        alarm: Told what somebody must look at.
    """

    def __init__(
        self,
        belief: Belief,
        book: AccountBook,
        custody: Custody,
        warden: Warden,
        gateway: BinanceGateway,
        journal: Journal,
        timer: AbstractTimer,
        log: AbstractLogger,
        cancel: Cancel,
        alarm: Callable[[str], None],
    ) -> None:
        """Have seen nothing."""
        self._orders = belief.orders
        self._lives = belief.lives
        self._book = book
        self._custody = custody
        self._warden = warden
        self._gateway = gateway
        self._journal = journal
        self._timer = timer
        self._log = log
        self._cancel = cancel
        self._alarm = alarm
        self._lapsed: dict[str, str] = {}
        self._since_ns: dict[str, tuple[bool, int]] = {}
        self._crossed_ns: dict[str, int] = {}
        self._kept_budget = ""
        self._second_ns = 0
        self._reappeared = 0

    async def run(self) -> None:
        """Go round for ever."""
        while True:
            now_ns = self._timer.Monotonic()
            self.cancel_lapsed()
            self.cancel_orphans(now_ns)
            self.ask_crossed(now_ns)
            if now_ns >= self._second_ns:
                self._second_ns = now_ns + NS_PER_SECOND
                self.block_uncertain(now_ns)
                self.check_day()
                self.tell_stuck_exits()
                self.keep_budget()
                self.tell_reappeared()
            await self._timer.SleepAsync(STEP_SECONDS)

    def cancel_lapsed(self) -> None:
        """Cancel what adds risk for bots that are asleep or see no market."""
        lapsed = dict(self._warden.lapsed())
        for owner, reason in lapsed.items():
            left = self._adding(owner)
            self._cancel(left)
            if left and owner not in self._lapsed:
                self._log.warning("risk taken back", owner=owner, reason=reason)
        self._lapsed = lapsed

    def cancel_orphans(self, now_ns: int) -> None:
        """Cancel what nobody adopted, and stops whose position is gone."""
        alive = {owner: self._lives.alive(owner) or 0 for owner in self._lives.owners()}
        left = self._custody.due(alive, self._book.is_proven_flat, now_ns)
        if left:
            self._log.info("orders without a bot cancelled", ids=[order.id for order in left])
            self._cancel(left)

    def ask_crossed(self, now_ns: int) -> None:
        """Ask for orders whose price the market has passed without a fill being told."""
        crossed: dict[str, int] = {}
        for order in self._orders.open_orders():
            if self._is_crossed(order):
                since_ns = self._crossed_ns.get(order.id, now_ns)
                crossed[order.id] = since_ns
                if since_ns >= 0 and now_ns - since_ns >= CROSSED_NS:
                    order.query_due_ns = order.query_due_ns or self._gateway.now_ns()
                    crossed[order.id] = -1
        self._crossed_ns = crossed

    def block_uncertain(self, now_ns: int) -> None:
        """Block the symbols of orders that have been in doubt for too long; unblock the others."""
        seen: dict[str, tuple[bool, int]] = {}
        blocked: dict[str, str] = {}
        for order in self._orders.open_orders():
            unknown = order.status is Status.UNKNOWN
            if not unknown and not order.cancel_wanted:
                continue
            kind, since_ns = self._since_ns.get(order.id, (unknown, now_ns))
            seen[order.id] = (unknown, since_ns if kind == unknown else now_ns)
            limit_ns = UNKNOWN_NS if unknown else CANCELLING_NS
            limit_ns += CONDITIONAL_NS if order.conditional else 0
            if now_ns - seen[order.id][1] > limit_ns:
                blocked[order.symbol] = f"{UNCERTAIN}: {order.id} (`supervisor resolve`)"
        self._since_ns = seen
        for symbol, reason in blocked.items():
            if self._warden.blocks.block(symbol, UNCERTAIN, reason):
                self._log.error("symbol blocked", symbol=symbol, reason=reason)
        self._warden.blocks.free(UNCERTAIN, but=blocked)

    def check_day(self) -> None:
        """Halt who has lost too much today, and take its quotes back."""
        for owner in self._warden.check_day(self._gateway.now_ns()):
            self._cancel(self._adding(None if owner == "*" else owner))

    def tell_stuck_exits(self) -> None:
        """Tell of positions that cannot be left."""
        for text in self._warden.stuck_exits():
            self._log.error("exits fail", what=text)
            self._alarm(text)

    def keep_budget(self) -> None:
        """Journal what is used of the rate limits, when it changed."""
        row = self._gateway.budget.keep()
        if row.value != self._kept_budget:
            self._kept_budget = row.value
            self._journal.put([row])

    def tell_reappeared(self) -> None:
        """Tell of orders that were believed not to exist, and did."""
        count = self._orders.counts["reappeared"]
        if count != self._reappeared:
            self._log.error("orders appeared that were called absent", count=count)
        self._reappeared = count

    def _adding(self, owner: str | None) -> list[Tracked]:
        return [
            order
            for order in self._orders.open_orders(owner)
            if not order.is_stop and not order.reduce_only
        ]

    def _is_crossed(self, order: Tracked) -> bool:
        quote = self._warden.quotes.get(order.symbol)
        resting = order.status in (Status.NEW, Status.PARTIALLY_FILLED)
        if quote is None or order.conditional or not order.price or not resting:
            return False
        if order.side is Side.BUY:
            return bool(quote.ask) and quote.ask < order.price
        return quote.bid > order.price
