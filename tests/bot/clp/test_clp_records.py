"""What an operator finds in the database."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bot.clp.clp import CLP
from lib import async_ejector
from lib.database import NoDb
from lib.models import ZERO
from tests.bot.clp.rig import LEVEL, MID, Rig

D = Decimal


class ListDb(NoDb):
    """Keeps the records as they were encoded."""

    records: ClassVar[list[dict[str, Any]]] = []

    @property
    def target(self) -> str:
        return f"list {id(self)}"

    def Encode(self, record: dict[str, Any]) -> str:
        self.records.append(record)
        return "x"


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Return a bot that has not begun, with a database that remembers."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ListDb.records = []
    rig = Rig(CLP, records="1s", spread={"inner": LEVEL | {"gap": "0.05"}}, conditions=["offline"])
    rig.factory.Database = ListDb
    yield rig
    async_ejector.flush(2.0)


def written(series: str) -> list[dict[str, Any]]:
    async_ejector.flush(2.0)
    return [record for record in ListDb.records if record["series"] == series]


def test_every_placement_of_a_level_is_recorded_with_its_distances(rig: Rig) -> None:
    rig.start()
    rig.pass_time(3)
    rig.book(50_020)

    first, second = written("quotes")
    assert (first["level"], first["reason"], first["held_s"]) == ("inner", "new", 0)
    assert (first["buy"], first["sell"], first["mid"]) == (D("49976.3"), D("50023.7"), MID)
    assert first["buy_distance"] == first["sell_distance"] == D("23.7") / MID
    assert (second["reason"], second["held_s"]) == ("outrun", 3)


def test_pauses_are_recorded_with_their_reason_and_length(rig: Rig) -> None:
    rig.start()
    rig.venue.is_online = False
    rig.pass_time(1)
    rig.venue.is_online = True
    rig.pass_time(2)

    begun, ended = written("pauses")
    assert (begun["paused"], begun["causes"]) == (True, "offline")
    assert begun["reason"] == "offline: exchange is not online"
    assert (ended["paused"], ended["reason"], ended["lasted_s"]) == (False, "", 1)


def test_a_summary_is_written_each_second(rig: Rig) -> None:
    rig.start()
    rig.venue.take(D("0.01"), MID)
    rig.deliver()
    rig.pass_time(3)

    summaries = written("clp")
    assert len(summaries) == 3
    last = summaries[-1]
    assert (last["mode"], last["position"], last["inventory_usd"]) == ("QUOTE", D("0.01"), 500)
    assert (last["mid"], last["spread"], last["atr"]) == (MID, D("0.000004"), D("0.001"))
    assert (last["stop"], last["latency_ms"], last["open_quotes"]) == (D(49_750), 5, 2)
    assert last["zero"] == D("50035.0175087544")  # 50,000 x 1.0002 / 0.9995
    assert (last["fees"], last["pause"]) == (ZERO, "")


def test_nothing_is_recorded_when_nothing_is_wanted() -> None:
    ListDb.records = []
    rig = Rig(records=0)
    rig.factory.Database = ListDb
    rig.start()
    rig.pass_time(2)
    async_ejector.flush(1.0)

    assert ListDb.records == []
