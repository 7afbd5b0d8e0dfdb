"""The few public REST calls that market streams need, by python-binance."""

from typing import Any

import aiohttp
from binance import AsyncClient
from binance.exceptions import BinanceAPIException, BinanceRequestException

from lib.bus.protocol import Candle
from lib.constants import NS_PER_MINUTE, NS_PER_MS
from lib.errors import ExchangeUnavailable, RateLimited
from lib.stream.order_book import WireLevel

TIMEOUT_SECONDS = 5.0
DEPTH_LEVELS = 500
"""Weight 10; the levels that bots see are the best 20."""
BLOCKED = frozenset({418, 429})
BLOCKED_SECONDS = 30.0
"""Wait when the exchange does not say how long."""


class MarketRest:
    """Public REST calls; made inside the running loop, closed by `close`.

    Args:
        rest_url: `https://host` or `http://127.0.0.1:PORT`.
    """

    def __init__(self, rest_url: str) -> None:
        """Make no call yet (its own `create` would ask the spot host, and fail under a ban)."""
        self._client = AsyncClient(requests_params={"timeout": TIMEOUT_SECONDS})
        self._client.FUTURES_URL = f"{rest_url.rstrip('/')}/fapi"

    async def time_ms(self) -> int:
        """Return the exchange's clock, ms since the epoch.

        Raises:
            ExchangeUnavailable: No answer, or none that can be used.
            RateLimited: Refused for now.
        """
        answer = await self._ask("time")
        return int(_field(answer, "serverTime"))

    async def depth(self, symbol: str) -> tuple[int, list[WireLevel], list[WireLevel]]:
        """Return (last update id, bids, asks) of a snapshot.

        Raises:
            ExchangeUnavailable: No answer, or none that can be used.
            RateLimited: Refused for now.
        """
        answer = await self._ask("depth", symbol=symbol, limit=DEPTH_LEVELS)
        return int(_field(answer, "lastUpdateId")), _field(answer, "bids"), _field(answer, "asks")

    async def candles(self, symbol: str, start_ns: int, end_ns: int, exchange: str) -> list[Candle]:
        """Return the finished 1-minute candles that start in [start, end], oldest first.

        Their event time is the end of their minute, their latency 0: nobody waited for them.

        Raises:
            ExchangeUnavailable: No answer, or none that can be used.
            RateLimited: Refused for now.
        """
        rows = await self._ask(
            "klines",
            symbol=symbol,
            interval="1m",
            startTime=start_ns // NS_PER_MS,
            endTime=end_ns // NS_PER_MS,
        )
        if not isinstance(rows, list):
            raise ExchangeUnavailable("klines is not a list")
        return [_candle(symbol, exchange, row) for row in rows]

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close_connection()

    async def _ask(self, name: str, **params: Any) -> Any:
        calls = {
            "time": self._client.futures_time,
            "depth": self._client.futures_order_book,
            "klines": self._client.futures_klines,
        }
        try:
            return await calls[name](**params)
        except BinanceAPIException as error:
            if error.status_code in BLOCKED:
                after = error.response.headers.get("Retry-After", "")
                wait = float(after) if after.isdigit() else BLOCKED_SECONDS
                raise RateLimited(f"{name}: {error.message}", error.code or 0, wait) from error
            raise ExchangeUnavailable(f"{name}: {error.message}", error.code or 0) from error
        except (
            TimeoutError,
            BinanceRequestException,
            aiohttp.ClientError,
            OSError,
        ) as error:
            raise ExchangeUnavailable(f"{name}: {type(error).__name__}: {error}") from error
        except (AttributeError, ValueError) as error:
            # the package stumbles over error bodies that are no JSON object
            raise ExchangeUnavailable(f"{name}: an answer that is none: {error}") from error


def _field(answer: Any, name: str) -> Any:
    if not isinstance(answer, dict) or name not in answer:
        raise ExchangeUnavailable(f"answer without {name}")
    return answer[name]


def _candle(symbol: str, exchange: str, row: list[Any]) -> Candle:
    open_ns = row[0] * NS_PER_MS
    return Candle(
        symbol,
        open_ns,
        open=row[1],
        high=row[2],
        low=row[3],
        close=row[4],
        volume=row[5],
        finished=True,
        exchange=exchange,
        event_ns=open_ns + NS_PER_MINUTE,
        latency_ns=0,
    )
