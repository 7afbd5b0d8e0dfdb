"""What to subscribe, and how to spread it over connections (pure logic).

Since 2026-04 a stream that is asked for on another route than its own is acknowledged and then
silent, so the route is part of the plan.
Source: https://developers.binance.com/docs/derivatives/usds-margined-futures, "Websocket Market
Streams", read 2026-05-28.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import count
from typing import NamedTuple
from urllib.parse import quote

from lib.constants import Channel
from lib.errors import ConfigError

MAX_STREAMS = 1024
"""Per connection, by the exchange."""
DEFAULT_STREAMS = 200
"""Per connection, by us: one broken connection then blinds few symbols."""
MAX_QUERY = 4_000
"""Characters of stream names in a URL: servers commonly refuse request lines beyond 8 kB."""
CHUNK = 50
"""Streams per SUBSCRIBE message."""
MESSAGES_PER_SECOND = 5
"""Control messages that we send; the exchange disconnects above 10, its pings and ours counted."""

PUBLIC = "public"
MARKET = "market"

DIFF = "diff"
"""Not a bus channel: the diff stream that a local book is built from, instead of partial depth."""

STREAMS: dict[str, tuple[str, str]] = {
    Channel.BOOK: (PUBLIC, "bookTicker"),
    Channel.DEPTH: (PUBLIC, "depth20@100ms"),
    DIFF: (PUBLIC, "depth@100ms"),
    Channel.TRADE: (MARKET, "aggTrade"),
    Channel.CANDLE: (MARKET, "kline_1m"),
    Channel.MARK: (MARKET, "markPrice@1s"),
}
"""Channel -> (route, stream name after the symbol)."""


class Plan(NamedTuple):
    """One connection: its name, its route, and what it subscribes."""

    name: str
    route: str
    streams: tuple[str, ...]
    channels: tuple[str, ...]


def stream_name(channel: str, symbol: str) -> str:
    """Return the exchange's name of one channel of one symbol."""
    return f"{symbol.lower()}@{STREAMS[channel][1]}"


def streams_of(plan: Plan, symbols: Collection[str]) -> list[str]:
    """Return what a connection subscribes of symbols; none named: all of it."""
    wanted = {symbol.lower() for symbol in symbols}
    return [name for name in plan.streams if not wanted or name.partition("@")[0] in wanted]


def plan(
    channels: Iterable[str], symbols: Iterable[str], per_connection: int = DEFAULT_STREAMS
) -> list[Plan]:
    """Spread all channels of all symbols over connections; those of one route and symbol share one.

    Raises:
        ConfigError: An unknown channel, no symbol, or a connection outside 1..1024 streams.
    """
    wanted = tuple(dict.fromkeys(channels))
    products = tuple(dict.fromkeys(symbols))
    unknown = [channel for channel in wanted if channel not in STREAMS]
    if unknown:
        known = ", ".join(STREAMS)
        raise ConfigError(f"stream has no channel {', '.join(unknown)}; it has {known}")
    if not products or not wanted:
        raise ConfigError("stream has nothing to subscribe; name at least one symbol and channel")
    if not 1 <= per_connection <= MAX_STREAMS:
        raise ConfigError(f"streams per connection is {per_connection}, not 1 to {MAX_STREAMS}")
    return [
        connection
        for route in (PUBLIC, MARKET)
        for connection in _plan_route(route, wanted, products, per_connection)
    ]


def _plan_route(
    route: str, channels: tuple[str, ...], symbols: tuple[str, ...], per_connection: int
) -> list[Plan]:
    ours = tuple(channel for channel in channels if STREAMS[channel][0] == route)
    if not ours:
        return []
    symbols_each = max(1, per_connection // len(ours))
    connections = -(-len(symbols) // symbols_each)
    # dealt out like cards: the config's order is usually by liquidity, and busy ones spread
    return [
        Plan(
            f"{route}-{index + 1}" if connections > 1 else route,
            route,
            tuple(
                stream_name(channel, symbol)
                for symbol in symbols[index::connections]
                for channel in ours
            ),
            ours,
        )
        for index in range(connections)
    ]


def replan(
    plans: Iterable[Plan], symbols: Iterable[str], per_connection: int = DEFAULT_STREAMS
) -> list[Plan]:
    """Return the plans for other symbols of the same channels.

    Every stream that stays stays on its connection, new ones go where most room is, and a further
    connection is planned only where there is none.
    """
    wanted = {symbol.lower(): symbol for symbol in symbols}
    found: list[Plan] = []
    for route in (PUBLIC, MARKET):
        own = [plan for plan in plans if plan.route == route]
        if own:
            found += _replan_route(own, wanted, per_connection)
    return found


def _replan_route(own: list[Plan], wanted: dict[str, str], per_connection: int) -> list[Plan]:
    route, channels = own[0].route, own[0].channels
    room = per_connection // len(channels) * len(channels) or len(channels)
    kept = {
        plan.name: [name for name in plan.streams if name.partition("@")[0] in wanted]
        for plan in own
    }
    known = {name.partition("@")[0] for plan in own for name in plan.streams}
    for symbol in [symbol for lower, symbol in wanted.items() if lower not in known]:
        emptiest = min(kept, key=lambda name: len(kept[name]))
        if len(kept[emptiest]) >= room:
            emptiest = next(
                name for number in count(1) if (name := f"{route}-{number}") not in kept
            )
            kept[emptiest] = []
        kept[emptiest] += [stream_name(channel, symbol) for channel in channels]
    return [Plan(name, route, tuple(names), channels) for name, names in kept.items() if names]


def split_for_url(streams: tuple[str, ...], limit: int = MAX_QUERY) -> tuple[list[str], list[str]]:
    """Return what goes into the URL, and what to SUBSCRIBE after the connection stands."""
    length = 0
    for index, name in enumerate(streams):
        length += len(url_name(name)) + 1
        if length > limit and index:
            return list(streams[:index]), list(streams[index:])
    return list(streams), []


def chunks(streams: Sequence[str]) -> list[list[str]]:
    """Return streams in lists that fit into one control message."""
    return [list(streams[start : start + CHUNK]) for start in range(0, len(streams), CHUNK)]


def url_name(name: str) -> str:
    """Return a stream's name as it stands in a URL (symbols need not be ASCII)."""
    return quote(name, safe="@!_")


def path(streams: Iterable[str]) -> str:
    """Return the path and query, after the route, of a combined connection."""
    return "stream?streams=" + "/".join(url_name(name) for name in streams)


def subscribe(streams: Iterable[str], number: int) -> str:
    """Return the control message that adds streams to a connection."""
    return _control("SUBSCRIBE", streams, number)


def unsubscribe(streams: Iterable[str], number: int) -> str:
    """Return the control message that takes streams from a connection."""
    return _control("UNSUBSCRIBE", streams, number)


def _control(method: str, streams: Iterable[str], number: int) -> str:
    return json.dumps({"method": method, "params": list(streams), "id": number}, ensure_ascii=False)
