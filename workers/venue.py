"""The venue worker: the embedded exchange in a process of its own.

`python -m workers.venue --help` runs it alone: it prints one JSON line with its addresses and
keys when it is ready and serves until it gets SIGTERM or SIGINT.
"""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from lib.bus.start import Start
from lib.constants import NS_PER_SECOND, ExitCode, WorkerKind
from lib.errors import ConfigError
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from workers.runtime import AsyncWorker, Vitals, run_worker
from workers.venue_section import read_section

PORT_FILE = "venue.port"
FIRST_SECOND = 1_700_000_000
IDS_PER_SECOND = 1_000
"""More than a venue gives on average, so that ids never come again."""
DESCRIPTION = (
    "Run the embedded exchange alone, on 127.0.0.1. It prints one JSON line with its addresses "
    "and keys when it is ready, and serves until it gets SIGTERM or SIGINT."
)


class VenueWorker(AsyncWorker):
    """Serves the embedded exchange and tells the supervisor where."""

    outlives = frozenset({WorkerKind.BOT.value, WorkerKind.EXCHANGE.value})

    def __init__(self, start: Start) -> None:
        """Nothing is opened before `open`."""
        super().__init__(start)
        self._server: VenueServer | None = None

    async def open(self) -> None:
        """Start the server, on the port of an earlier life of this run if it can be had."""
        start = self.start
        config: dict[str, Any] = dict(start.config["venue"])
        # One run keeps its keys when the venue is replaced, so that its clients go on.
        config.setdefault("key_seed", f"{start.project}:{start.epoch}:{config.get('seed', 1)}")
        file = Path(start.run_dir) / PORT_FILE
        server = await self._serve(config, file)
        self._server = server
        file.write_text(str(server.port), encoding="utf-8")
        self.spawn(server.wait(), "venue player")
        self.report("endpoints", server.endpoints())
        self.log.info("venue is open", rest_url=server.rest_url, feed=config.get("feed"))

    async def close(self, reason: str) -> None:
        """Close the server."""
        if self._server is not None:
            await self._server.stop()

    def vitals(self) -> Vitals:
        """Return the counters of market and sockets."""
        if self._server is None:
            return Vitals(ready=False)
        venue = self._server.venue
        counts = {"connections": len(venue.hub.connections), "sent": venue.hub.sent}
        return Vitals(ready=True, events=venue.stage.events, counts=counts)

    async def _serve(self, config: dict[str, Any], file: Path) -> VenueServer:
        port = _read_port(file)
        if port and not config.get("port"):
            try:
                server = VenueServer({**config, "port": port}, self.timer)
                await server.start()
                number_apart(server)
            except OSError:
                self.log.warning("the port of the venue's earlier life is taken", file=str(file))
            else:
                return server
        server = VenueServer(config, self.timer)
        await server.start()
        number_apart(server)
        return server


def number_apart(server: VenueServer) -> None:
    """Give orders and trades other ids than every earlier venue did.

    Clients tell fills apart by these ids, and keep them in journals that outlive a venue.
    """
    seconds = server.now() // NS_PER_SECOND - FIRST_SECOND
    server.engine.skip_numbers(seconds * IDS_PER_SECOND)


def main(start: Start) -> int:
    """Run the venue worker; return its exit code."""
    return run_worker(VenueWorker, start)


async def serve(config: dict[str, Any]) -> int:
    """Run a venue alone until a signal comes.

    Args:
        config: A `venue` section.

    Returns:
        The exit code.
    """
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not stop.done():
            stop.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    try:
        server = VenueServer(config, LiveTimer())
        await server.start()
        number_apart(server)
    except ConfigError as error:
        return _complain(str(error), ExitCode.USAGE)
    except OSError as error:
        return _complain(error.strerror or str(error), ExitCode.ERROR)
    player = loop.create_task(server.wait(), name="venue player")
    try:
        sys.stdout.write(json.dumps(server.endpoints()) + "\n")
        sys.stdout.flush()
        await asyncio.wait((stop, player), return_when=asyncio.FIRST_COMPLETED)
    finally:
        player.cancel()
        await server.stop()
    if player.done() and not player.cancelled() and player.exception() is not None:
        return _complain(f"stopped by {player.exception()!r}", ExitCode.ERROR)
    return ExitCode.DONE


def parse(arguments: list[str]) -> dict[str, Any]:
    """Return the `venue` section that command line arguments describe.

    Raises:
        ConfigError: The configuration file is wrong.
    """
    parser = argparse.ArgumentParser(prog="supervisor venue", description=DESCRIPTION)
    parser.add_argument("config", nargs="?", default="", help="YAML file with a `venue` section")
    parser.add_argument("--port", type=int, help="TCP port on 127.0.0.1; 0: any free one")
    parser.add_argument("--seed", type=int, help="chooses the synthetic market")
    parser.add_argument("--feed", choices=("synthetic", "recording", "live"), help="what is played")
    parser.add_argument("--symbols", type=_names, help="comma separated; default: all are listed")
    parser.add_argument("--active", type=_names, help="symbols that play from the start")
    parser.add_argument("--file", dest="files", action="append", help="a recording; may come again")
    parser.add_argument("--speed", type=float, help="of the market; 1 is real time")
    parser.add_argument("--rate", type=float, help="stream messages per second and symbol")
    parser.add_argument("--balance", help="USDT of the account")
    parser.add_argument("--options", type=_mapping, default={}, help="further keys, as JSON")
    found = vars(parser.parse_args(arguments))
    path, further = found.pop("config"), found.pop("options")
    section = read_section(path) if path else {}
    return {
        **section,
        **{name: each for name, each in found.items() if each is not None},
        **further,
    }


def main_alone(arguments: list[str]) -> int:
    """Run the venue alone; return the exit code."""
    try:
        config = parse(arguments)
    except ConfigError as error:
        return _complain(str(error), ExitCode.USAGE)
    return asyncio.run(serve(config))


def _names(text: str) -> list[str]:
    return [name.strip().upper() for name in text.split(",") if name.strip()]


def _mapping(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON mapping like '{{\"leverage\": 5}}'")
    return found


def _read_port(file: Path) -> int:
    try:
        return int(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"venue: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main_alone(sys.argv[1:]))
