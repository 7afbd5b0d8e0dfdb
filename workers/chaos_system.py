"""The system under drill: venue, proxy and supervisor as processes, in a folder of their own."""

import asyncio
import contextlib
import ctypes
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

import psutil

import yaml
from lib.chaos.evidence import Evidence
from lib.chaos.ledger import deleted
from lib.constants import KEY, NS_PER_SECOND
from lib.errors import TickvisorError
from lib.failpoints import VARIABLE
from lib.journal.store import FILE
from lib.runs import APP
from lib.timer import AbstractTimer
from workers.chaos_clients import ControlClient, NotebookReader, VenueClient, read_journal
from workers.chaos_config import Drill

START_SECONDS = 90.0
STOP_SECONDS = 90.0
POLL_SECONDS = 0.05
ADDRESSES = ("key", "secret")
LEDGER = "ledger.json"
NOTES = "n"
NOT_STARTED = "the system does not start (`--keep` leaves its logs)"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    # a drill that is killed must not leave a system behind that goes on trading; sessions of their
    # own, so that Ctrl-C is the drill's alone and it ends them in order
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class System:
    """Starts it, looks at it, ends it.

    Args:
        drill: What is drilled.
        folder: Short path of a folder that nobody else uses.
        timer: The process's timer.
    """

    def __init__(self, drill: Drill, folder: Path, timer: AbstractTimer) -> None:
        """Start nothing yet."""
        self.drill = drill
        self.folder = folder
        self.timer = timer
        self.failpoints = folder / "failpoints"
        self.run_dir = folder / "r" / APP / drill.project
        self.journal_path = folder / "s" / APP / drill.project / FILE
        self.control = ControlClient(self.run_dir / "control")
        notes = folder / NOTES
        for made in (notes, folder / "r"):
            made.mkdir(mode=0o700)
        self.notes = NotebookReader(notes, drill.owners)
        self._notes_folder = notes
        self._deleted: set[str] = set()
        self._processes: list[Process] = []
        self._venue: VenueClient | None = None
        self._proxy: Process | None = None
        self._supervisor: Process | None = None
        self._seen: dict[int, psutil.Process] = {}
        self._config = folder / "drill.yaml"
        self._environment = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(folder / "r"),
            "XDG_STATE_HOME": str(folder / "s"),
            VARIABLE: str(self.failpoints),
        }

    @property
    def venue(self) -> VenueClient:
        """The venue, past the proxy; only after `open`."""
        if self._venue is None:
            raise TickvisorError("the venue has not been started")
        return self._venue

    async def open(self) -> None:
        """Start the venue, the proxy and the supervisor; return when every bot is ready.

        Raises:
            TickvisorError: Something does not start.
        """
        options = json.dumps(self.drill.venue_section())
        venue = await self._spawn("workers.venue", "--options", options)
        said = json.loads(await self._first_line(venue, "the venue"))
        self._venue = VenueClient(said[KEY.REST_URL])
        port = said[KEY.REST_URL].rpartition(":")[2]
        self._proxy = await self._spawn("workers.chaos_proxy", port)
        way = (await self._first_line(self._proxy, "the proxy")).strip()
        urls = {
            KEY.REST_URL: f"http://127.0.0.1:{way}",
            KEY.WS_URL: f"ws://127.0.0.1:{way}",
            **{key: said[key] for key in ADDRESSES},
        }
        config = self.drill.write(self.folder, urls, self._notes_folder)
        self._config.touch(mode=0o600)
        self._config.write_text(yaml.safe_dump(config), encoding="utf-8")
        await self.start()

    async def start(self) -> None:
        """Start the supervisor and wait until everything runs.

        Raises:
            TickvisorError: It does not.
        """
        with (self.folder / "out").open("ab") as out:
            self._supervisor = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "supervisor", "start", str(self._config),
                env=self._environment, preexec_fn=_die_with_parent, start_new_session=True,
                stdin=DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self._processes.append(self._supervisor)
        if not await self.until(self._runs, START_SECONDS):
            raise TickvisorError(f"{NOT_STARTED}: {self.last_words()}")

    async def status(self) -> dict[str, Any]:
        """Return the status object; without workers while nobody answers."""
        found = await self.control.status() or {"state": "", "workers": [], "pid": 0}
        for worker in found["workers"]:
            self._note(worker["pid"])
        return found

    async def evidence(self, forbidden: frozenset[str], moved: frozenset[str]) -> Evidence:
        """Return everything that the oracle judges, as it is now."""
        # notebooks before the ledger, the ledger before the journal: what is in the former must
        # be in the latter
        notebooks = self.notes.read()
        ledger, requests = await self.venue.ledger()
        self._deleted |= deleted(requests)
        journal = await asyncio.to_thread(read_journal, self.journal_path)
        return Evidence(
            ledger,
            notebooks,
            journal,
            self.drill.marks,
            self.drill.limits,
            on_crash=self.drill.on_crash,
            forbidden=forbidden,
            moved=moved,
            deleted=frozenset(self._deleted),
        )

    async def keep_ledger(self) -> None:
        """Write the venue's ledger beside the notebooks."""
        raw = await self.venue.raw_ledger()
        (self.folder / LEDGER).write_text(json.dumps(raw), encoding="utf-8")

    def net(self, mode: str) -> None:
        """Tell the proxy what to do; see `workers.chaos_proxy`."""
        if self._proxy is not None and self._proxy.stdin is not None:
            self._proxy.stdin.write(f"{mode}\n".encode())

    async def kill_everything(self) -> None:
        """SIGKILL to the supervisor and to all workers, at once."""
        await self.status()
        self._note_children()
        self.signal_supervisor(signal.SIGKILL)
        self._kill_seen()
        await self.until_gone()

    def signal_supervisor(self, number: int) -> None:
        """Send the supervisor a signal."""
        if self._supervisor is not None and self._supervisor.returncode is None:
            self._supervisor.send_signal(number)

    async def until_gone(self) -> None:
        """Wait until the supervisor and all workers have ended.

        Raises:
            TickvisorError: The supervisor does not end.
        """
        if self._supervisor is not None:
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await self._supervisor.wait()
            except TimeoutError:
                text = f"the supervisor has not ended within {STOP_SECONDS:g} s"
                raise TickvisorError(text) from None
        await self.until(self._is_gone, STOP_SECONDS)
        self._seen.clear()

    async def stop(self) -> tuple[int, str]:
        """Stop by the command line, as a user does; return its exit code and last words."""
        await self.status()
        command = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "supervisor", "stop", "--project", self.drill.project,
            env=self._environment, preexec_fn=_die_with_parent, start_new_session=True,
            stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE,
        )  # fmt: skip
        _, said = await command.communicate()
        await self.until_gone()
        return command.returncode or 0, said.decode("utf-8", "replace").strip()

    async def close(self) -> None:
        """End whatever is left."""
        self._note_children()
        for process in reversed(self._processes):
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._kill_seen()
        if self._venue is not None:
            await self._venue.close()

    async def until(self, probe: Any, seconds: float) -> bool:
        """Return whether an async `probe` came true in time."""
        end_ns = self.timer.Monotonic() + round(seconds * NS_PER_SECOND)
        while not await probe():
            if self.timer.Monotonic() >= end_ns:
                return False
            await self.timer.SleepAsync(POLL_SECONDS)
        return True

    def last_words(self) -> str:
        """Return the last line that the supervisor printed."""
        lines = (self.folder / "out").read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it printed nothing")

    async def _runs(self) -> bool:
        if self._supervisor is not None and self._supervisor.returncode is not None:
            raise TickvisorError(f"{NOT_STARTED}: {self.last_words()}")
        return bool((await self.status())["state"] == "running")

    async def _is_gone(self) -> bool:
        return not any(_lives(process) for process in self._seen.values())

    def _note(self, pid: int | None) -> None:
        # with its birth time, so that a number that was given away again is never hit
        if pid and pid not in self._seen:
            with contextlib.suppress(psutil.Error):
                self._seen[pid] = psutil.Process(pid)

    def _note_children(self) -> None:
        if self._supervisor is not None and self._supervisor.returncode is None:
            with contextlib.suppress(psutil.Error):
                for child in psutil.Process(self._supervisor.pid).children(recursive=True):
                    self._note(child.pid)

    def _kill_seen(self) -> None:
        for process in self._seen.values():
            with contextlib.suppress(psutil.Error):
                process.kill()

    async def _spawn(self, module: str, *arguments: str) -> Process:
        with (self.folder / f"{module}.log").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *arguments,
                stdin=PIPE, stdout=PIPE, stderr=errors,
                preexec_fn=_die_with_parent, start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process

    async def _first_line(self, process: Process, name: str) -> str:
        if process.stdout is None:
            raise TickvisorError(f"{name} has no output")
        async with asyncio.timeout(START_SECONDS):
            line = await process.stdout.readline()
        if not line:
            raise TickvisorError(f"{name} does not start; see {self.folder}")
        return line.decode()


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
