import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Book, Candle, Depth, Message, Trade
from lib.constants import NS_PER_MINUTE
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.stream.binance import candle_gaps
from lib.stream.binance.market_stream import BinanceMarketStream
from lib.timer import LiveTimer
from tests.lib.stream.binance.feed import Feed, book, diff, eventually, kline, now_ms

TIMER = LiveTimer()


class Running:
    """A stream that runs, and what it brought."""

    def __init__(self, stream: BinanceMarketStream) -> None:
        self.stream = stream
        self.messages: list[Message] = []

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.messages if type(message) is kind]


@asynccontextmanager
async def running(feed: Feed, factory: SandboxFactory, **config: Any) -> AsyncIterator[Running]:
    config = {
        "rest_url": feed.rest_url,
        "ws_url": feed.ws_url,
        "symbols": ["BTCUSDT"],
        "channels": ["book"],
        **config,
    }
    stream = BinanceMarketStream(config, factory, TIMER)
    run = Running(stream)
    task = asyncio.create_task(stream.Run(run.messages.append))
    try:
        await eventually(stream.is_connected)
        yield run
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_messages_reach_the_sink_and_are_counted(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory, symbols=["BTCUSDT", "ETHUSDT"]) as run:
        assert run.stream.quiet() == ["BTCUSDT", "ETHUSDT"]

        await feed.send(book(1), book(1), book(2), book(1, "ETHUSDT"))
        await eventually(lambda: len(run.messages) == 3)

        assert [(one.symbol, one.update_id) for one in run.of(Book)] == [
            ("BTCUSDT", 1), ("BTCUSDT", 2), ("ETHUSDT", 1),
        ]  # fmt: skip
        assert run.stream.counts() == {"book:BTCUSDT": 2, "book:ETHUSDT": 1}
        assert run.stream.stats()["repeats"] == 1
        assert run.stream.quiet() == []
        assert run.of(Book)[0].exchange == "BINANCE.FUTURES"


async def test_frozen_content_ages(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory) as run:
        await feed.send(book(1))
        await eventually(lambda: run.messages)
        first_ns = TIMER.Monotonic()

        for _ in range(5):
            await feed.send(book(1))
            await TIMER.SleepAsync(0.02)
        await eventually(lambda: run.stream.stats()["repeats"] == 5)

        assert run.stream.ages()["book"]["BTCUSDT"] >= TIMER.Monotonic() - first_ns
        assert run.stream.links()["public"] < run.stream.ages()["book"]["BTCUSDT"]


async def test_nonsense_in_between_is_survived(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory) as run:
        await feed.send("{bad", "<html>", {"e": "surprise"}, book(1, event_ms=0), "x" * 2_000_000)
        await feed.send(book(2))
        await eventually(lambda: run.messages and run.messages[-1][7] == 2)

        stats = run.stream.stats()
        assert (stats["malformed"], stats["unknown"], stats["connects"]) == (3, 1, 1)


async def test_latency_is_measured_by_the_exchanges_clock(
    feed: Feed, factory: SandboxFactory
) -> None:
    feed.shift_ms = 60_000
    async with running(feed, factory) as run:
        await eventually(lambda: run.stream.stats()["offset_ns"])
        await feed.send(book(1, event_ms=now_ms() + 60_000 - 250))
        await eventually(lambda: run.messages)

        [message] = run.of(Book)
        assert 0.2e9 < message.latency_ns < 2e9
        assert run.stream.stats()["latency_p50_ns"] == message.latency_ns


async def test_clock_that_cannot_be_read_stops_nothing(
    feed: Feed, factory: SandboxFactory, lines: list[Any]
) -> None:
    async with running(feed, factory, rest_url="http://127.0.0.1:1") as run:
        await eventually(lambda: any("clock" in text for _, text, _ in lines))
        await feed.send(book(1))
        await eventually(lambda: run.messages)


async def test_each_channel_uses_its_route(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory, channels=["book", "trade", "candle", "mark"]) as run:
        assert sorted(run.stream.links()) == ["market", "public"]
        assert sorted(feed.urls) == [
            "/market/stream?streams=btcusdt@aggTrade/btcusdt@kline_1m/btcusdt@markPrice@1s",
            "/public/stream?streams=btcusdt@bookTicker",
        ]


async def test_silent_link_is_replaced_by_itself(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory, limits={"book": 0.1, "trade": "learned"}) as run:
        await feed.until(lambda: len(feed.sockets) >= 2)
        await feed.send(book(1))
        await eventually(lambda: run.messages)

        assert len(run.messages) == 1


async def test_resubscribing_takes_what_comes_as_new(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory) as run:
        await feed.send(book(5))
        await eventually(lambda: run.messages)

        run.stream.resubscribe()
        await feed.until(lambda: feed.received)
        await feed.send(book(5))
        await eventually(lambda: len(run.messages) == 2)


async def test_healing_a_symbol_leaves_the_others_alone(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(
        feed, factory, symbols=["BTCUSDT", "ETHUSDT"], channels=["book"], streams_per_connection=1
    ) as run:
        await feed.until(lambda: len(feed.open) == 2)
        before = dict(zip(feed.urls, feed.sockets, strict=True))

        run.stream.resubscribe(["ETHUSDT"])
        await feed.until(lambda: len(feed.received) == 2)
        run.stream.reconnect(["ETHUSDT"])
        await feed.until(lambda: len(feed.sockets) == 3)
        await eventually(lambda: len(feed.open) == 2)

        assert {name for one in feed.received for name in one["params"]} == {"ethusdt@bookTicker"}
        assert "ethusdt" in feed.urls[2]
        [kept] = [socket for url, socket in before.items() if "btcusdt" in url]
        assert not kept.closed


async def test_reconnecting_brings_new_connections(feed: Feed, factory: SandboxFactory) -> None:
    async with running(feed, factory) as run:
        run.stream.reconnect()
        await feed.until(lambda: len(feed.sockets) == 2)
        await feed.send(book(1))
        await eventually(lambda: run.messages)

        assert len(run.messages) == 1


@pytest.mark.parametrize(("live", "count"), [(False, 1), (True, 2)])
async def test_growing_candles_come_on_demand(
    feed: Feed, factory: SandboxFactory, live: bool, count: int
) -> None:
    async with running(feed, factory, channels=["candle"], live_candles=live) as run:
        await feed.send(kline(5, closed=False), kline(5), kline(6))
        await eventually(lambda: len(run.messages) == count + 1)

        assert [one.finished for one in run.of(Candle)].count(True) == 2


async def test_candle_that_never_closed_is_fetched(
    feed: Feed, factory: SandboxFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candle_gaps, "GRACE_NS", 0)
    row: list[Any] = [6 * 60_000, "1", "3", "1", "2", "5", 6 * 60_000 + 59_999, "0", 0, "0", "0"]
    feed.answers["klines"] = [[*row, "0"]]
    async with running(feed, factory, channels=["candle"]) as run:
        await feed.send(kline(5), kline(7))
        await eventually(lambda: len(run.messages) == 3)

        assert [one.open_ns // NS_PER_MINUTE for one in run.of(Candle)] == [5, 7, 6]
        assert all(one.finished for one in run.of(Candle))
        [asked] = [path for path in feed.asked if "klines" in path]
        assert "startTime=360000" in asked
        assert "endTime=360000" in asked


async def test_local_book_is_loaded_kept_and_loaded_again_after_a_gap(
    feed: Feed, factory: SandboxFactory
) -> None:
    feed.answers["depth"] = {"lastUpdateId": 10, "bids": [["1.0", "1"]], "asks": [["2.0", "1"]]}
    async with running(feed, factory, channels=["depth"], depth="diff") as run:
        assert feed.urls == ["/public/stream?streams=btcusdt@depth@100ms"]

        await feed.send(diff(8, 11, 7, [["1.5", "4"]]))
        await eventually(lambda: run.messages)
        assert run.of(Depth)[0].bids == [["1.5", "4"], ["1.0", "1"]]

        feed.answers["depth"]["lastUpdateId"] = 20
        await feed.send(diff(20, 21, 19, [["1.7", "9"]]))
        await eventually(lambda: len(run.messages) == 2)
        assert run.of(Depth)[1].bids == [["1.7", "9"], ["1.0", "1"]]
        assert run.stream.stats()["book_breaks"] == 1
        assert len([path for path in feed.asked if "depth" in path]) == 2


async def test_named_channels_are_stored(
    feed: Feed, factory: SandboxFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(feed, factory, store=["book"], channels=["book", "candle"]) as run:
        await feed.send(book(41), kline(5))
        await eventually(lambda: len(run.messages) == 2)
        stored: list[str] = []

        def is_stored() -> bool:
            stored.append(capsys.readouterr().out)
            return '"update_id":41' in "".join(stored)

        await eventually(is_stored)
        assert "candle" not in "".join(stored)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"channels": ["tape"]}, "no channel tape"),
        ({"symbols": []}, "at least one symbol"),
        ({"depth": "full"}, "not partial or diff"),
        ({"ws_url": None}, "ws_url is None, not like wss://host"),
        ({"rest_url": "fapi.binance.com"}, "rest_url is 'fapi.binance.com', not like https"),
        ({"streams_per_connection": 5_000}, "not 1 to 1024"),
    ],
)
def test_config_that_cannot_be_is_one_clear_error(
    factory: SandboxFactory, changes: dict[str, Any], text: str
) -> None:
    config = {"rest_url": "http://x", "ws_url": "ws://x", "symbols": ["BTCUSDT"], **changes}

    with pytest.raises(ConfigError, match=text):
        BinanceMarketStream(config, factory, TIMER)


@pytest.mark.data
async def test_recorded_frames_pass_through_once(
    feed: Feed, factory: SandboxFactory, data_dir: Path
) -> None:
    source = data_dir / "ws_raw_20240808" / "usdm_btcusdt_20240808.gz"
    with gzip.open(source, "rt") as file:
        frames = [line.partition(" ")[2].strip() for line in itertools.islice(file, 4_000)]
    quotes = [one for one in frames if "@bookTicker" in one]
    trades = [one for one in frames if "@trade" in one]
    is_complete: Callable[[], bool]
    async with running(feed, factory) as run:
        is_complete = lambda: len(run.messages) == len(quotes) + len(trades)  # noqa: E731

        await feed.send(*[one for one in frames for one in (one, one)])
        await eventually(is_complete)

        assert len(run.of(Book)) == len(quotes)
        assert len(run.of(Trade)) == len(trades)
        assert run.stream.stats()["repeats"] == len(quotes) + len(trades)
        ids = [one.update_id for one in run.of(Book)]
        assert ids == sorted(ids)


def messages_of(feed: Feed, method: str) -> list[str]:
    return [
        name
        for message in feed.received
        if message["method"] == method
        for name in message["params"]
    ]


async def test_other_symbols_come_and_go_on_the_connection_that_stands(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(feed, factory, symbols=["BTCUSDT", "ETHUSDT"]) as run:
        await feed.send(book(1), book(1, "ETHUSDT"))
        await eventually(lambda: len(run.messages) == 2)

        run.stream.configure({"symbols": ["BTCUSDT", "SOLUSDT"]})
        await feed.until(lambda: messages_of(feed, "UNSUBSCRIBE"))

        assert messages_of(feed, "SUBSCRIBE") == ["solusdt@bookTicker"]
        assert messages_of(feed, "UNSUBSCRIBE") == ["ethusdt@bookTicker"]
        await feed.send(book(2), book(2, "ETHUSDT"), book(1, "SOLUSDT"))
        await eventually(lambda: len(run.messages) == 4)
        assert [one.symbol for one in run.of(Book)[2:]] == ["BTCUSDT", "SOLUSDT"]
        assert set(run.stream.counts()) == {"book:BTCUSDT", "book:SOLUSDT"}
        assert run.stream.stats()["connects"] == 1

        # a connection that is made later is made for what is wanted then
        run.stream.reconnect()
        await feed.until(lambda: len(feed.urls) == 2)
        assert "solusdt@bookTicker" in feed.urls[1]
        assert "ethusdt" not in feed.urls[1]


async def test_more_symbols_than_a_connection_bears_get_another_one(
    feed: Feed, factory: SandboxFactory
) -> None:
    async with running(feed, factory, streams_per_connection=1) as run:
        run.stream.configure({"symbols": ["BTCUSDT", "ETHUSDT"]})
        await feed.until(lambda: len(feed.open) == 2)
        await eventually(run.stream.is_connected)

        await feed.send(book(1, "ETHUSDT"), to=feed.sockets[1])
        await eventually(lambda: len(run.messages) == 1)

        run.stream.configure({"symbols": ["ETHUSDT"]})
        await eventually(lambda: len(feed.open) == 1)
        assert list(run.stream.links()) == ["public-1"]
        assert run.stream.stats()["connects"] == 2
