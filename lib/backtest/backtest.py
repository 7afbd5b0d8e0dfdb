"""One backtest from settings to results."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from lib.backtest.logger import RunLogger
from lib.backtest.progress import Progress
from lib.backtest.recorder import RunRecorder
from lib.backtest.results import LOG, TIMING, summarise, write_results
from lib.backtest.runner import Run
from lib.backtest.settings import Settings
from lib.backtest.sources import open_market
from lib.constants import NS_PER_SECOND
from lib.timer import LiveTimer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backtest has come to.

    Args:
        summary: What `results.json` holds.
        recorder: Orders, fills, equity.
        timing: What the wall clock measured.
        trace: Traceback of a bot that failed, "" for none.
    """

    summary: dict[str, Any]
    recorder: RunRecorder
    timing: dict[str, Any]
    trace: str


def run_backtest(
    settings: Settings, out: Path | None = None, *, show_progress: bool = False
) -> Outcome:
    """Run a backtest; Ctrl-C ends it early, with the results up to then.

    Args:
        settings: What to run.
        out: Folder for the results; None writes nothing.
        show_progress: Show a progress bar on stderr.

    Raises:
        ConfigError: A file, a symbol, or a bot's config is wrong.
    """
    timer = LiveTimer()
    begun_ns = timer.Monotonic()
    source = open_market(settings)
    recorder = RunRecorder(settings.symbols, settings.sample_ns)
    with _log_file(out) as file:
        logger = RunLogger.bound_to(file)
        run = Run(settings, source, recorder, logger)
        with (
            Progress("backtest", source.start_ns, source.last_ns, wanted=show_progress) as bar,
            _interruptible(run),
        ):
            run.on_batch = bar.show
            run.play()
    elapsed = (timer.Monotonic() - begun_ns) / NS_PER_SECOND
    facts = {
        "complete": not run.failure,
        "failure": run.failure,
        "end_ns": run.now_ns,
        "events": run.events,
        "market": source.describe(),
        "warnings": sum(logger.warnings.values()),
    }
    summary = summarise(settings, recorder, run.broker, facts)
    timing = {
        "seconds": round(elapsed, 3),
        "events_per_second": round(run.events / elapsed) if elapsed else 0,
        "finished_ns": timer.Timestamp(),
    }
    if out is not None:
        write_results(out, summary, recorder)
        _write_timing(out, timing)
    return Outcome(summary, recorder, timing, run.trace)


def _write_timing(out: Path, timing: dict[str, Any]) -> None:
    (out / TIMING).write_text(json.dumps(timing, indent=1) + "\n", "utf-8")


@contextmanager
def _log_file(out: Path | None) -> Iterator[Any]:
    if out is None:
        yield None
        return
    out.mkdir(parents=True, exist_ok=True)
    with (out / LOG).open("w", encoding="utf-8") as file:
        yield file


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """End the run at the first Ctrl-C; the second one is Python's own."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        run.stop_wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        before = signal.signal(signal.SIGINT, stop)
    except ValueError:
        # not the main thread: whoever runs us there handles its signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
