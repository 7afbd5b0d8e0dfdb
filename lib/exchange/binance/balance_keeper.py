"""Reads balances again after they moved: the account stream does not tell what is available."""

from collections.abc import Callable

from lib.errors import ExchangeError
from lib.exchange.binance.gateway import BinanceGateway
from lib.oms.account import AccountBook, Change
from lib.timer import AbstractTimer

EVERY_SECONDS = 5.0


class BalanceKeeper:
    """Keeps what is available true.

    Args:
        book: Positions and balances.
        gateway: The exchange.
        timer: The process's timer.
        publish: Tells everybody about a balance.
    """

    def __init__(
        self,
        book: AccountBook,
        gateway: BinanceGateway,
        timer: AbstractTimer,
        publish: Callable[[Change], None],
    ) -> None:
        """Have read nothing."""
        self._book = book
        self._gateway = gateway
        self._timer = timer
        self._publish = publish

    async def keep(self) -> None:
        """Read balances again some time after they moved, for ever."""
        while True:
            await self._timer.SleepAsync(EVERY_SECONDS)
            if not self._book.balances_moved:
                continue
            self._book.balances_moved = False
            try:
                rows = await self._gateway.balances()
            except ExchangeError:
                self._book.balances_moved = True
                continue
            for change in self._book.on_balances(rows):
                self._publish(change)
