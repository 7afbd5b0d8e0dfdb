"""The few public REST calls that market streams need, by python-binance."""

from typing import Annotated, Any, NamedTuple, TypeVar

import aiohttp
import msgspec
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


_Number = Annotated[str, msgspec.Meta(pattern=r"^\d+(\.\d+)?$")]
_Level = Annotated[list[_Number], msgspec.Meta(min_length=2)]
T = TypeVar("T")


class _Row(NamedTuple):
    open_ms: int
    open: _Number
    high: _Number
    low: _Number
    close: _Number
    volume: _Number


class _Time(msgspec.Struct):
    serverTime: int  # noqa: N815 - the exchange's name


class _Depth(msgspec.Struct):
    lastUpdateId: int  # noqa: N815 - the exchange's name
    bids: list[_Level]
    asks: list[_Level]


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
        return _checked(await self._ask("time"), _Time).serverTime

    async def depth(self, symbol: str) -> tuple[int, list[WireLevel], list[WireLevel]]:
        """Return (last update id, bids, asks) of a snapshot.

        Raises:
            ExchangeUnavailable: No answer, or none that can be used.
            RateLimited: Refused for now.
        """
        answer = await self._ask("depth", symbol=symbol, limit=DEPTH_LEVELS)
        depth = _checked(answer, _Depth)
        return depth.lastUpdateId, depth.bids, depth.asks

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
        lists = _checked(rows, list[list[Any]])
        return [_candle(symbol, exchange, _checked(row[:6], _Row)) for row in lists]

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


def _checked(answer: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise ExchangeUnavailable(f"an answer of the wrong shape: {error}") from error


def _candle(symbol: str, exchange: str, row: _Row) -> Candle:
    open_ns = row.open_ms * NS_PER_MS
    return Candle(
        symbol,
        open_ns,
        *row[1:],
        finished=True,
        exchange=exchange,
        event_ns=open_ns + NS_PER_MINUTE,
        latency_ns=0,
    )
