"""Signed HTTP to Binance USD-M through python-binance, which is wrapped and not trusted.

What is changed: its URLs (so that a loopback exchange is reached by the same code), its timestamps
and recvWindow (ours, by a clock that no step of the host's moves), its reading of answers (every
failure becomes an error of `lib.errors` by the one table of `lib.oms.outcomes`), and its blindness
for the rate limit headers.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NamedTuple, cast
from urllib.parse import urlencode

import aiohttp
import orjson
from binance import AsyncClient

from lib.errors import ExchangeUnavailable, OrderUnknown
from lib.oms.budget import LIMITED
from lib.oms.outcomes import BANNED, FIREWALL, PAUSES, Meaning, Verb, classify, error_of

REAL_URL = "https://fapi.binance.com"
CONNECT_SECONDS = 2.0
IDLE_SECONDS = 15.0
"""Idle connections are dropped before the server drops them: a POST on a connection that dies
under it has an unknown outcome."""
CONNECTIONS = 100
TEXT_SHOWN = 200
REFUSED = f"refused by the exchange's firewall (HTTP {FIREWALL})"
BAN_UNTIL = re.compile(r"banned until (\d{13})")
USED_HEADERS = {
    "X-MBX-USED-WEIGHT-1M": "weight",
    "X-MBX-ORDER-COUNT-10S": "orders_10s",
    "X-MBX-ORDER-COUNT-1M": "orders_1m",
}


_stamp_ms: ContextVar[int] = ContextVar("stamp_ms", default=0)
"""Timestamp that the order management chose for the request of this task, 0 = now."""


class ApiFailure(Exception):
    """An answer that says no; never leaves this package.

    Args:
        http: HTTP status.
        code: The exchange's code, None when there was none.
        text: The exchange's words.
        retry_after: Seconds to wait, 0 when not told.
    """

    def __init__(self, http: int, code: int | None, text: str, retry_after: float) -> None:
        """Keep all four."""
        super().__init__(f"HTTP {http}, {text} ({code})")
        self.http = http
        self.code = code
        self.text = text
        self.retry_after = retry_after

    @property
    def words(self) -> str:
        """Return what whoever reads the log should know."""
        return f"{self.text} ({self.code})" if self.code else f"HTTP {self.http}, {self.text}"


class Hooks(NamedTuple):
    """What the client tells and asks its owner."""

    clock_ms: Callable[[], int]
    """Returns the exchange's time, ms since the epoch."""
    on_used: Callable[[str, int], None]
    """Told limit name and use, from the headers of every answer."""
    on_limited: Callable[[str, float, str], None]
    """Told limit name, seconds to wait and why after a 429, 418 or 403."""
    on_answer: Callable[[], None] = lambda: None
    """Told of every answer, whatever it says."""


class BinanceRest(AsyncClient):
    """The signed client.

    Args:
        rest_url: `https://fapi.binance.com`, or where a compatible exchange listens.
        key: API key, "" for public calls only.
        secret: Its secret: HMAC text, or an Ed25519 or RSA private key in PEM form.
        hooks: See `Hooks`.
        timeout: Seconds that one request may take.
        recv_window_ms: How old a request may be when the exchange takes it.
    """

    def __init__(
        self,
        rest_url: str,
        key: str,
        secret: str,
        hooks: Hooks,
        timeout: float,
        recv_window_ms: int,
    ) -> None:
        """Connect nothing: the first request does."""
        base = rest_url.rstrip("/")
        self.API_URL = f"{base}/api"
        self.FUTURES_URL = f"{base}/fapi"
        self.FUTURES_DATA_URL = f"{base}/futures/data"
        if base != REAL_URL:
            # the key's rights are the main address's affair; at a venue all is one
            self.MARGIN_API_URL = f"{base}/sapi"
        self.REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT_SECONDS)
        self.REQUEST_RECVWINDOW = recv_window_ms
        self._hooks = hooks
        is_pem = secret.lstrip().startswith("-----BEGIN")
        connector = aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS)
        super().__init__(
            key or None,
            None if is_pem else secret or None,
            session_params={"connector": connector},
            private_key=secret if is_pem else None,
        )

    async def ask(
        self, verb: Verb, request: Callable[[], Awaitable[Any]], stamp_ms: int = 0
    ) -> Any:
        """Run one request and return its JSON.

        Args:
            verb: What the request wants.
            request: Makes it.
            stamp_ms: Its timestamp; 0 = the time at which it is signed.

        Raises:
            OrderRejected: Refused for cause.
            RateLimited: Not executed.
            ExchangeUnavailable: Not executed, or a read that failed.
            OrderUnknown: May have been executed; or, with a code of
                `lib.oms.outcomes.GONE_CODES` or `DUPLICATE_ID`, a question about an order.
        """
        _stamp_ms.set(stamp_ms)
        if self.session.closed:
            raise ExchangeUnavailable("the connections are closed")
        try:
            return await request()
        except ApiFailure as failure:
            meaning = classify(verb, failure.http, failure.code, failure.text)
            if meaning is Meaning.LIMITED or failure.http in PAUSES:
                self._limited(failure)
            code, words = failure.code or 0, failure.words
            raise error_of(verb, meaning, code, words, failure.retry_after) from failure
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ExchangeUnavailable(f"cannot connect: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # the first byte may have gone out
            what = str(error) or type(error).__name__
            if verb in (Verb.QUERY, Verb.READ):
                raise ExchangeUnavailable(f"no answer: {what}") from error
            raise OrderUnknown(f"no answer: {what}") from error

    def _get_request_kwargs(
        self, method: str, signed: bool, force_params: bool = False, **kwargs: Any
    ) -> dict[str, Any]:
        asked: dict[str, Any] = super()._get_request_kwargs(method, signed, force_params, **kwargs)
        if isinstance(asked.get("data"), list) and not self.PRIVATE_KEY:
            # what aiohttp's form would make of it, in a third of its time: orders wait for this
            asked["data"] = urlencode(asked["data"]).encode()
        return asked

    def _generate_signature(self, data: dict[str, Any], uri_encode: bool = True) -> str:
        # The parent has just put the host's wall clock there.
        data["timestamp"] = _stamp_ms.get() or self._hooks.clock_ms()
        return cast("str", super()._generate_signature(data, uri_encode))

    async def _handle_response(self, response: aiohttp.ClientResponse) -> Any:
        # a page that is no text is read, too: what it is not is said below
        text = await response.text(errors="replace")
        self._hooks.on_answer()
        self._meter(response)
        try:
            body = orjson.loads(text)
        except ValueError:
            raise _failure(response, None, _shown(text)) from None
        code = body.get("code") if isinstance(body, dict) else None
        number = _number(code)
        refused = number is not None and number < 0
        if response.ok and not refused:
            return body
        message = str(body.get("msg", "")) if isinstance(body, dict) else _shown(text)
        raise _failure(response, number, message)

    def _meter(self, response: aiohttp.ClientResponse) -> None:
        for header, name in USED_HEADERS.items():
            used = response.headers.get(header, "")
            if used.isdigit():
                self._hooks.on_used(name, int(used))

    def _limited(self, failure: ApiFailure) -> None:
        banned = BAN_UNTIL.search(failure.text)
        if failure.http == BANNED and banned:
            left = (int(banned[1]) - self._hooks.clock_ms()) / 1_000
            failure.retry_after = max(failure.retry_after, left)
        failure.retry_after = failure.retry_after or PAUSES.get(failure.http, 1.0)
        name = "orders_10s" if failure.code == -1015 else "weight"
        why = REFUSED if failure.http == FIREWALL else LIMITED
        self._hooks.on_limited(name, failure.retry_after, why)


async def close_quietly(client: BinanceRest) -> None:
    """Close a client's connections; an error while closing changes nothing."""
    try:
        async with asyncio.timeout(1.0):
            await client.close_connection()
    except (TimeoutError, aiohttp.ClientError, OSError):
        return


def _failure(response: aiohttp.ClientResponse, code: int | None, text: str) -> ApiFailure:
    wait = response.headers.get("Retry-After", "")
    return ApiFailure(response.status, code, text, float(wait) if wait.isdigit() else 0.0)


def _number(code: Any) -> int | None:
    try:
        return None if code is None else int(code)
    except (TypeError, ValueError):
        return None


def _shown(text: str) -> str:
    return f"not JSON: {text[:TEXT_SHOWN]!r}"
