"""Rate limits: weight per address, orders per account, 429 with a wait, then a ban with 418."""

from collections import deque
from dataclasses import dataclass

from lib.constants import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND
from lib.venue.refusals import Refusal

TEN_SECONDS_NS = 10 * NS_PER_SECOND
FIVE_MINUTES_NS = 5 * NS_PER_MINUTE
FIRST_BAN_NS = 2 * NS_PER_MINUTE
LONGEST_BAN_NS = 3 * 24 * 60 * NS_PER_MINUTE
TOO_MANY = 429
BANNED = 418


@dataclass(frozen=True, slots=True)
class Quotas:
    """What is allowed: weight per minute, orders per 10 s and per minute, funding calls per 5 min.

    `patience` is how many requests may follow a 429 inside its minute before the ban.
    """

    weight: int = 2400
    orders_10s: int = 300
    orders_1m: int = 1200
    funding: int = 500
    patience: int = 20


class Window:
    """A counter that starts anew at each multiple of its length, like the exchange's.

    Args:
        length_ns: Length of the window.
    """

    def __init__(self, length_ns: int) -> None:
        """Start empty."""
        self.length_ns = length_ns
        self.used = 0
        self._start_ns = 0

    def count(self, amount: int, now_ns: int) -> int:
        """Add `amount` and return what this window has used."""
        start_ns = now_ns // self.length_ns * self.length_ns
        if start_ns != self._start_ns:
            self._start_ns, self.used = start_ns, 0
        self.used += amount
        return self.used

    def remaining(self, now_ns: int) -> int:
        """Return the whole seconds until the window ends, at least one."""
        end_ns = (now_ns // self.length_ns + 1) * self.length_ns
        return max(1, -(-(end_ns - now_ns) // NS_PER_SECOND))


class Limits:
    """The counters of one address and of all accounts; pure.

    Args:
        quotas: What is allowed.
    """

    def __init__(self, quotas: Quotas | None = None) -> None:
        """Start with nothing used."""
        self.quotas = quotas or Quotas()
        self.weight = Window(NS_PER_MINUTE)
        self.banned_until_ns = 0
        self._funding: deque[int] = deque()
        self._orders: dict[str, tuple[Window, Window]] = {}
        self._ignored = Window(NS_PER_MINUTE)
        self._bans = 0

    def check_ban(self, now_ns: int) -> None:
        """Refuse everything while the address is banned.

        Raises:
            Refusal: -1003 with HTTP 418.
        """
        if now_ns < self.banned_until_ns:
            raise self._banned(now_ns)

    def ban(self, now_ns: int, length_ns: int) -> None:
        """Ban the address, as a fault or after ignored 429s."""
        self.banned_until_ns = now_ns + length_ns

    def count_weight(self, weight: int, now_ns: int) -> int:
        """Count a request; return the weight used in this minute.

        Raises:
            Refusal: -1003 with HTTP 429, or 418 when earlier 429s were ignored.
        """
        used = self.weight.count(weight, now_ns)
        if used <= self.quotas.weight:
            return used
        if self._ignored.count(1, now_ns) > self.quotas.patience:
            self._bans += 1
            length_ns = min(FIRST_BAN_NS * 4 ** (self._bans - 1), LONGEST_BAN_NS)
            self.ban(now_ns, length_ns)
            raise self._banned(now_ns)
        raise Refusal(
            -1003,
            f"Too many requests; current limit of IP(127.0.0.1) is {self.quotas.weight} requests "
            "per minute. Please use the websocket for live updates to avoid polling the API.",
            status=TOO_MANY,
            headers={"Retry-After": str(self.weight.remaining(now_ns))},
        )

    def count_funding(self, now_ns: int) -> None:
        """Count a call of the funding pool, which has no weight.

        Raises:
            Refusal: -1003 with HTTP 429.
        """
        calls = self._funding
        while calls and calls[0] <= now_ns - FIVE_MINUTES_NS:
            calls.popleft()
        calls.append(now_ns)
        if len(calls) > self.quotas.funding:
            wait = max(1, (calls[0] + FIVE_MINUTES_NS - now_ns) // NS_PER_SECOND)
            text = f"Too many requests; current limit is {self.quotas.funding} per 5 minutes."
            raise Refusal(-1003, text, status=TOO_MANY, headers={"Retry-After": str(wait)})

    def count_orders(self, account: str, counts: tuple[int, int], now_ns: int) -> tuple[int, int]:
        """Count new orders; return those used in the 10 s and in the minute.

        Raises:
            Refusal: -1015 with HTTP 429; a refused request is not counted.
        """
        short, long = self._windows(account)
        used = short.count(counts[0], now_ns), long.count(counts[1], now_ns)
        limits = ((self.quotas.orders_10s, "TEN_SECONDS"), (self.quotas.orders_1m, "MINUTE"))
        for window, number, (limit, name) in zip((short, long), used, limits, strict=True):
            if number > limit:
                short.count(-counts[0], now_ns)
                long.count(-counts[1], now_ns)
                text = f"Too many new orders; current limit is {limit} orders per {name}."
                wait = str(window.remaining(now_ns))
                raise Refusal(-1015, text, status=TOO_MANY, headers={"Retry-After": wait})
        return used

    def used_orders(self, account: str, now_ns: int) -> tuple[int, int]:
        """Return the orders counted in this 10 s and in this minute."""
        short, long = self._windows(account)
        return short.count(0, now_ns), long.count(0, now_ns)

    def rows(self, account: str | None, now_ns: int) -> list[dict[str, object]]:
        """Return `rateLimits` as the websocket API shows them."""
        used = self.weight.count(0, now_ns)
        rows = [limit_row("REQUEST_WEIGHT", "MINUTE", 1, self.quotas.weight) | {"count": used}]
        if account is not None:
            short, long = self.used_orders(account, now_ns)
            ten = limit_row("ORDERS", "SECOND", 10, self.quotas.orders_10s)
            minute = limit_row("ORDERS", "MINUTE", 1, self.quotas.orders_1m)
            rows += [ten | {"count": short}, minute | {"count": long}]
        return rows

    def _windows(self, account: str) -> tuple[Window, Window]:
        if account not in self._orders:
            self._orders[account] = Window(TEN_SECONDS_NS), Window(NS_PER_MINUTE)
        return self._orders[account]

    def _banned(self, now_ns: int) -> Refusal:
        wait = max(1, -(-(self.banned_until_ns - now_ns) // NS_PER_SECOND))
        return Refusal(
            -1003,
            f"Way too many requests; IP(127.0.0.1) banned until {self.banned_until_ns // NS_PER_MS}"
            ". Please use the websocket for live updates to avoid bans.",
            status=BANNED,
            headers={"Retry-After": str(wait)},
        )


def limit_row(kind: str, interval: str, number: int, limit: int) -> dict[str, object]:
    """Return one row of `rateLimits`."""
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }
