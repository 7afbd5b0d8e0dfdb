"""The journal's tables, and which of their rows are always few."""

from typing import Any

from lib.constants import FINAL, Status
from lib.oms.rows import Fact, FillRow, OrderRow, OwnerRow

TABLES: dict[type[Any], tuple[str, str]] = {
    OrderRow: ("orders", "PRIMARY KEY (id)"),
    FillRow: ("fills", "PRIMARY KEY (symbol, trade_id, exchange_id)"),
    Fact: ("facts", "PRIMARY KEY (name)"),
    OwnerRow: ("owners", "PRIMARY KEY (prefix)"),
}
SQL = {
    kind: f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(kind._fields))})"  # noqa: S608
    for kind, (table, _) in TABLES.items()
}
_FINAL = ", ".join(f"'{status.value}'" for status in sorted(FINAL))
_GONE = ", ".join(f"'{status.value}'" for status in sorted(FINAL - {Status.NOT_PLACED}))
UNFINISHED = f"(status NOT IN ({_FINAL}) OR held != '' OR kept)"
LASTING = f"(status NOT IN ({_GONE}) OR held != '' OR kept)"
"""Unfinished, or called absent, so that it may still appear: always few, whatever is kept."""
SCHEMA = (
    "CREATE UNIQUE INDEX IF NOT EXISTS fills_of_owner ON fills (owner, sequence)",
    "CREATE INDEX IF NOT EXISTS fills_of_order ON fills (id)",
    "CREATE INDEX IF NOT EXISTS orders_of_owner ON orders (owner, id)",
    f"CREATE INDEX IF NOT EXISTS orders_lasting ON orders (id) WHERE {LASTING}",
    "DROP INDEX IF EXISTS orders_by_status",
)
