"""What a bot writes down while it is drilled, and how the oracle reads it (pure).

One JSON array a line, the first element says what it is:

    ["life", at_ns, owner, incarnation, pid]       a new life begins
    ["post", at_ns, id]                            `Post` or `PostList` gave this id
    ["order", at_ns, id, status, fill]             `onOrder` was entered; `fill` is null, or
                        [symbol, trade id, order id, qty, price, replayed]
    ["done", at_ns, symbol, trade id, order id]    the handler of that fill has returned
    ["position", at_ns, qty]                       `onAccount` told a signed position
    ["balance", at_ns, amount]                     what `getBalance` said, once a second
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from lib.chaos.ledger import FillKey

FINAL = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED", "NOT_SENT", "NOT_PLACED"})


class Delivery(NamedTuple):
    """One fill that reached a handler."""

    at_ns: int
    order: str
    key: FillKey
    qty: Decimal
    price: Decimal
    replayed: bool


@dataclass(slots=True)
class Life:
    """One life of a bot, as it saw it; times in ns since the epoch."""

    incarnation: int
    pid: int
    start_ns: int
    last_ns: int
    posts: dict[str, int] = field(default_factory=dict)
    """Order id -> when `Post` was called."""
    first: dict[str, int] = field(default_factory=dict)
    """Order id -> when its first update came."""
    statuses: dict[str, str] = field(default_factory=dict)
    """Order id -> newest status told."""
    accepted: dict[str, int] = field(default_factory=dict)
    """Order id -> when the bot was first told that the exchange has, or had, it."""
    endings: dict[str, int] = field(default_factory=dict)
    """Order id -> how often the bot was told that it had ended, without a fill being told."""
    deliveries: list[Delivery] = field(default_factory=list)
    done: dict[FillKey, int] = field(default_factory=dict)
    """Fill -> when its handler returned."""
    position: Decimal | None = None
    balance: Decimal | None = None


class Notebook:
    """Everything that one owner's lives wrote.

    Args:
        owner: `<bot>:<SYMBOL>`.
    """

    def __init__(self, owner: str) -> None:
        """Know no life."""
        self.owner = owner
        self.lives: list[Life] = []
        self._rest = b""

    @property
    def life(self) -> Life | None:
        """Return the newest life, None before the first."""
        return self.lives[-1] if self.lives else None

    def feed(self, data: bytes) -> None:
        """Read what was appended; an unfinished line waits, a torn one is dropped."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
            self._take(row)

    def _take(self, row: list[Any]) -> None:
        kind, at_ns, *rest = row
        if kind == "life":
            _, incarnation, pid = rest
            self.lives.append(Life(incarnation, pid, at_ns, at_ns))
            return
        life = self.life
        if life is None:
            return
        life.last_ns = at_ns
        match kind, rest:
            case "post", [client_id]:
                life.posts[client_id] = at_ns
            case "order", [client_id, status, fill]:
                _take_order(life, at_ns, client_id, status, fill)
            case "done", [symbol, trade, order]:
                life.done[symbol, trade, order] = at_ns
            case "position", [qty]:
                life.position = Decimal(qty)
            case "balance", [amount]:
                life.balance = Decimal(amount)


def _take_order(life: Life, at_ns: int, client_id: str, status: str, fill: Any) -> None:
    life.first.setdefault(client_id, at_ns)
    life.statuses[client_id] = status
    if fill is not None or status in ("NEW", "PARTIALLY_FILLED", "FILLED"):
        life.accepted.setdefault(client_id, at_ns)
    if fill is None:
        if status in FINAL:
            life.endings[client_id] = life.endings.get(client_id, 0) + 1
        return
    symbol, trade, order, qty, price, replayed = fill
    key = (symbol, trade, order)
    life.deliveries.append(
        Delivery(at_ns, client_id, key, Decimal(qty), Decimal(price), bool(replayed))
    )


def line(kind: str, at_ns: int, *values: Any) -> bytes:
    """Return one line of a notebook."""
    return orjson.dumps([kind, at_ns, *values]) + b"\n"
