from collections.abc import AsyncIterator

import pytest

from lib.exchange.binance.gateway import BinanceGateway
from lib.timer import LiveTimer
from lib.venue.server import VenueServer


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    """A whole exchange with one synthetic market."""
    async with VenueServer({"symbols": ["BTCUSDT"], "active": ["BTCUSDT"]}, LiveTimer()) as server:
        yield server


@pytest.fixture
async def gateway(venue: VenueServer) -> AsyncIterator[BinanceGateway]:
    """A gateway to it, with its keys and a quick timeout."""
    config = {
        "rest_url": venue.rest_url,
        "key": venue.key,
        "secret": venue.secret,
        "timeout": 0.5,
    }
    made = BinanceGateway(config, LiveTimer())
    await made.sync_clock()
    yield made
    await made.close()
