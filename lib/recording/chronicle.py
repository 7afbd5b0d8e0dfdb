"""What a bot's run leaves in its database for `supervisor report` (pure).

Four series: `fills`; `orders`, each once, when it is final; `path`, the market's middle, own best
quotes, position and wallet once a second; `markouts`, the middle some time after each fill.
"""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

from lib.constants import KEY, NS_PER_MS, NS_PER_SECOND
from lib.models import Update
from lib.oms.ids import made_ns
from lib.unique_times import UniqueTimes

FILLS, ORDERS, PATH, MARKOUTS = "fills", "orders", "path", "markouts"
HORIZONS = (1.0, 5.0, 30.0)
"""Seconds after a fill at which the middle price is noted."""
MOST_OPEN = 10_000
"""Orders that are followed, and fills that wait for their mark-outs, at most."""


class Look(NamedTuple):
    """How things stand; None is unknown."""

    mid: Decimal | None
    bid: Decimal | None
    """Own best quote."""
    ask: Decimal | None
    position: Decimal | None
    """Signed, base."""
    entry: Decimal | None
    wallet: Decimal | None
    """The account's, in the margin asset."""
    latency_ns: int | None
    """From the exchange's newest book to the bot."""


class Chronicle:
    """Turns what a bot is told into records.

    Args:
        write: Takes a record: `series`, `timestamp` and fields.
        look: Returns how things stand.
    """

    def __init__(self, write: Callable[[dict[str, Any]], None], look: Callable[[], Look]) -> None:
        """Have seen nothing."""
        self._write = write
        self._look = look
        self._accepted: dict[str, int] = {}
        """Id of an open order -> exchange's time of its first news."""
        self._due: list[deque[tuple[int, int]]] = [deque(maxlen=MOST_OPEN) for _ in HORIZONS]
        """For each horizon, (time, trade id) of what is to be noted, ascending."""
        self._sample_ns = 0
        self._times = UniqueTimes()

    @property
    def due_ns(self) -> int:
        """When `tick` has something to do, ns since the epoch."""
        return min([self._sample_ns, *(waiting[0][0] for waiting in self._due if waiting)])

    def on_update(self, update: Update, now_ns: int) -> None:
        """Take in an order's news."""
        if update.exchange_id and len(self._accepted) < MOST_OPEN:
            self._accepted.setdefault(update.id, update.timestamp)
        if update.fill_qty:
            self._on_fill(update, now_ns)
        if update.status.is_final:
            self._on_end(update)

    def tick(self, now_ns: int) -> None:
        """Write what is due."""
        look = self._look()
        for seconds, waiting in zip(HORIZONS, self._due, strict=True):
            while waiting and waiting[0][0] <= now_ns:
                _, trade_id = waiting.popleft()
                self._put(MARKOUTS, now_ns, trade_id=trade_id, seconds=seconds, mid=look.mid)
        if now_ns >= self._sample_ns:
            self._sample_ns = (now_ns // NS_PER_SECOND + 1) * NS_PER_SECOND
            self.sample(now_ns)

    def sample(self, now_ns: int) -> None:
        """Write how things stand."""
        *values, latency_ns = self._look()
        fields: dict[str, Any] = dict(zip(Look._fields, values, strict=False))
        latency_ms = None if latency_ns is None else latency_ns / NS_PER_MS
        if any(value is not None for value in values):
            self._put(PATH, now_ns, **fields, latency_ms=latency_ms)

    def _on_fill(self, update: Update, now_ns: int) -> None:
        self._put(
            FILLS,
            update.timestamp,
            client_id=update.id,
            side=update.side.value,
            price=update.fill_price,
            qty=update.fill_qty,
            fee=update.fee,
            fee_asset=update.fee_asset,
            maker=update.maker,
            trade_id=update.trade_id,
            mid=self._look().mid,
        )
        if not update.replayed:
            for seconds, waiting in zip(HORIZONS, self._due, strict=True):
                waiting.append((now_ns + round(seconds * NS_PER_SECOND), update.trade_id))

    def _on_end(self, update: Update) -> None:
        self._put(
            ORDERS,
            update.timestamp,
            client_id=update.id,
            side=update.side.value,
            type=update.type.value,
            status=update.status.value,
            price=update.price,
            qty=update.qty,
            filled=update.filled_qty,
            reduce_only=update.reduce_only,
            reason=update.reason,
            # Text: databases that keep floats would round it.
            posted_ns=str(made_ns(update.id)),
            accepted_ns=str(self._accepted.pop(update.id, 0)),
        )

    def _put(self, series: str, time_ns: int, **fields: Any) -> None:
        moment = self._times.make(series, time_ns)
        self._write({"series": series, KEY.TIMESTAMP: moment, **fields})
