"""A second oracle, written apart: what every bot must have seen, by the venue's ledger alone.

Replays the ledger's fills in their true order and compares with the notebooks' plain lines; it uses
nothing of the product and nothing of the first oracle.
"""

import json
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

Key = tuple[str, int, int]
UNDER_WAY_NS = 2_000_000_000
"""What fills so shortly before a bot's end may not have reached it."""
NEVER = {"NOT_SENT", "NOT_PLACED"}
ENDED = {"CANCELED", "EXPIRED"}
OPEN = {"NEW", "PARTIALLY_FILLED"}


class Book:
    """One bot's notebook: its lines, and what they say.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.lives: list[dict[Key, list[tuple[str, str]]]] = []
        self.positions: list[Decimal] = []
        self.statuses: dict[str, str] = {}
        self.end_ns = 0
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                row = json.loads(text)
            except ValueError:
                # torn by a kill
                continue
            self._take(*row)

    def _take(self, kind: str, at_ns: int, *values: Any) -> None:
        self.end_ns = at_ns
        if kind == "life":
            self.lives.append(defaultdict(list))
        elif kind == "position":
            self.positions.append(Decimal(values[0]))
        elif kind == "order":
            client_id, status, fill = values
            self.statuses[client_id] = status
            if fill is not None:
                symbol, trade, order, qty, price, _ = fill
                self.lives[-1][symbol, trade, order].append((qty, price))


def differences(folder: Path, project: str, owners: list[str]) -> list[str]:
    """Return everything that a bot saw and should not have, or did not see and should have.

    Args:
        folder: What `supervisor chaos --keep` has left.
        project: Name of the run.
        owners: All `<bot>:<SYMBOL>`.
    """
    ledger = json.loads((folder / "ledger.json").read_text())
    found: list[str] = []
    for owner in owners:
        book = Book(folder / "n" / f"{owner.replace(':', '_')}.jsonl")
        mine = [row for row in ledger["fills"] if row["client_id"].startswith(mark(project, owner))]
        found += (f"{owner} {what}" for what in _fills(mine, book))
        found += (f"{owner} {what}" for what in _positions(ledger["fills"], owner, book))
        found += (f"{owner} {what}" for what in _orders(ledger, book))
    return found


def mark(project: str, owner: str) -> str:
    """Return how the ids of an owner's orders begin."""
    bot, _, symbol = owner.rpartition(":")
    return f"{zlib.crc32(bytes(chr(0).join((project, symbol, bot)), 'ascii')):08x}-"


def _fills(mine: list[dict[str, Any]], book: Book) -> Iterator[str]:
    wanted = {
        (row["symbol"], row["id"], row["order_id"]): (row["qty"], row["price"]) for row in mine
    }
    told = Counter(key for life in book.lives for key in life)
    for row in mine:
        key = (row["symbol"], row["id"], row["order_id"])
        if not told[key] and row["time_ns"] < book.end_ns - UNDER_WAY_NS:
            yield f"never saw {key}"
    for life in book.lives:
        for key, values in life.items():
            if len(values) > 1:
                yield f"saw {key} {len(values)} times in a life"
            if key not in wanted or not _same(wanted[key], values[0]):
                yield f"saw {key} as {values[0]}, not as {wanted.get(key)}"


def _positions(fills: list[dict[str, Any]], owner: str, book: Book) -> Iterator[str]:
    """Each position that a bot was told is one that the venue has held."""
    held = Decimal(0)
    possible = {held}
    symbol = owner.rpartition(":")[2]
    for row in sorted(fills, key=lambda row: row["step"]):
        if row["symbol"] == symbol:
            held += Decimal(row["qty"]) * (1 if row["side"] == "BUY" else -1)
            possible.add(held)
    for position in book.positions:
        if position not in possible:
            yield f"was told of a position of {position}, which the venue never held"


def _orders(ledger: dict[str, Any], book: Book) -> Iterator[str]:
    """What a bot was told of an order's end is what became of it."""
    became: dict[str, set[str]] = defaultdict(set)
    for row in [*ledger["algo_orders"], *ledger["orders"]]:
        # attempts of one intent bear its id and a number
        intent = ".".join(row["client_id"].split(".")[:3])
        became[intent].add(row["status"])
    for client_id, status in book.statuses.items():
        states = became.get(client_id, set())
        if status in NEVER and states:
            yield f"was told that {client_id} is {status}; it is {states}"
        if status == "FILLED" and "FILLED" not in states:
            yield f"was told that {client_id} is filled; it is {states}"
        if status in ENDED and states & OPEN:
            yield f"was told that {client_id} is {status}; it is {states}"


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return [Decimal(text) for text in one] == [Decimal(text) for text in other]
