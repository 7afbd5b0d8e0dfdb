"""Looks again at the account's settings when somebody may have changed them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lib.errors import ExchangeError
from lib.exchange.binance.doctor import examine_settings, wanted_of
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.warden import Warden
from lib.logger import AbstractLogger
from lib.oms.risk import EVERYONE
from lib.timer import AbstractTimer

WRONG = "the account's settings are wrong"
AGAIN_SECONDS = 5.0


class SettingsWatch:
    """Stops new risk while the account is not set as it must be.

    Args:
        config: The exchange's section.
        gateway: The exchange.
        warden: Stops new risk.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task.
    """

    def __init__(
        self,
        config: dict[str, Any],
        gateway: BinanceGateway,
        warden: Warden,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Callable[[Coroutine[Any, Any, Any], str], "asyncio.Task[Any]"],
    ) -> None:
        """Have looked at nothing."""
        self._wanted = wanted_of(config)
        self._gateway = gateway
        self._warden = warden
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self._is_looking = False

    def learn(self, config: dict[str, Any]) -> None:
        """Look at other symbols from now on."""
        self._wanted = wanted_of(config)

    def request(self) -> None:
        """Stop new risk until the settings were found to be right."""
        self._block(f"{WRONG}, perhaps: they have been changed")
        if not self._is_looking:
            self._is_looking = True
            self._spawn(self._look(), "settings")

    async def _look(self) -> None:
        while True:
            try:
                found = await examine_settings(self._gateway, self._wanted)
            except ExchangeError as error:
                self._log.warning("settings not read", error=str(error))
            else:
                wrong = [each.text for each in found if each.level == "wrong"]
                if not wrong:
                    break
                self._block(f"{WRONG}: {'; '.join(wrong)}")
                self._log.error(WRONG, what=wrong)
            await self._timer.SleepAsync(AGAIN_SECONDS)
        self._is_looking = False
        self._warden.blocks.free(WRONG)
        self._log.info("the account's settings are right")

    def _block(self, reason: str) -> None:
        self._warden.blocks.block(EVERYONE, WRONG, reason)
