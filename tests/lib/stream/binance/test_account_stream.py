"""The account stream against the embedded exchange, over real websockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from lib.bus.protocol import OrderIntent
from lib.errors import ConfigError
from lib.exchange.binance.gateway import BinanceGateway
from lib.exchange.binance.user_events import NAMES
from lib.factory import make_factory
from lib.oms.ids import ClientIds
from lib.stream.binance.account_stream import (
    AccountEvent,
    BinanceAccountStream,
    Connected,
    Lost,
)
from lib.timer import LiveTimer
from lib.venue.server import VenueServer

SECONDS = 8.0
IDS = ClientIds("test", "bot:BTCUSDT")
FACTORY = make_factory({"name": "SandboxFactory"}, {})


class Ear:
    """A running account stream and all that it told."""

    def __init__(self, venue: VenueServer, *, events: tuple[str, ...] = NAMES) -> None:
        self.venue = venue
        self.heard: list[AccountEvent] = []
        self.timer = LiveTimer()
        config = {"rest_url": venue.rest_url, "key": venue.key, "secret": venue.secret}
        self.gateway = BinanceGateway(config, self.timer)
        self.stream = BinanceAccountStream(
            {"ws_url": venue.ws_url, "events": list(events)}, FACTORY, self.timer, self.gateway
        )
        self.running = asyncio.create_task(self.stream.Run(self.heard.append))

    async def close(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)
        await self.gateway.close()

    def connects(self) -> int:
        return sum(isinstance(event, Connected) for event in self.heard)

    def names(self) -> list[str]:
        return [event["e"] for event in self.heard if isinstance(event, dict)]

    async def trade(self) -> None:
        """Buy at market."""
        client_id = IDS.next(self.timer.Timestamp())
        order = OrderIntent(client_id, "BTCUSDT", "BUY", "0.002", "", False, False, False, "", 0)
        await self.gateway.place(order)

    async def until(self, check: Callable[[], Any]) -> None:
        async with asyncio.timeout(SECONDS):
            while not check():
                await asyncio.sleep(0.005)

    def fault(self, name: str, **args: Any) -> None:
        self.venue.venue.add_fault({"name": name, **args}, self.venue.now())


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    async with VenueServer({"symbols": ["BTCUSDT"], "active": ["BTCUSDT"]}, LiveTimer()) as server:
        yield server


@pytest.fixture
async def ear(venue: VenueServer) -> AsyncIterator[Ear]:
    made = Ear(venue)
    await made.gateway.sync_clock()
    await made.until(made.connects)
    yield made
    await made.close()


async def test_events_come_in_the_exchanges_order(ear: Ear) -> None:
    await ear.trade()
    await ear.until(lambda: ear.names().count("ORDER_TRADE_UPDATE") == 2)
    assert ear.names()[:4] == [
        "TRADE_LITE",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]
    assert ear.stream.is_connected()
    assert ear.stream.links()["account"] < 10**9
    assert ear.stream.stats()["events"] == len(ear.names())


@pytest.mark.parametrize("hard", [True, False])
async def test_a_lost_connection_is_told_and_replaced_at_once(ear: Ear, *, hard: bool) -> None:
    start_ns = ear.timer.Monotonic()
    ear.fault("close_all", route="private", hard=hard)
    await ear.until(lambda: ear.connects() == 2)
    assert ear.timer.Monotonic() - start_ns < 10**9
    kinds = [type(event) for event in ear.heard if not isinstance(event, dict)]
    assert kinds == [Connected, Lost, Connected]
    await ear.trade()
    await ear.until(lambda: "ORDER_TRADE_UPDATE" in ear.names())


async def test_an_outage_is_outlived(ear: Ear) -> None:
    ear.fault("refuse_connects", route="private", count=4)
    ear.fault("close_all", route="private", hard=True)
    await ear.until(lambda: ear.connects() == 2)
    assert sum(isinstance(event, Lost) for event in ear.heard) == 1


async def test_an_expired_key_is_replaced(ear: Ear) -> None:
    ear.fault("expire_listen_key")
    await ear.until(lambda: ear.connects() == 2)
    assert "listenKeyExpired" in ear.names()
    await ear.trade()
    await ear.until(lambda: "ORDER_TRADE_UPDATE" in ear.names())


async def test_a_renewal_connects_before_it_drops(ear: Ear) -> None:
    ear.stream.reconnect()
    await ear.until(lambda: ear.connects() == 2)
    await ear.trade()
    await ear.until(lambda: "ORDER_TRADE_UPDATE" in ear.names())
    assert not any(isinstance(event, Lost) for event in ear.heard)


async def test_malformed_frames_are_counted_and_survived(ear: Ear) -> None:
    for frame in ("{", "[]", "7", '{"x": 1}', '{"stream": "k", "data": 5}'):
        ear.stream._on_frame(frame)
    assert ear.stream.malformed == 5
    ear.stream._on_frame('{"stream": "k", "data": {"e": "TRADE_LITE"}}')
    assert ear.heard[-1] == {"e": "TRADE_LITE"}


@pytest.mark.parametrize("demand", ["off", "silent", "expire"])
async def test_events_are_subscribed_by_name_whatever_the_exchange_demands(demand: str) -> None:
    config = {
        "symbols": ["BTCUSDT"],
        "active": ["BTCUSDT"],
        "user_stream_requires_events": demand,
    }
    async with VenueServer(config, LiveTimer()) as venue:
        ear = Ear(venue)
        await ear.gateway.sync_clock()
        await ear.until(ear.connects)
        await ear.trade()
        await ear.until(lambda: "ORDER_TRADE_UPDATE" in ear.names())
        assert ear.connects() == 1
        await ear.close()


async def test_an_exchange_that_comes_late_is_waited_for() -> None:
    venue = VenueServer({"symbols": ["BTCUSDT"], "active": ["BTCUSDT"]}, LiveTimer())
    await venue.start()
    await venue.stop()
    ear = Ear(venue)
    await ear.until(lambda: ear.stream._backoff.attempts >= 2)
    assert not ear.stream.is_connected()
    await venue.start()
    await ear.until(ear.connects)
    await ear.close()
    await venue.stop()


async def test_without_keys_it_says_where_it_belongs() -> None:
    stream = BinanceAccountStream({"ws_url": "ws://x"}, FACTORY, LiveTimer())
    with pytest.raises(ConfigError, match="exchange worker"):
        await stream.Run(lambda _event: None)
