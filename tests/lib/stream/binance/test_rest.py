import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lib.bus.protocol import Candle
from lib.constants import NS_PER_MINUTE
from lib.errors import ExchangeUnavailable, RateLimited
from lib.stream.binance.rest import MarketRest
from tests.lib.stream.binance.feed import Feed, now_ms

SAMPLES = Path(__file__).parents[3] / "data" / "binance"


@pytest.fixture
async def rest(feed: Feed) -> AsyncIterator[MarketRest]:
    rest = MarketRest(feed.rest_url)
    yield rest
    await rest.close()


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


async def test_time_is_the_servers(rest: MarketRest, feed: Feed) -> None:
    feed.shift_ms = 5_000

    assert abs(await rest.time_ms() - now_ms() - 5_000) < 1_000


async def test_depth_is_read_as_sampled(rest: MarketRest, feed: Feed) -> None:
    feed.answers["depth"] = sample("rest_depth")

    last_id, bids, asks = await rest.depth("BTCUSDT")

    assert (last_id, bids, asks) == tuple(
        sample("rest_depth")[key] for key in ("lastUpdateId", "bids", "asks")
    )
    assert feed.asked == ["/fapi/v1/depth?limit=500&symbol=BTCUSDT"]


async def test_candles_are_read_as_sampled(rest: MarketRest, feed: Feed) -> None:
    rows = feed.answers["klines"] = sample("rest_klines")

    candles = await rest.candles("BTCUSDT", 0, NS_PER_MINUTE, "X")

    open_ns = rows[0][0] * 10**6
    assert candles[0] == Candle(
        "BTCUSDT", open_ns, *rows[0][1:6], True, "X", open_ns + NS_PER_MINUTE, 0
    )
    assert len(candles) == len(rows)
    assert "startTime=0" in feed.asked[0]
    assert "endTime=60000" in feed.asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        {"code": -1, "msg": "no"}, [], "text", {},
        {"lastUpdateId": 1, "bids": [["NaN", "1"]], "asks": []},
        {"lastUpdateId": None, "bids": [], "asks": []},
    ],
)  # fmt: skip
async def test_answer_that_is_none_is_unavailable(
    rest: MarketRest, feed: Feed, answer: Any
) -> None:
    feed.answers["depth"] = answer

    with pytest.raises(ExchangeUnavailable):
        await rest.depth("BTCUSDT")


@pytest.mark.parametrize(
    "answer", [{"code": -1, "msg": "no"}, [1], [[]], [[1, "a", "1", "1", "1", "1"]]]
)
async def test_candles_that_are_none_are_unavailable(
    rest: MarketRest, feed: Feed, answer: Any
) -> None:
    feed.answers["klines"] = answer

    with pytest.raises(ExchangeUnavailable):
        await rest.candles("BTCUSDT", 0, 1, "X")


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "seconds"),
    [
        (429, {"Retry-After": "7"}, '{"code":-1003,"msg":"Too many"}', RateLimited, 7.0),
        (418, {}, '{"code":-1003,"msg":"Banned"}', RateLimited, 30.0),
        (503, {}, '{"msg":"Unknown error"}', ExchangeUnavailable, None),
        (502, {}, "<html>Bad Gateway</html>", ExchangeUnavailable, None),
        (500, {}, "[]", ExchangeUnavailable, None),
        (200, {}, "{bad", ExchangeUnavailable, None),
    ],
)
async def test_every_refusal_has_its_error(
    rest: MarketRest,
    feed: Feed,
    status: int,
    headers: dict[str, str],
    body: str,
    kind: type[Exception],
    seconds: float | None,
) -> None:
    feed.refuse_rest = lambda: web.Response(
        status=status, headers=headers, text=body, content_type="application/json"
    )

    with pytest.raises(kind) as caught:
        await rest.time_ms()
    assert getattr(caught.value, "retry_after", None) == seconds


async def test_host_that_is_gone_is_unavailable() -> None:
    rest = MarketRest("http://127.0.0.1:1")

    with pytest.raises(ExchangeUnavailable):
        await rest.time_ms()
    await rest.close()
