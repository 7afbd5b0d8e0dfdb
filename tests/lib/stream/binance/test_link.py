import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lib.factory import SandboxFactory
from lib.stream.binance import link as link_module
from lib.stream.binance.backoff import ConnectBudget
from lib.stream.binance.link import Link, Setup
from lib.stream.binance.subscriptions import plan
from lib.timer import LiveTimer
from tests.lib.stream.binance.feed import Feed, book, eventually

TIMER = LiveTimer()


class Running:
    """A link that runs, and the ids of the books that it brought."""

    def __init__(self, link: Link, ids: list[int]) -> None:
        self.link = link
        self.ids = ids


@asynccontextmanager
async def running(
    feed: Feed, factory: SandboxFactory, symbols: int = 1, silence: float = 0.0, renew: float = 1e5
) -> AsyncIterator[Running]:
    ids: list[int] = []
    log = factory.Logger({}, factory, TIMER)
    setup = Setup(feed.ws_url, TIMER, log, ConnectBudget(), renew)
    [one] = plan(["book"], [f"S{number}USDT" for number in range(symbols)], 1024)
    link = Link(one, setup, lambda frame: ids.append(json.loads(frame)["data"]["u"]), silence)
    task = asyncio.create_task(link.run())
    try:
        yield Running(link, ids)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await eventually(lambda: not feed.open)


async def test_broken_connection_is_replaced_at_once(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory) as run:
        await feed.until(lambda: feed.open)
        await feed.send(book(1))
        await eventually(lambda: run.ids == [1])

        began_ns = TIMER.Monotonic()
        feed.cut(feed.open[0])
        await feed.until(lambda: len(feed.sockets) == 2)

        assert TIMER.Monotonic() - began_ns < 2e9
        await feed.send(book(2), to=feed.sockets[1])
        await eventually(lambda: run.ids == [1, 2])
        assert run.link.connects == 2


async def test_outage_longer_than_the_library_endures_is_survived(
    feed: Feed, factory: SandboxFactory, lines: list[Any]
) -> None:
    feed.refusal = (503, {})
    async with running(feed, factory) as run:
        await feed.until(lambda: len(feed.urls) >= 6)
        assert not run.link.is_up

        feed.refusal = None
        await feed.until(lambda: feed.open)
        await feed.send(book(1))
        await eventually(lambda: run.ids == [1])

    failures = [fields["failures"] for _, text, fields in lines if text == "cannot connect"]
    assert failures == [1, 2, 4]


async def test_silent_connection_is_replaced_while_tcp_stands(
    feed: Feed, factory: SandboxFactory, lines: list[Any]
) -> None:
    async with running(feed, factory, silence=0.1) as run:
        await feed.until(lambda: feed.open)
        await feed.send(book(1))

        await feed.until(lambda: len(feed.sockets) >= 2)
        await feed.send(book(2), to=feed.sockets[1])
        await eventually(lambda: 2 in run.ids)

        assert ("silent", "replacing a connection") in [
            (fields.get("cause"), text) for _, text, fields in lines
        ]


async def test_market_that_is_dead_for_long_is_not_hammered(
    feed: Feed, factory: SandboxFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "REPLACE_SECONDS", 0.001)
    began_ns = TIMER.Monotonic()
    async with running(feed, factory, silence=0.05):
        await feed.until(lambda: len(feed.sockets) >= 4)

    # three lives, of 1, 2 and 4 limits
    assert TIMER.Monotonic() - began_ns >= 0.35e9


async def test_opening_is_no_message(feed: Feed, factory: SandboxFactory) -> None:
    began_ns = TIMER.Monotonic()
    async with running(feed, factory, silence=0.05) as run:
        await feed.until(lambda: len(feed.sockets) >= 3)

        assert run.link.age(TIMER.Monotonic()) >= TIMER.Monotonic() - began_ns - 0.1e9


async def test_connection_that_brings_data_is_left_alone(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(feed, factory, silence=0.5) as run:
        await feed.until(lambda: feed.open)
        for number in range(20):
            await feed.send(book(number))
            await TIMER.SleepAsync(0.05)

        assert run.link.connects == 1
        assert run.link.age(TIMER.Monotonic()) < 0.5e9


async def test_renewal_leaves_no_gap(
    feed: Feed, factory: SandboxFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "OVERLAP_SECONDS", 0.05)
    async with running(feed, factory, renew=0.3) as run:
        await feed.until(lambda: feed.open)
        sent = 0
        while run.link.connects < 4 or len(feed.open) > 1:
            sent += 1
            # like the exchange: every connection that stands gets every event
            await feed.send(book(sent))
            await TIMER.SleepAsync(0.005)

        await eventually(lambda: max(run.ids) == sent)
        seen = set(run.ids)
        first = min(seen)
        assert first <= 2
        assert seen == set(range(first, sent + 1))
        assert len(run.ids) > len(seen)


async def test_old_connection_stays_while_its_successor_brings_nothing(
    feed: Feed, factory: SandboxFactory, lines: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "HANDOVER_SECONDS", 0.1)
    async with running(feed, factory, renew=0.05) as run:
        await feed.until(lambda: len(feed.sockets) == 2)
        await eventually(lambda: any("kept the old one" in text for _, text, _ in lines))

        await feed.send(book(1), to=feed.sockets[0])
        await eventually(lambda: run.ids == [1])
        assert feed.open == feed.sockets[:1]


async def test_reconnect_on_demand_brings_the_new_one_up_first(
    feed: Feed, factory: SandboxFactory
) -> None:
    feed.hello = [json.dumps(book(7))]
    async with running(feed, factory) as run:
        await feed.until(lambda: feed.open)

        run.link.reconnect()
        await feed.until(lambda: len(feed.sockets) == 2)
        await eventually(lambda: feed.open == feed.sockets[1:])

        assert run.ids == [7, 7]


async def test_resubscribing_gives_up_and_asks_again_for_what_is_named_alone(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(feed, factory, symbols=3) as run:
        await eventually(lambda: run.link.is_up)

        run.link.resubscribe(["s0usdt@bookTicker", "s2usdt@bookTicker"])
        run.link.resubscribe(["s1usdt@bookTicker"])
        await feed.until(lambda: len(feed.received) == 2)

        stale = ["s0usdt@bookTicker", "s2usdt@bookTicker"]
        assert feed.received == [
            {"method": "UNSUBSCRIBE", "params": stale, "id": 1},
            {"method": "SUBSCRIBE", "params": stale, "id": 2},
        ]
        assert len(feed.sockets) == 1


async def test_long_list_is_subscribed_at_a_pace_that_the_exchange_bears(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(feed, factory, symbols=260):
        await feed.until(lambda: feed.open)
        began_ns = TIMER.Monotonic()
        in_url = len(feed.urls[0].split("/")) - 2

        def named() -> int:
            return in_url + sum(len(message["params"]) for message in feed.received)

        await feed.until(lambda: named() == 260)
        seconds = (TIMER.Monotonic() - began_ns) / 1e9

    assert len(feed.received) >= 2
    assert len(feed.received) <= 10 * seconds + 10


async def test_blocked_address_waits_as_it_was_told(feed: Feed, factory: SandboxFactory) -> None:
    feed.refusal = (429, {"Retry-After": "1"})
    async with running(feed, factory):
        await feed.until(lambda: len(feed.urls) == 1)
        began_ns = TIMER.Monotonic()
        feed.refusal = None
        await feed.until(lambda: feed.open)

        assert TIMER.Monotonic() - began_ns >= 0.9e9


async def test_failing_handler_ends_the_link(feed: Feed, factory: SandboxFactory) -> None:
    def fail(_frame: bytes) -> None:
        raise RuntimeError("handler")

    setup = Setup(feed.ws_url, TIMER, factory.Logger({}, factory, TIMER), ConnectBudget())
    link = Link(plan(["book"], ["BTCUSDT"])[0], setup, fail)
    task = asyncio.create_task(link.run())
    await feed.until(lambda: feed.open)
    await feed.send("x")

    with pytest.raises(RuntimeError, match="handler"):
        async with asyncio.timeout(10):
            await task
