"""The backtest's exchange keeps the contract that the live ones keep."""

from pathlib import Path

import pytest

from lib.backtest.logger import RunLogger
from lib.backtest.recorder import RunRecorder
from lib.backtest.runner import Run
from lib.backtest.sources import open_market
from lib.exchange import AbstractExchange
from tests.contracts.exchange import ExchangeContract
from tests.lib.backtest.markets import settings_for, steady, write_market


class TestContract(ExchangeContract):
    @pytest.fixture
    def exchange(self, tmp_path: Path) -> AbstractExchange:
        settings = settings_for(tmp_path, [write_market(tmp_path / "m.tvr", steady(30))])
        recorder = RunRecorder(settings.symbols, settings.sample_ns)
        run = Run(settings, open_market(settings), recorder, RunLogger.bound_to(None))
        assert run.begin()
        # Nothing has reached the bot yet.
        run.wait(run.timer.now_ns + 10**9)
        (host,) = run.crew.hosts
        exchange: AbstractExchange = host.bot.exchange
        return exchange
