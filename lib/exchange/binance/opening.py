"""The first questions to the exchange: its clock, its rules, the account's mode."""

import asyncio
from collections.abc import Iterable
from typing import Any

from lib.errors import ConfigError, ExchangeError, OrderRejected, RateLimited
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.rules import check_symbols
from lib.logger import AbstractLogger
from lib.models import Rules
from lib.oms.outcomes import KEY_CODES
from lib.timer import AbstractTimer

AGAIN_SECONDS = 0.5
BAD_SIGNATURE = -1022


class Opening:
    """Waits for an exchange, and learns what must be known first.

    Args:
        config: The exchange's section.
        gateway: The exchange.
        timer: The process's timer.
        log: The worker's logger.
    """

    def __init__(
        self,
        config: dict[str, Any],
        gateway: BinanceGateway,
        timer: AbstractTimer,
        log: AbstractLogger,
    ) -> None:
        """Have asked nothing."""
        self._config = config
        self._gateway = gateway
        self._timer = timer
        self._log = log

    async def rules(self, former: Iterable[str]) -> dict[str, Rules]:
        """Return the rules of the traded symbols, and of `former` ones that are still listed.

        Raises:
            ConfigError: Keys, symbols or the account's mode are not as they must be.
        """
        symbols: list[str] = list(self._config["symbols"])
        while True:
            try:
                await self._gateway.sync_clock()
                (rules, limits), hedged = await asyncio.gather(
                    self._gateway.exchange_info(), self._gateway.is_hedge_mode()
                )
                break
            except ExchangeError as error:
                await self._timer.SleepAsync(self._judge(error))
        check_symbols(symbols, rules, self._config["rest_url"])
        if hedged:
            raise ConfigError(
                "the account is in hedge mode; Tickvisor needs one-way mode "
                "(position mode in the exchange's futures preferences)"
            )
        self._gateway.budget.set_limits(limits)
        # what a former configuration traded is looked after, too
        known = sorted(set(former) & rules.keys())
        return {symbol: rules[symbol] for symbol in dict.fromkeys([*symbols, *known])}

    def _judge(self, error: ExchangeError) -> float:
        # Returns how many seconds to wait before the next try.
        bad_key = error.code in KEY_CODES or error.code == BAD_SIGNATURE
        if isinstance(error, OrderRejected) and bad_key:
            url = self._config["rest_url"]
            raise ConfigError(f"{url} refuses the API key: {error}") from error
        self._log.warning("exchange not reached", error=str(error))
        return error.retry_after if isinstance(error, RateLimited) else AGAIN_SECONDS
