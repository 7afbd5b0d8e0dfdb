"""Fills the volatility's window from the exchange's history."""

from bot.clp.volatility import Candle, Volatility
from lib.constants import KEY, NS_PER_SECOND
from lib.errors import ExchangeUnavailable
from lib.exchange import AbstractExchange
from lib.logger import AbstractLogger
from lib.timer import AbstractTimer

AGAIN_NS = 5 * NS_PER_SECOND
"""Between two questions; the next candle of the stream may come first."""
COLUMNS = (KEY.TIMESTAMP, KEY.HIGH, KEY.LOW, KEY.CLOSE)


class Warmup:
    """Asks for candles, not too often.

    Args:
        exchange: Has the history.
        volatility: Gets it.
        logger: Told when there is none.
        timer: The process's timer.
    """

    def __init__(
        self,
        exchange: AbstractExchange,
        volatility: Volatility,
        logger: AbstractLogger,
        timer: AbstractTimer,
    ) -> None:
        """Have asked nothing."""
        self._exchange = exchange
        self._volatility = volatility
        self._logger = logger
        self._timer = timer
        self._due_ns = 0

    def ask(self) -> None:
        """Ask, unless it was asked a moment ago; returns when the answer is there."""
        now_ns = self._timer.Monotonic()
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + AGAIN_NS
        try:
            rows = self._exchange.getCandles(*self._volatility.span(self._timer.Timestamp()))
        except ExchangeUnavailable as error:
            self._logger.warning("no candles yet", reason=str(error))
            return
        columns = [rows[key] for key in COLUMNS]
        self._volatility.load(Candle(*row) for row in zip(*columns, strict=True))
