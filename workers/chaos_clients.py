"""What a drill asks: the supervisor by its control socket, the venue by HTTP, files by reading."""

import asyncio
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from lib.chaos.ids import made_at
from lib.chaos.journal import Journal
from lib.chaos.ledger import Ledger, read_ledger
from lib.chaos.records import Notebook
from lib.errors import TickvisorError
from workers.chaos_bot import notebook_path

ANSWER_SECONDS = 10.0
VENUE_SECONDS = 60.0
"""The venue shares a busy machine with everything that it is asked about."""
LIMIT = 4 * 1024 * 1024


class ControlClient:
    """Asks the supervisor.

    Args:
        path: Its control socket.
    """

    def __init__(self, path: Path) -> None:
        """Connect for each question."""
        self._path = path

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            OSError: Nobody answers.
            ValueError: The answer is broken off.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_unix_connection(self._path, limit=LIMIT)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                found: dict[str, Any] = json.loads(await reader.readline())
                return found
            finally:
                writer.close()

    async def status(self) -> dict[str, Any] | None:
        """Return the status object, None while nobody answers."""
        try:
            found: dict[str, Any] = (await self.ask(command="status"))["status"]
        except (OSError, ValueError, KeyError):
            return None
        return found


class VenueClient:
    """Asks the venue, past the proxy.

    Args:
        url: Base of its REST paths.
    """

    def __init__(self, url: str) -> None:
        """Open no connection yet."""
        self._session = aiohttp.ClientSession(
            url, timeout=aiohttp.ClientTimeout(total=VENUE_SECONDS)
        )

    async def ledger(self) -> tuple[Ledger, list[dict[str, Any]]]:
        """Return the truth, and the newest requests."""
        raw = await self.raw_ledger()
        return read_ledger(raw), raw["requests"]

    async def raw_ledger(self) -> dict[str, Any]:
        """Return the ledger as the venue writes it."""
        found: dict[str, Any] = await self._json("GET", "/venue/ledger")
        return found

    async def strike(self, name: str, args: dict[str, Any]) -> str:
        """Switch a fault on; return why the venue refused, empty when it did not."""
        async with self._session.post("/venue/faults", json={"name": name, **args}) as answer:
            return "" if answer.ok else str((await answer.json())["msg"])

    async def active(self) -> list[dict[str, Any]]:
        """Return the faults that are on."""
        found: list[dict[str, Any]] = (await self._json("GET", "/venue/faults"))["active"]
        return found

    async def clear(self) -> None:
        """Switch all faults off."""
        await self._json("DELETE", "/venue/faults")

    async def public(self, path: str, **params: str) -> Any:
        """Return the answer to a public request."""
        return await self._json("GET", path, params)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _json(self, method: str, path: str, params: dict[str, str] | None = None) -> Any:
        try:
            async with self._session.request(method, path, params=params) as answer:
                answer.raise_for_status()
                return await answer.json(loads=orjson.loads)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TickvisorError(f"the venue does not answer {path}: {error!r}") from error


class NotebookReader:
    """Follows the notebooks of all bots.

    Args:
        folder: Where they are.
        owners: All `<bot>:<SYMBOL>`.
    """

    def __init__(self, folder: Path, owners: list[str]) -> None:
        """Have read nothing."""
        self.notebooks = {owner: Notebook(owner) for owner in owners}
        self._paths = {owner: notebook_path(folder, owner) for owner in owners}
        self._offsets = dict.fromkeys(owners, 0)

    def read(self) -> dict[str, Notebook]:
        """Return the notebooks with everything that was written since."""
        for owner, path in self._paths.items():
            try:
                with path.open("rb") as file:
                    file.seek(self._offsets[owner])
                    data = file.read()
            except FileNotFoundError:
                continue
            self._offsets[owner] += len(data)
            self.notebooks[owner].feed(data)
        return self.notebooks


def read_journal(path: Path) -> Journal | None:
    """Return what stands in the journal; None while there is none, or it cannot be read."""
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)
        try:
            orders = connection.execute("SELECT id, status, sent_ns FROM orders").fetchall()
            doubtful = connection.execute(
                "SELECT id FROM orders WHERE conditional AND status = 'UNKNOWN'"
            )
            fills = connection.execute("SELECT symbol, trade_id, exchange_id FROM fills")
            return Journal(
                {name: status for name, status, _ in orders},
                Counter((str(row[0]), row[1], row[2]) for row in fills),
                # an intent has its request's time, what was found at the exchange only its id's
                frozenset(name for name, _, sent_ns in orders if sent_ns == made_at(name)),
                frozenset(row[0] for row in doubtful),
            )
        finally:
            connection.close()
    except sqlite3.Error:
        return None
