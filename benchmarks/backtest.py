"""Events per second and core of a backtest: a bot that reads, and one that trades.

Loading is included; seconds are those of the processor, so that what else the machine does counts
little. Each run is a process of its own, so that its peak memory can be told. The market is the
quotes of a recording (or, where there is none, a random walk), repeated until there are enough.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median

from benchmarks.table import table
from lib.backtest.convert import rows_of, text_of
from lib.recording.writer import RecordingWriter
from lib.venue.market import Quote

RECORDING = "ws_raw_20240808/usdm_btcusdt_20240808.gz"
BOTS = {
    "reads prices": "benchmarks.backtest_bots:ReaderBot",
    "quotes both sides": "QuoterBot",
}
CHILD = """
import json, resource, sys, time
from lib.backtest.backtest import run_backtest
from lib.backtest.settings import load_settings
begun = time.process_time()
outcome = run_backtest(load_settings([sys.argv[1]]))
seconds = time.process_time() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
total = outcome.summary["total"]
print(json.dumps([outcome.summary["events"], seconds, peak, total["fills"]]))
"""


def run(arguments: list[str]) -> int:
    """Measure and print; see `--help`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks backtest", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of each bot (%(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="tv-") as name:
        folder = Path(name)
        make_market(folder / "market.tvr", options.events)
        rows = []
        for title, bot in BOTS.items():
            rounds = [_measure(folder, bot) for _ in range(options.rounds)]
            events, seconds, peak, fills = (median(column) for column in zip(*rounds, strict=True))
            rows.append([title, f"{events / seconds:,.0f}", f"{peak:.0f}", f"{fills:,.0f}"])
    header = ["", "events/s", "peak MB", "fills"]
    print(table(f"backtest of {options.events:,} quotes, medians", header, rows))
    return 0


def make_market(path: Path, count: int) -> None:
    """Write a recording of `count` quotes of BTCUSDT."""
    quotes = recorded_quotes() or walked_quotes(50_000)
    writer = RecordingWriter(path, {"made_by": "benchmark"}, block_ns=0)
    span_ns = quotes[-1].time_ns - quotes[0].time_ns + 1_000_000
    for number in range(count):
        lap, place = divmod(number, len(quotes))
        quote = quotes[place]
        texts = [text_of(value) for value in quote[1:5]]
        time_ns = quote.time_ns + lap * span_ns
        writer.book(time_ns, time_ns, "BTCUSDT", number + 1, texts)
    writer.close()


def recorded_quotes() -> list[Quote]:
    """Return the quotes of the recording, [] where there is none."""
    default = Path(__file__).parent.parent.parent / "shared" / "data"
    path = Path(os.environ.get("TICKVISOR_DATA", default)) / RECORDING
    if not path.exists():
        return []
    return [event for _, _, event in rows_of(path) if isinstance(event, Quote)]


def walked_quotes(count: int) -> list[Quote]:
    """Return the quotes of a seeded random walk, 5 ms apart."""
    return list(_walk(count))


def _walk(count: int) -> Iterator[Quote]:
    draw = random.Random(1)
    tick, price = Decimal("0.1"), Decimal("60000.0")
    for number in range(count):
        price += tick * draw.choice((-1, 0, 0, 0, 1))
        bid_qty, ask_qty = (Decimal(draw.randint(1, 900)) / 100 for _ in range(2))
        time_ns = 1_767_225_600_000_000_000 + number * 5_000_000
        yield Quote("BTCUSDT", price, bid_qty, price + tick, ask_qty, number, time_ns)


def _measure(folder: Path, bot: str) -> tuple[float, float, float, float]:
    config = folder / "config.yaml"
    config.write_text(
        json.dumps(
            {
                "project": "benchmark",
                "venue": {"feed": "recording", "files": [str(folder / "market.tvr")]},
                "bots": [{"name": "bot", "bot": bot, "symbols": ["BTCUSDT"]}],
            }
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(config)], check=True, capture_output=True, text=True
    )
    events, seconds, peak, fills = json.loads(done.stdout)
    return events, seconds, peak, fills
