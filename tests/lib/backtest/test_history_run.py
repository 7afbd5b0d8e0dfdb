"""A run read back from a database: figures that were worked out by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.backtest.commands.report import past_ns
from lib.backtest.history_run import HistoryRun
from lib.backtest.results import read_results, write_lived
from lib.constants import NS_PER_SECOND
from lib.database.sqlite_db import SqliteDb
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.timer import VirtualTimer

START_NS = 1_800_000_000 * NS_PER_SECOND
D = Decimal


class Book:
    """A database that bots write their history into."""

    def __init__(self, folder: Path) -> None:
        self.config = {
            "project": "p", "name": "quoter", "symbol": "BTCUSDT",
            "sqlite": {"path": str(folder / "h.db")},
        }  # fmt: skip
        self.database = self._open(self.config)

    def _open(self, config: dict[str, Any]) -> SqliteDb:
        return SqliteDb(config, SandboxFactory({}), VirtualTimer(START_NS))

    def write(self, series: str, at: float, **fields: Any) -> None:
        time_ns = START_NS + round(at * NS_PER_SECOND)
        record = {"series": series, "timestamp": time_ns, **fields}
        self.database.writeEncoded([self.database.Encode(record)])

    def path(self, at: float, position: str, wallet: str, mid: str = "100", **more: Any) -> None:
        values = {"mid": D(mid), "position": D(position), "wallet": D(wallet)}
        self.write("path", at, **values, entry=D(100), **more)

    def fill(self, at: float, side: str, price: str, trade_id: int, mid: str = "100") -> None:
        self.write(
            "fills", at, client_id=f"o{trade_id}", side=side, price=D(price), qty=D(1),
            fee=D("0.1"), maker=True, trade_id=trade_id, mid=D(mid),
        )  # fmt: skip

    def read(self, *bots: str) -> HistoryRun:
        end_ns = START_NS + 1000 * NS_PER_SECOND
        return HistoryRun(self.database, START_NS, end_ns, bots, "p", {"bots": []})


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_profit_is_explained_by_fills_and_fees(book: Book, tmp_path: Path) -> None:
    book.path(0, "0", "1000")
    book.fill(0.5, "BUY", "99", 1)
    book.path(1, "1", "999.9")
    book.fill(1.5, "SELL", "102", 2, mid="101")
    book.write("markouts", 2.5, trade_id=2, seconds=1.0, mid=D("101.5"))
    book.path(2, "0", "1002.8")

    run = book.read()
    write_lived(tmp_path / "run", run)

    total = read_results(tmp_path / "run")["total"]
    # Bought at 99, sold at 102, 0.1 each for the fees.
    assert D(total["profit"]) == D("2.8")
    assert (D(total["first_equity"]), D(total["last_equity"])) == (1000, D("1002.8"))
    # 1 below the middle, 1 above it.
    assert D(total["spread_capture"]) == 2
    assert run.recorder.fills[1].later == [D("101.5"), None, None]
    assert run.missing == ["orders that were still open at the end", "some mark-outs of 2 fills"]


def test_a_position_from_before_counts_at_its_entry(book: Book) -> None:
    book.path(0, "1", "1000", mid="101")
    book.fill(0.5, "SELL", "102", 1, mid="102")
    book.path(1, "0", "1001.9", mid="102")

    run = book.read()

    # It was worth 1001 before, entry at 100.
    assert run.recorder.stats.first == 1001
    assert run.recorder.stats.last == D("1001.9")


def test_what_two_lives_were_told_counts_once(book: Book) -> None:
    book.path(0, "0", "1000")
    book.fill(0.5, "BUY", "99", 1)
    book.fill(0.6, "BUY", "99", 1)
    book.path(1, "1", "999.9")

    assert len(book.read().recorder.fills) == 1


def test_what_is_missing_is_said(book: Book) -> None:
    book.path(0, "0", "1000")
    for second in range(60, 65):
        book.path(second, "2", "1000.5")

    missing = book.read().missing

    assert "60 s of quoter:BTCUSDT" in missing
    assert "fills of BTCUSDT: its position went from 0 to 2" in missing
    assert any(each.startswith("+0.5 of the wallet's change") for each in missing)


def test_only_the_bots_that_are_asked_for_are_read(book: Book) -> None:
    book.path(0, "0", "1000")

    assert book.read("quoter").origin["bots"] == ["quoter:BTCUSDT"]
    with pytest.raises(ConfigError, match="has no record of 'other' then"):
        book.read("other")


def test_a_time_may_be_told_as_how_long_ago() -> None:
    assert past_ns("1h", START_NS) == START_NS - 3600 * NS_PER_SECOND
    assert past_ns("2026-01-01", START_NS) == 1_767_225_600 * NS_PER_SECOND
