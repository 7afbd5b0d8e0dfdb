"""`supervisor record`: writes a live market stream into recordings."""

import asyncio
import os
import signal
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from lib.backtest.cli import Parser
from lib.constants import ExitCode
from lib.durations import seconds
from lib.errors import ConfigError, TickvisorError
from lib.init import exchanges_of, is_secret, load_config
from lib.interpolation import fill_in
from lib.recording.session import Rotation, record
from lib.timer import LiveTimer

DESCRIPTION = "Record the market data of a configuration's symbols until Ctrl-C."
EXAMPLES = """  supervisor record yaml/prod.yaml
  supervisor record yaml/prod.yaml --out recordings --rotate 1h --for 8h --channels book,trade"""
FOLDER = "recordings"
CHANNELS = ("book", "trade", "candle", "mark", "depth")


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    parser.add_argument("config", metavar="CONFIG", help="YAML file, as for `supervisor start`")
    parser.add_argument("--add", metavar="FILE", action="append", default=[], help="merge over it")
    parser.add_argument(
        "--out", metavar="FOLDER", default="recordings", help="(default: recordings)"
    )
    parser.add_argument("--rotate", metavar="TIME", default="1h", help="a new file (default: 1h)")
    parser.add_argument("--for", dest="length", metavar="TIME", default="", help="stop after it")
    parser.add_argument("--symbols", metavar="A,B", default="", help="instead of the bots' symbols")
    parser.add_argument(
        "--channels", metavar="A,B", default="book,trade,mark", help="(default: book,trade,mark)"
    )


def run(arguments: Namespace) -> int:
    """Record.

    Raises:
        ConfigError: The configuration names no exchange, symbol or URL.
    """
    part = stream_part(arguments)
    rotation = Rotation(Path(arguments.out), str(part["name"]), seconds(arguments.rotate))
    length = seconds(arguments.length) if arguments.length else 0.0
    return asyncio.run(_record(part, rotation, length))


def stream_part(arguments: Namespace) -> dict[str, Any]:
    """Return the config of the stream to record.

    Raises:
        ConfigError: Something that it needs is not there.
    """
    raw = load_config((arguments.config, *arguments.add))
    exchanges = exchanges_of(raw)
    values = fill_in(raw, os.environ, lambda steps: not is_secret(steps, exchanges)).values
    name = str(values.get("exchange", "BINANCE.FUTURES"))
    # Paper trading names the exchange in its `venue`.
    section = (values.get("venue") or {}) | (values.get(name) or {})
    urls = {key: str(section.get(key, "")).rstrip("/") for key in ("rest_url", "ws_url")}
    if not all(urls.values()):
        raise ConfigError(f"`{name}` needs rest_url and ws_url: there is nothing to record from")
    symbols = [each.strip().upper() for each in arguments.symbols.split(",") if each.strip()]
    for bot in () if symbols else values.get("bots") or ():
        symbols += [*bot.get("symbols", ()), *bot.get("watch", ())]
    channels = [each.strip() for each in arguments.channels.split(",") if each.strip()]
    unknown = sorted(set(channels) - set(CHANNELS))
    if unknown or not channels:
        raise ConfigError(f"--channels {','.join(unknown)}: there are {', '.join(CHANNELS)}")
    return {
        "name": name,
        **urls,
        "symbols": list(dict.fromkeys(symbols)),
        "channels": channels,
        "store": [],
        "live_candles": False,
        "limits": {},
    }


async def _record(part: dict[str, Any], rotation: Rotation, length: float) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    timer = LiveTimer()
    what = f"{', '.join(part['symbols'])} ({', '.join(part['channels'])})"
    sys.stderr.write(f"recording {what} from {part['ws_url']}; Ctrl-C ends it\n")
    files = await record(part, rotation, timer, stop, length)
    for path, rows in files:
        sys.stdout.write(f"{path}: {rows:,} events\n")
    if not files:
        raise TickvisorError(f"nothing came from {part['ws_url']}; no file was written")
    return ExitCode.DONE
