"""The market stream against the venue: every channel, and the faults that the venue can play."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession

from lib.bus.protocol import Book, Depth, Message, Trade
from lib.factory import SandboxFactory
from lib.stream.binance.market_stream import BinanceMarketStream
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from tests.contracts.stream import StreamContract
from tests.lib.stream.binance.feed import eventually

TIMER = LiveTimer()
SYMBOLS = ["BTCUSDT", "ETHUSDT"]


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    config = {"feed": "synthetic", "seed": 1, "symbols": SYMBOLS, "rate": 40.0}
    async with VenueServer(config, TIMER) as venue:
        yield venue


class Running:
    """A stream that runs, and what it brought."""

    def __init__(self, stream: BinanceMarketStream) -> None:
        self.stream = stream
        self.messages: list[Message] = []

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if type(message) is kind]

    async def next(self, count: int = 20) -> None:
        """Wait for some more messages."""
        have = len(self.messages)
        await eventually(lambda: len(self.messages) >= have + count)


@asynccontextmanager
async def running(
    venue: VenueServer, factory: SandboxFactory, **config: Any
) -> AsyncIterator[Running]:
    urls = {"rest_url": venue.rest_url, "ws_url": venue.ws_url}
    stream = BinanceMarketStream(urls | {"symbols": SYMBOLS} | config, factory, TIMER)
    run = Running(stream)
    task = asyncio.create_task(stream.Run(run.messages.append))
    try:
        await eventually(stream.is_connected)
        yield run
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def fault(venue: VenueServer, name: str, **args: Any) -> None:
    url = f"{venue.rest_url}/venue/faults"
    async with ClientSession() as session, session.post(url, json={"name": name, **args}) as answer:
        assert answer.status == 200, await answer.text()


async def test_every_channel_of_every_symbol_comes(
    venue: VenueServer, factory: SandboxFactory
) -> None:
    channels = ["book", "trade", "candle", "mark", "depth"]
    async with running(venue, factory, channels=channels, live_candles=True) as run:
        await eventually(lambda: all(run.stream.counts().values()))

        assert len(run.stream.counts()) == 10
        stats = run.stream.stats()
        assert [stats[name] for name in ("malformed", "unusable", "unknown", "refusals")] == [0] * 4
        assert abs(stats["latency_p50_ns"]) < 1e9


async def test_local_book_agrees_with_the_best_prices(
    venue: VenueServer, factory: SandboxFactory
) -> None:
    async with running(venue, factory, channels=["book", "depth"], depth="diff") as run:
        await eventually(lambda: len(run.of(Depth)) >= 20)

        books = {(one.symbol, one.update_id): one for one in run.of(Book)}
        compared = 0
        for depth in run.of(Depth):
            book = books.get((depth.symbol, depth.update_id))
            if book is not None:
                compared += 1
                assert float(depth.bids[0][0]) == float(book.bid_price)
                assert float(depth.asks[0][0]) == float(book.ask_price)
        assert compared > 0
        assert run.stream.stats()["book_breaks"] == 0


@pytest.mark.parametrize("hard", [False, True])
async def test_closed_connections_come_back(
    venue: VenueServer, factory: SandboxFactory, hard: bool
) -> None:
    async with running(venue, factory) as run:
        await run.next()
        await fault(venue, "close_all", hard=hard)

        await eventually(lambda: run.stream.stats()["connects"] >= 4)
        await run.next()


async def test_market_that_falls_silent_on_old_connections_is_healed(
    venue: VenueServer, factory: SandboxFactory
) -> None:
    limits = {"book": 0.5, "trade": 0.5}
    async with running(venue, factory, limits=limits) as run:
        await run.next()
        await fault(venue, "mute_market", existing_only=True)

        await eventually(lambda: run.stream.stats()["connects"] >= 4)
        await run.next()
        assert min(run.stream.ages()["book"].values()) < 5e9


async def test_refused_connects_are_outlived(venue: VenueServer, factory: SandboxFactory) -> None:
    async with running(venue, factory, channels=["book"]) as run:
        await run.next()
        await fault(venue, "refuse_connects", count=4)
        await fault(venue, "close_all", hard=True)

        await eventually(lambda: run.stream.stats()["connects"] == 2)
        await run.next()


async def test_broken_frames_cost_only_themselves(
    venue: VenueServer, factory: SandboxFactory
) -> None:
    async with running(venue, factory, channels=["book"]) as run:
        await fault(venue, "malformed", count=3)

        await eventually(lambda: run.stream.stats()["malformed"] == 3)
        await run.next()
        assert run.stream.stats()["connects"] == 1


async def test_renewal_loses_no_trade(
    venue: VenueServer, factory: SandboxFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib.stream.binance.link.OVERLAP_SECONDS", 0.3)
    async with running(venue, factory, channels=["trade"], renew=0.6) as run:
        await eventually(lambda: run.stream.stats()["connects"] >= 4)
        await run.next(5)

        for symbol in SYMBOLS:
            ids = [one.update_id for one in run.of(Trade) if one.symbol == symbol]
            assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert run.stream.stats()["repeats"] > 0


class TestContract(StreamContract):
    @pytest.fixture
    def stream(self, venue: VenueServer, factory: SandboxFactory) -> BinanceMarketStream:
        urls = {"rest_url": venue.rest_url, "ws_url": venue.ws_url}
        config = {**urls, "symbols": SYMBOLS, "channels": ["book", "trade"]}
        return BinanceMarketStream(config, factory, TIMER)
