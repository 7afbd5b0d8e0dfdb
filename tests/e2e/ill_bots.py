"""A bot that falls ill in the way that its trigger file says."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from bot.abstract_bot import AbstractBot

LOOP = "crash loop"
SLOW_SECONDS = 0.8
LEAK_BYTES = 4_000_000


class IllBot(AbstractBot):
    """Catches the illness that stands in the file `triggers`/SYMBOL, once; a crash loop stays."""

    def __init__(self, *args: Any) -> None:
        """Be well, unless the last life's illness was one that stays."""
        super().__init__(*args)
        self._trigger = Path(self.config["triggers"]) / self.symbol
        self._illness = ""
        self._kept: list[Any] = []
        if self._trigger.exists() and self._trigger.read_text() == LOOP:
            raise RuntimeError("ill from birth")

    def onTime(self, timestamp: int) -> None:
        """Look at the trigger; be ill."""
        if self._trigger.exists():
            self._illness = self._trigger.read_text()
            if self._illness != LOOP:
                self._trigger.unlink()
        self._suffer()

    def onOrderbook(self, *args: Any, **kwargs: Any) -> None:
        """Be ill."""
        if self._illness == "slow handler":
            time.sleep(SLOW_SECONDS)
        self._suffer()

    def _suffer(self) -> None:
        match self._illness:
            case "busy loop":
                while True:
                    pass
            case "deadlock":
                lock = threading.Lock()
                lock.acquire()
                lock.acquire()
            case "exit 0":
                sys.exit(0)
            case "exception" | "error after error" | "crash loop":
                raise RuntimeError("on purpose")
            case "abort in C":
                os.abort()
            case "leaks memory":
                self._kept.append(bytearray(os.urandom(1) * LEAK_BYTES))
            case "leaks descriptors":
                self._kept += [Path(os.devnull).open() for _ in range(20)]  # noqa: SIM115

    def Clean(self) -> None:
        """Nothing to clean."""
