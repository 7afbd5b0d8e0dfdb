"""The line to Binance USD-M: one client, the exchange's clock, and the budget it may spend."""

from collections.abc import Awaitable, Callable
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.errors import ExchangeUnavailable, OrderRejected, RateLimited
from lib.exchange.binance.answers import read
from lib.exchange.binance.rest import BinanceRest, Hooks, close_quietly
from lib.oms.budget import Budget, Priority
from lib.oms.outcomes import CLOCK_CODES, KEY_CODES, Verb
from lib.oms.proof import proof_of
from lib.ping import measure_offset
from lib.timer import AbstractTimer

TIMEOUT_SECONDS = 5.0
PROBE_NS = 30 * NS_PER_SECOND
"""Between two tries with a key that was refused."""
PRIORITIES = {
    Verb.PLACE: Priority.LIMIT,
    Verb.CANCEL: Priority.CANCEL,
    Verb.QUERY: Priority.QUERY,
    Verb.READ: Priority.READ,
}


class BinanceLink:
    """Sends requests to one exchange address.

    Args:
        config: The exchange's section: `rest_url`, `key`, `secret`, `timeout` (seconds),
            `order_window` (seconds).
        timer: The process's timer.
        budget: Fed with every answer's headers, and asked before every request.
    """

    def __init__(
        self, config: dict[str, Any], timer: AbstractTimer, budget: Budget | None = None
    ) -> None:
        """Connect nothing yet; must be made inside a running loop."""
        self.rest_url: str = config["rest_url"]
        self.budget = budget or Budget()
        self.key_trouble = ""
        """Why the key is refused, "" while it is not."""
        self.is_opening: Callable[[], bool] = lambda: False
        """Whether nothing can be posted before reads have been answered: then they go first."""
        self.answered_ns = 0
        """When anything was answered last, monotonic."""
        self._key_ns = 0
        self._timer = timer
        self._offset_ns = timer.Timestamp() - timer.Monotonic()
        hooks = Hooks(
            lambda: self.now_ns() // NS_PER_MS,
            lambda name, used: self.budget.on_used(name, used, self.now_ns()),
            self._block,
            self._heard,
        )
        self.client = BinanceRest(
            self.rest_url,
            config.get("key", ""),
            config.get("secret", ""),
            hooks,
            float(config.get("timeout", TIMEOUT_SECONDS)),
            proof_of(config).window_ms,
        )

    # --- clock

    def now_ns(self) -> int:
        """Return the exchange's time as estimated, ns; no step of the host's clock moves it."""
        return self._timer.Monotonic() + self._offset_ns

    async def sync_clock(self) -> int:
        """Measure the exchange's clock; return its offset to the host's clock in ns.

        Raises:
            ExchangeError: The exchange does not answer.
        """
        self._check_budget(Priority.OPEN if self.is_opening() else Priority.QUERY)
        offset = await measure_offset(self._server_ms, self._timer)
        host_ns = self._timer.Timestamp() - self._timer.Monotonic()
        self._offset_ns = host_ns + offset.offset_ns
        return offset.offset_ns

    async def reach(self) -> None:
        """Ask the exchange for its time, to see that it answers.

        Raises:
            ExchangeError: It does not.
        """
        self._check_budget(Priority.QUERY)
        await self._server_ms()

    async def close(self) -> None:
        """Close all connections."""
        await close_quietly(self.client)

    # --- for subclasses

    async def _order(
        self, request: Callable[[], Awaitable[Any]], priority: Priority, stamp_ns: int = 0
    ) -> Any:
        # Refused for our clock: whoever chose the timestamp must choose, and journal, another.
        self._check_key()
        self._check_budget(priority)
        return await self._ask(Verb.PLACE, request, stamp_ns // NS_PER_MS)

    async def _read(self, request: Callable[[], Awaitable[Any]]) -> Any:
        return await self._send(Verb.READ, request)

    async def _read_public(self, request: Callable[[], Awaitable[Any]]) -> Any:
        # Signed by nobody: it says nothing of the key, and a refused one does not stop it.
        self._check_budget(self._priority(Verb.READ))
        return await self.client.ask(Verb.READ, request)

    async def _send(self, verb: Verb, request: Callable[[], Awaitable[Any]]) -> Any:
        self._check_key()
        self._check_budget(self._priority(verb))
        try:
            return await self._ask(verb, request)
        except ExchangeUnavailable as error:
            if error.code not in CLOCK_CODES:
                raise
        # refused for our clock alone: set it right and send once more
        await self.sync_clock()
        return await self._ask(verb, request)

    async def _ask(
        self, verb: Verb, request: Callable[[], Awaitable[Any]], stamp_ms: int = 0
    ) -> Any:
        try:
            answer = await self.client.ask(verb, request, stamp_ms)
        except OrderRejected as error:
            if error.code in KEY_CODES:
                # knocking on with a key that is refused ends in a ban
                self._key_ns = self._timer.Monotonic() + PROBE_NS
                self.key_trouble = f"the exchange refuses the API key: {error}"
            raise
        self.key_trouble = ""
        return answer

    def _check_key(self) -> None:
        if not self.key_trouble:
            return
        now_ns = self._timer.Monotonic()
        if now_ns < self._key_ns:
            wait = (self._key_ns - now_ns) / NS_PER_SECOND
            raise RateLimited(self.key_trouble, 0, wait)
        # the one that goes out now is the probe: all others wait for what comes of it
        self._key_ns = now_ns + PROBE_NS

    def _priority(self, verb: Verb) -> Priority:
        return Priority.OPEN if verb is Verb.READ and self.is_opening() else PRIORITIES[verb]

    def _check_budget(self, priority: Priority) -> None:
        wait_ns = self.budget.wait_ns(self.now_ns(), priority)
        if wait_ns:
            wait = wait_ns / NS_PER_SECOND
            why = self.budget.blocked(self.now_ns()) or "rate limited"
            raise RateLimited(f"{why} for {wait:.1f} s more", 0, wait)

    async def server_ns(self) -> int:
        """Return the exchange's time as it says itself, ns.

        Raises:
            ExchangeError: It does not answer.
        """
        self._check_budget(Priority.QUERY)
        return await self._server_ms() * NS_PER_MS

    async def _server_ms(self) -> int:
        body = await self.client.ask(Verb.READ, lambda: self.client.futures_time())
        return read(lambda row: int(row["serverTime"]), body)

    def _heard(self) -> None:
        self.answered_ns = self._timer.Monotonic()

    def _block(self, name: str, seconds: float, why: str) -> None:
        self.budget.block(name, self.now_ns() + round(seconds * NS_PER_SECOND), why)
