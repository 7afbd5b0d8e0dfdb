"""Trials that are drawn one by one: Optuna studies over parameter ranges."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib.errors import ConfigError

JOURNAL = "study.journal"


def parse_range(text: str) -> tuple[float, float, bool, bool]:
    """Return (low, high, logarithmic, whole numbers) of `0.0001..0.001:log` or `1..9`.

    Raises:
        ConfigError: It is no range.
    """
    bounds, _, flag = text.partition(":")
    low, found, high = bounds.partition("..")
    try:
        values = float(low), float(high)
    except ValueError:
        values = (1.0, 0.0)
    if not found or values[0] >= values[1] or flag not in ("", "log"):
        raise ConfigError(f"{text!r} is no range; write one like 0.0001..0.001 or 1..100:log")
    whole = low.strip().isdecimal() and high.strip().isdecimal()
    return (*values, flag == "log", whole)


class Study:
    """A resumable search for the best parameters.

    Args:
        folder: Keeps the study's journal.
        ranges: Key -> range, or values to choose from.
        seed: Of the draws.

    Raises:
        ConfigError: Optuna is not installed, or a range is wrong.
    """

    def __init__(self, folder: Path, ranges: dict[str, str], seed: int) -> None:
        """Open the journal."""
        try:
            optuna: Any = importlib.import_module("optuna")
        except ModuleNotFoundError:
            raise ConfigError(
                "studies need Optuna: `pip install tickvisor[sweep]`; a grid works without it"
            ) from None
        self._ranges = {
            key: parse_range(text) if ".." in text else text.split(",")
            for key, text in ranges.items()
        }
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        folder.mkdir(parents=True, exist_ok=True)
        backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
        self._study = optuna.create_study(
            study_name="sweep",
            storage=optuna.storages.JournalStorage(backend),
            direction="maximize",
            load_if_exists=True,
        )
        # A study that goes on must not draw again what it has drawn before.
        self._study.sampler = optuna.samplers.TPESampler(seed=seed + len(self._study.trials))
        self._complete = optuna.trial.TrialState.COMPLETE
        self._failed = optuna.trial.TrialState.FAIL

    @property
    def done(self) -> int:
        """Number of trials that have a value, or have failed."""
        return sum(trial.state in (self._complete, self._failed) for trial in self._study.trials)

    def ask(self) -> tuple[Any, tuple[tuple[str, str], ...]]:
        """Return (handle, parameters) of the next trial."""
        trial = self._study.ask()
        return trial, tuple((key, self._draw(trial, key)) for key in self._ranges)

    def tell(self, trial: Any, value: float | None) -> None:
        """Give a trial its value, None if it has failed; more is better."""
        if value is None:
            self._study.tell(trial, state=self._failed)
        else:
            self._study.tell(trial, value)

    def _draw(self, trial: Any, key: str) -> str:
        wanted: tuple[float, float, bool, bool] | Sequence[str] = self._ranges[key]
        if isinstance(wanted, list):
            return str(trial.suggest_categorical(key, wanted))
        low, high, logarithmic, whole = wanted
        if whole:
            return str(trial.suggest_int(key, int(low), int(high), log=logarithmic))
        return f"{trial.suggest_float(key, low, high, log=logarithmic):.10g}"
