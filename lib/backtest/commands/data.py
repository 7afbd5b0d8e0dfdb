"""`supervisor data`: lists, shows, checks, converts and imports recordings."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from lib.backtest.cli import Parser
from lib.backtest.convert import convert
from lib.backtest.tape_check import Content, look_into
from lib.backtest.terminal import aligned
from lib.constants import ExitCode
from lib.durations import seconds
from lib.errors import ConfigError
from lib.logger.render import clock_text
from lib.recording.layout import SUFFIX
from lib.recording.reader import RecordingReader, is_recording

DESCRIPTION = "List, show, check, convert and import recordings."
EXAMPLES = """  supervisor data ls recordings
  supervisor data info recordings/BINANCE.FUTURES-20260131-120000.tvr
  supervisor data check --gap 5s day.tvr
  supervisor data convert capture.gz --symbols BTCUSDT btc.tvr
  supervisor data import BTCUSDT-aggTrades-2026-01-31.zip BTCUSDT-bookTicker-2026-01-31.zip"""
KNOWN = (SUFFIX, ".gz", ".zip", ".csv", ".jsonl")
FOLDER = "recordings"


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    ls = actions.add_parser("ls", help="list a folder's recordings")
    ls.add_argument("folder", metavar="FOLDER", nargs="?", default=FOLDER)
    info = actions.add_parser("info", help="count what recordings hold")
    info.add_argument("files", metavar="FILE", nargs="+")
    info.add_argument("--json", action="store_true", help="as JSON")
    check = actions.add_parser(
        "check", help="look for damage, gaps and disorder; exit code 1 if any"
    )
    check.add_argument("files", metavar="FILE", nargs="+")
    check.add_argument(
        "--gap", metavar="TIME", default="10s", help="silence to tell (default: 10s)"
    )
    turn = actions.add_parser("convert", help="merge recordings into one of another format")
    turn.add_argument("files", metavar="FILE", nargs="+", help="inputs, then the output")
    bring = actions.add_parser("import", help="convert each file into the folder of recordings")
    bring.add_argument("files", metavar="FILE", nargs="+")
    bring.add_argument("--into", metavar="FOLDER", default=FOLDER, help="(default: recordings)")
    for each in (turn, bring):
        each.add_argument("--symbols", metavar="A,B", default="", help="only these")


def run(arguments: Namespace) -> int:
    """Do one of the actions.

    Raises:
        ConfigError: A file is missing or wrong.
    """
    return {
        "ls": _list,
        "info": _info,
        "check": _check,
        "convert": _convert,
        "import": _import,
    }[arguments.action](arguments)


def _list(arguments: Namespace) -> int:
    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}; `supervisor record` makes one")
    rows = [["file", "from", "seconds", "MB", "symbols"]]
    for path in sorted(folder.iterdir()):
        if is_recording(path):
            reader = RecordingReader(path)
            length = (reader.last_ns - reader.first_ns) / 1e9
            size = path.stat().st_size / 1e6
            row = [path.name, clock_text(reader.first_ns), f"{length:,.0f}", f"{size:.1f}"]
            rows.append([*row, ",".join(reader.symbols)])
    text = aligned(rows) if len(rows) > 1 else f"no recordings in {folder}"
    sys.stdout.write(text + "\n")
    return ExitCode.DONE


def _info(arguments: Namespace) -> int:
    contents = [look_into(Path(name)) for name in arguments.files]
    if arguments.json:
        sys.stdout.write(json.dumps([_as_json(each) for each in contents], indent=1) + "\n")
        return ExitCode.DONE
    for each in contents:
        sys.stdout.write(_shown(each))
    return ExitCode.DONE


def _check(arguments: Namespace) -> int:
    gap = seconds(arguments.gap)
    bad = 0
    for name in arguments.files:
        content = look_into(Path(name), gap)
        for fault in content.faults:
            sys.stdout.write(f"{name}: {fault}\n")
        bad += bool(content.faults)
        if not content.faults:
            sys.stdout.write(f"{name}: good, {content.rows:,} events in {content.seconds:,.1f} s\n")
    return ExitCode.ERROR if bad else ExitCode.DONE


def _convert(arguments: Namespace) -> int:
    *inputs, output = (Path(name) for name in arguments.files)
    if not inputs:
        raise ConfigError("`data convert` needs inputs and an output, like capture.gz day.tvr")
    figures = convert(inputs, output, _symbols(arguments))
    sys.stdout.write(
        f"{figures['file']}: {_counted(figures['rows'])}, {figures['bytes']:,} bytes\n"
    )
    return ExitCode.DONE


def _import(arguments: Namespace) -> int:
    folder = Path(arguments.into)
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.files:
        path = Path(name)
        bare = path.name
        for suffix in KNOWN:
            bare = bare.removesuffix(suffix)
        figures = convert([path], folder / f"{bare}{SUFFIX}", _symbols(arguments))
        sys.stdout.write(f"{figures['file']}: {_counted(figures['rows'])}\n")
    return ExitCode.DONE


def _symbols(arguments: Namespace) -> list[str]:
    return [name.strip().upper() for name in arguments.symbols.split(",") if name.strip()]


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in counts.items())


def _shown(content: Content) -> str:
    lines = [
        f"{content.path}: {content.rows:,} events, {content.seconds:,.1f} s"
        f" from {clock_text(content.first_ns)} to {clock_text(content.last_ns)}"
    ]
    lines += [
        f"  {symbol}: {_counted(counts)}" for symbol, counts in sorted(content.counts.items())
    ]
    lines += [f"  {fault}" for fault in content.faults]
    return "\n".join(lines) + "\n"


def _as_json(content: Content) -> dict[str, object]:
    return {
        "file": str(content.path),
        "first_ns": content.first_ns,
        "last_ns": content.last_ns,
        "events": content.rows,
        "symbols": content.counts,
        "about": content.about,
        "torn": content.is_torn,
    }
