"""A bench whose exchange worker is a process of its own, so that it can be killed anywhere."""

import asyncio
import multiprocessing
import sqlite3
import sys
from contextlib import closing
from multiprocessing.process import BaseProcess
from typing import Any

from lib import failpoints
from lib.bus.protocol import OrderUpdate
from lib.bus.start import Start
from tests.workers.exchange_bench import Bench, until
from workers.exchange import ExchangeWorker
from workers.runtime import run_worker

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.orders.process_bench"])
KILLED = -9
READY_SECONDS = 40.0


def live(start: Start, rules: str) -> None:
    """Run one exchange worker with armed failpoints; the first lines of its process."""
    failpoints.arm(rules)
    sys.exit(run_worker(ExchangeWorker, start))


class ProcessBench(Bench):
    """See the module; `rules` arm the failpoints of the lives that are started next."""

    rules = ""
    process: BaseProcess

    def start_worker(self) -> None:
        """Bring up a (next) life of the worker."""
        self.beats.clear()
        self.process = CONTEXT.Process(target=live, args=(self.make_start(-1), self.rules))
        self.process.start()
        self.running = asyncio.create_task(self._wait())

    async def _wait(self) -> int:
        await until(lambda: not self.process.is_alive(), 60.0)
        return self.process.exitcode or 0

    async def ready(self) -> None:
        """Wait until the worker, a process that has to be made, says that it is ready."""
        await until(lambda: self.beats and self.beats[-1].state == "ready", READY_SECONDS)

    async def stop(self) -> int:
        """Ask the worker to end and return its exit code."""
        self.process.terminate()
        return await self.running

    async def kill(self) -> None:
        """Kill the worker."""
        self.process.kill()
        await self.running

    async def reborn(self) -> None:
        """Bring up the next life, and its bot's hello, after a death."""
        self.rules = ""
        self.start_worker()
        await self.ready()

    def journaled(self, table: str) -> list[dict[str, Any]]:
        """Return what the journal holds."""
        with closing(sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)) as journal:
            journal.row_factory = sqlite3.Row
            return [dict(row) for row in journal.execute(f"SELECT * FROM {table}")]  # noqa: S608

    def fills_told(self, client_id: str) -> list[OrderUpdate]:
        """Return the fills of one order, as its bot got them: each key once."""
        found = {update.trade_id: update for update in self.of(client_id) if update.trade_id}
        return list(found.values())
