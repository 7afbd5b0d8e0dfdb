import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.constants import Channel
from lib.errors import ConfigError
from lib.stream.binance.subscriptions import (
    CHUNK,
    MAX_QUERY,
    STREAMS,
    chunks,
    path,
    plan,
    replan,
    split_for_url,
    stream_name,
    subscribe,
)


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        (Channel.BOOK, "btcusdt@bookTicker"),
        (Channel.DEPTH, "btcusdt@depth20@100ms"),
        (Channel.TRADE, "btcusdt@aggTrade"),
        (Channel.CANDLE, "btcusdt@kline_1m"),
        (Channel.MARK, "btcusdt@markPrice@1s"),
    ],
)
def test_stream_is_named_as_the_exchange_does(channel: str, name: str) -> None:
    assert stream_name(channel, "BTCUSDT") == name


def test_each_channel_goes_by_its_own_route() -> None:
    plans = plan(["book", "trade", "candle", "mark", "depth"], ["BTCUSDT"])

    assert [(one.name, one.route, one.streams) for one in plans] == [
        ("public", "public", ("btcusdt@bookTicker", "btcusdt@depth20@100ms")),
        ("market", "market", ("btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@markPrice@1s")),
    ]


def test_route_without_channel_has_no_connection() -> None:
    assert [one.route for one in plan(["book"], ["BTCUSDT"])] == ["public"]


def test_symbols_are_dealt_out_evenly() -> None:
    symbols = [f"S{number}USDT" for number in range(300)]

    plans = plan(["book"], symbols)

    assert [(one.name, len(one.streams)) for one in plans] == [("public-1", 150), ("public-2", 150)]


channels = st.lists(st.sampled_from(sorted(STREAMS)), min_size=1, unique=True)


@given(channels, st.integers(1, 400), st.integers(1, 1024))
def test_every_stream_is_planned_once_within_the_limit(
    wanted: list[str], count: int, per_connection: int
) -> None:
    symbols = [f"S{number}USDT" for number in range(count)]

    plans = plan(wanted, symbols, per_connection)

    streams = [stream for one in plans for stream in one.streams]
    assert sorted(streams) == sorted(stream_name(c, s) for c in wanted for s in symbols)
    # one symbol's streams stay together, so the smallest connection holds one symbol
    assert all(len(one.streams) <= max(per_connection, len(wanted)) for one in plans)
    assert len({one.name for one in plans}) == len(plans)


@pytest.mark.parametrize(
    ("wanted", "symbols", "limit", "text"),
    [
        (["bok"], ["BTCUSDT"], 200, "no channel bok; it has book"),
        (["book"], [], 200, "at least one symbol"),
        ([], ["BTCUSDT"], 200, "at least one symbol"),
        (["book"], ["BTCUSDT"], 2_000, "2000, not 1 to 1024"),
    ],
)
def test_plan_that_cannot_be_is_one_clear_error(
    wanted: list[str], symbols: list[str], limit: int, text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        plan(wanted, symbols, limit)


def test_url_has_all_streams_while_it_is_short() -> None:
    streams = ("btcusdt@bookTicker", "ethusdt@bookTicker")

    assert split_for_url(streams) == (list(streams), [])
    assert path(streams) == "stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"


def test_what_is_too_long_for_the_url_is_subscribed_in_chunks() -> None:
    streams = tuple(f"s{number}usdt@depth20@100ms" for number in range(1_000))

    first, later = split_for_url(streams)

    assert len(path(first)) <= MAX_QUERY + 20
    assert (*first, *later) == streams
    assert all(len(chunk) <= CHUNK for chunk in chunks(later))
    assert [name for chunk in chunks(later) for name in chunk] == later


def test_non_ascii_symbol_is_percent_encoded_in_the_url_only() -> None:
    name = stream_name("book", "测试USDT")

    assert path([name]) == "stream?streams=%E6%B5%8B%E8%AF%95usdt@bookTicker"
    assert json.loads(subscribe([name], 7)) == {
        "method": "SUBSCRIBE",
        "params": ["测试usdt@bookTicker"],
        "id": 7,
    }


symbols_of = st.lists(st.sampled_from([f"S{number}USDT" for number in range(40)]), unique=True)


@given(symbols_of.filter(bool), symbols_of.filter(bool), st.integers(2, 20))
def test_other_symbols_move_no_stream_that_stays(
    before: list[str], after: list[str], per_connection: int
) -> None:
    channels = ["book", "depth", "trade"]
    old = plan(channels, before, per_connection)
    new = replan(old, after, per_connection)

    place = {stream: (one.route, one.name) for one in old for stream in one.streams}
    for one in new:
        assert one.streams
        assert len(one.streams) <= max(per_connection, 2)
        for stream in one.streams:
            assert place.get(stream, (one.route, one.name)) == (one.route, one.name)
    brought = sorted(stream for one in new for stream in one.streams)
    assert brought == sorted(stream for one in plan(channels, after) for stream in one.streams)
    assert len({one.name for one in new}) == len(new)
