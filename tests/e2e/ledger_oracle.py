"""A second oracle, written apart: what every bot must have seen, by the venue's ledger alone.

Replays the ledger's fills and compares with the notebooks' plain lines; it uses nothing of the
product and nothing of the first oracle.
"""

import json
import zlib
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

Key = tuple[str, int, int]


def expected(ledger: dict[str, Any], project: str, owner: str) -> dict[Key, tuple[str, str]]:
    """Return the fills of one owner: key -> quantity and price, as the venue writes them."""
    bot, _, symbol = owner.rpartition(":")
    mark = f"{zlib.crc32(bytes(chr(0).join((project, symbol, bot)), 'ascii')):08x}-"
    return {
        (row["symbol"], row["id"], row["order_id"]): (row["qty"], row["price"])
        for row in ledger["fills"]
        if row["client_id"].startswith(mark)
    }


def seen(path: Path) -> list[dict[Key, list[tuple[str, str]]]]:
    """Return what each life of a notebook's bot was told: key -> every quantity and price."""
    lives: list[dict[Key, list[tuple[str, str]]]] = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(text)
        except ValueError:
            continue
        if row[0] == "life":
            lives.append(defaultdict(list))
        elif row[0] == "order" and row[4] is not None:
            symbol, trade, order, qty, price, _ = row[4]
            lives[-1][symbol, trade, order].append((qty, price))
    return lives


def differences(folder: Path, project: str, owners: list[str], last: int = 0) -> list[str]:
    """Return everything that a bot saw and should not have, or did not see and should have.

    Args:
        folder: What `supervisor chaos --keep` has left.
        project: Name of the run.
        owners: All `<bot>:<SYMBOL>`.
        last: Fills after this venue time may still have been on their way at the stop; 0 = none.
    """
    ledger = json.loads((folder / "ledger.json").read_text())
    times = {(r["symbol"], r["id"], r["order_id"]): r["time_ns"] for r in ledger["fills"]}
    found = []
    for owner in owners:
        wanted = expected(ledger, project, owner)
        lives = seen(folder / "n" / f"{owner.replace(':', '_')}.jsonl")
        told = Counter(key for life in lives for key in life)
        found += [
            f"{owner} never saw {key}"
            for key in wanted
            if not told[key] and not (last and times[key] > last)
        ]
        for life in lives:
            for key, values in life.items():
                if len(values) > 1:
                    found.append(f"{owner} saw {key} {len(values)} times in a life")
                if key not in wanted or not _same(wanted[key], values[0]):
                    found.append(f"{owner} saw {key} as {values[0]}, not as {wanted.get(key)}")
    return found


def _same(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return [Decimal(text) for text in one] == [Decimal(text) for text in other]
