"""Reads what a new life must know of a journal, however much stands in it."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from lib.journal.schema import LASTING
from lib.oms.rows import ACKS, SWEPT, TALLY, FillRow, OrderRow, Past

RECENT = 3_000
"""Orders that a new life knows of, though they are final: more than the exchange takes in a minute,
which is longer than any request lives that could name one again."""


def read_past(connection: sqlite3.Connection, since_ns: int) -> Past:
    """Return all that a new life must know, by looks into indexes alone.

    Args:
        connection: An open journal.
        since_ns: From when on fills of a symbol are needed that was never swept to the end.
    """

    def rows(sql: str, *values: Any) -> list[Any]:
        return connection.execute(sql, values).fetchall()

    facts = {name: json.loads(value) for name, value in rows("SELECT * FROM facts")}
    sequences = dict(newest_of(connection, "fills", "owner", "sequence"))
    lasting = rows(f"SELECT * FROM orders WHERE {LASTING}")  # noqa: S608
    recent = rows("SELECT * FROM orders ORDER BY rowid DESC LIMIT ?", RECENT)
    orders = {row[0]: OrderRow(*row) for row in (*reversed(recent), *lasting)}
    fills = _needed(connection, facts, sequences, [row[0] for row in lasting], since_ns)
    for name in {fill.id for fill in fills} - orders.keys():
        for row in rows("SELECT * FROM orders WHERE id = ?", name):
            orders[name] = OrderRow(*row)
    return Past(
        orders=list(orders.values()),
        fills=fills,
        facts=facts,
        owners=dict(rows("SELECT * FROM owners")),
        sequences=sequences,
        highest=dict(newest_of(connection, "orders", "owner", "id")),
    )


def newest_of(
    connection: sqlite3.Connection, table: str, group: str, column: str
) -> list[tuple[str, Any]]:
    """Return the greatest value of each group, by one look into an index for each."""
    # GROUP BY would read the whole index
    return connection.execute(
        f"WITH RECURSIVE groups (name) AS (SELECT min({group}) FROM {table} UNION ALL "  # noqa: S608
        f"SELECT (SELECT min({group}) FROM {table} WHERE {group} > name) FROM groups "
        f"WHERE name IS NOT NULL) SELECT name, (SELECT max({column}) FROM {table} "
        f"WHERE {group} = name) FROM groups WHERE name IS NOT NULL"
    ).fetchall()


def _needed(
    connection: sqlite3.Connection,
    facts: dict[str, Any],
    owners: Iterable[str],
    lasting: Iterable[str],
    since_ns: int,
) -> list[FillRow]:
    """Return the fills that may have to be told, counted, or known when they come again."""
    acks, counted = facts.get(ACKS, {}), facts.get(TALLY, {}).get("counted", {})
    found: dict[tuple[str, int, int], FillRow] = {}

    def take(condition: str, *values: Any) -> None:
        sql = f"SELECT * FROM fills WHERE {condition}"  # noqa: S608
        found.update({row[:3]: FillRow(*row) for row in connection.execute(sql, values)})

    for owner in owners:
        done = min(acks.get(owner, 0), counted.get(owner, 0))
        take("owner = ? AND sequence > ?", owner, done)
    for symbol, _ in newest_of(connection, "fills", "symbol", "trade_id"):
        mark = facts.get(f"{SWEPT}{symbol}")
        if mark is None:
            take("symbol = ? AND event_ns >= ?", symbol, since_ns)
        else:
            take("symbol = ? AND trade_id > ?", symbol, int(mark))
    for name in lasting:
        take("id = ?", name)
    return sorted(found.values(), key=lambda row: (row.owner, row.sequence))
