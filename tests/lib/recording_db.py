"""A user's own database, in memory, that can be made to misbehave."""

import threading
from typing import Any

from lib.database import AbstractDatabase, DatabaseUnavailable, RecordsRefused


class RecordingDb(AbstractDatabase):
    """Keeps what was written in `written`; `config["target"]` names it."""

    def __init__(self, config: dict[str, Any], factory: Any, timer: Any) -> None:
        super().__init__(config, factory, timer)
        self.written: list[str] = []
        self.batches: list[int] = []
        self.is_down = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.was_asked = threading.Event()
        self.raises: Exception | None = None
        self.poison = ""

    @property
    def target(self) -> str:
        return str(self.config.get("target", "recording"))

    def Encode(self, record: dict[str, Any]) -> str:
        if record["n"] is None:
            raise ValueError("no number")
        return str(record["n"])

    def writeEncoded(self, records: list[str]) -> None:
        self.was_asked.set()
        self.may_answer.wait()
        if self.is_down.is_set():
            raise DatabaseUnavailable("down for the test")
        if self.raises is not None:
            raise self.raises
        if self.poison and self.poison in records:
            raise KeyError(self.poison)
        self.written += records
        self.batches.append(len(records))

    def readLast(self, field: str) -> Any | None:
        return None


class RefusingDb(RecordingDb):
    """Takes all but odd numbers."""

    def writeEncoded(self, records: list[str]) -> None:
        good = [record for record in records if int(record) % 2 == 0]
        super().writeEncoded(good)
        if len(good) < len(records):
            raise RecordsRefused("odd", len(records) - len(good))
