"""Runs trials in processes of their own; what has been run is not run again."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from lib.backtest.progress import Progress
from lib.backtest.results import RESULTS, read_results
from lib.backtest.sweep import PARAMS, Row, Trial, figure
from lib.constants import ExitCode
from lib.errors import ConfigError, TickvisorError


class TrialFailed(TickvisorError):
    """A trial's bot raised: it has no results."""


class Trials:
    """All trials of a sweep.

    Args:
        files: Configuration files.
        processes: How many trials run at once.
        by: Figure that each must have.
        progress: Shows how many are done.
    """

    def __init__(self, files: Sequence[str], processes: int, by: str, progress: Progress) -> None:
        """Run nothing yet."""
        self.failed = 0
        """Trials without results; each is told on stderr."""
        self._files = files
        self._processes = processes
        self._by = by
        self._progress = progress
        self._done = 0

    def run(self, trials: Sequence[Trial]) -> list[Row]:
        """Run trials; return those that have results, in the order given.

        Raises:
            ConfigError: A backtest refuses its parameters, has no such figure, or a folder is of
                another sweep.
        """
        for trial in trials:
            _check(trial)
        rows: dict[Trial, Row] = {}
        with ThreadPoolExecutor(self._processes) as pool:
            waiting: dict[Future[Row], Trial] = {
                pool.submit(self._row, trial): trial for trial in trials
            }
            try:
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._take(rows, waiting.pop(future), future)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [rows[trial] for trial in trials if trial in rows]

    def _take(self, rows: dict[Trial, Row], trial: Trial, future: Future[Row]) -> None:
        try:
            rows[trial] = future.result()
            # A figure that is not there is told by the first trial, not after the last.
            figure(rows[trial][1], self._by)
        except TrialFailed as error:
            self.failed += 1
            sys.stderr.write(f"{error}\n")
        self._done += 1
        self._progress.show(self._done)

    def _row(self, trial: Trial) -> Row:
        if (trial.folder / RESULTS).exists():
            found = read_results(trial.folder)
            if found["complete"]:
                return trial, found
        trial.folder.mkdir(parents=True, exist_ok=True)
        (trial.folder / PARAMS).write_text(trial.text, "utf-8")
        done = subprocess.run(  # noqa: S603 - our own module
            trial.command(self._files), capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it said nothing"]
            kind = ConfigError if done.returncode == ExitCode.USAGE else TrialFailed
            raise kind(f"trial {trial.folder.name}: {lines[-1]}")
        return trial, read_results(trial.folder)


def _check(trial: Trial) -> None:
    path = trial.folder / PARAMS
    if path.exists() and path.read_text("utf-8") != trial.text:
        raise ConfigError(f"{trial.folder} is of another sweep; choose another --out")
