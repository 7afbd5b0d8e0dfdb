"""The venue's faults as a drill uses them: for how long, and with which arguments (pure).

The venue itself tells what it can play (`GET /venue/faults`); a test compares the two lists.
"""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

Args = dict[str, Any]
MakeArgs = Callable[[Random, list[str]], Args]
MOMENT = (0.0, 0.0)
SHORT = (1.0, 2.0)
LONG = (2.0, 4.0)


class VenueKind(NamedTuple):
    """One fault of the venue; see `lib.chaos.kinds.Kind`.

    Args:
        name: The venue's name of it.
        text: What happens.
        seconds: Shortest and longest duration.
        make_args: Its arguments.
        in_request: Whether it strikes inside a request by its nature.
        ends_symbol: Whether a symbol cannot be traded afterwards.
        title: The drill's own name, where one fault is played in several ways.
        channel: The market stream without which there is nothing to hit.
    """

    name: str
    text: str
    seconds: tuple[float, float]
    make_args: MakeArgs
    in_request: bool = False
    ends_symbol: bool = False
    title: str = ""
    channel: str = ""


def _fixed(**args: Any) -> MakeArgs:
    return lambda _random, _symbols: dict(args)


def _symbol(**args: Any) -> MakeArgs:
    return lambda random, symbols: {"symbol": random.choice(symbols), **args}


def _count(most: int, **args: Any) -> MakeArgs:
    return lambda random, _symbols: {"count": random.randint(1, most), **args}


def _clock(random: Random, _symbols: list[str]) -> Args:
    return {"ms": random.choice((-1, 1)) * random.randint(300, 900)}


def _far_clock(random: Random, _symbols: list[str]) -> Args:
    return {"ms": random.choice((-1, 1)) * random.randint(5_000, 20_000)}


def _by_hand(random: Random, symbols: list[str]) -> Args:
    # worth about the smallest order that the venue takes; the drill fills in quantity and price
    return {"symbol": random.choice(symbols), "qty": random.choice(("min", "-min"))}


def _foreign(random: Random, symbols: list[str]) -> Args:
    return {**_by_hand(random, symbols), "price": "far"}


def _liquidate(random: Random, symbols: list[str]) -> Args:
    return {"symbol": random.choice(symbols), "seconds": 1}


def _order(method: str, most: int = 2, **args: Any) -> MakeArgs:
    return _count(most, method=method, path="order", **args)


VENUE_KINDS = (
    VenueKind("mute_market", "market streams fall silent", LONG, _fixed()),
    VenueKind("delay_market", "market data comes 0.7 s late", LONG, _fixed(delay=0.7)),
    VenueKind("drop_depth", "diff-depth events are lost", SHORT, _count(5), channel="diff"),
    VenueKind("duplicate_depth", "diff-depth events come twice", SHORT, _count(5), channel="diff"),
    VenueKind(
        "reorder_depth", "diff-depth events overtake each other", SHORT, _count(5), channel="diff"
    ),
    VenueKind("malformed", "broken JSON on a market stream", SHORT, _count(3)),
    VenueKind("mute_user", "account events are swallowed; TCP stays open", LONG, _fixed()),
    VenueKind("delay_user", "account events come 1 s late", LONG, _fixed(delay=1.0)),
    VenueKind("duplicate_user", "account events come twice", LONG, _fixed(count=50)),
    VenueKind("reorder_user", "account events overtake each other", LONG, _count(10)),
    VenueKind("expire_listen_key", "the listenKey ends", MOMENT, _fixed()),
    VenueKind("refuse_connects", "websocket handshakes are refused", SHORT, _fixed(hard=False)),
    VenueKind("close_all", "every websocket is closed", MOMENT, _fixed(hard=False)),
    VenueKind("close_all", "every websocket is cut", MOMENT, _fixed(hard=True), title="cut_all"),
    VenueKind("cut_connections", "old websockets are cut", MOMENT, _fixed(age=0.0)),
    VenueKind(
        "reject_rest",
        "placements get 503 'Service Unavailable'",
        SHORT,
        _order("POST"),
        in_request=True,
    ),
    VenueKind(
        "reject_rest",
        "a gateway's HTML page, after executing the order",
        SHORT,
        _order("POST", status=502, html=True, executed=True),
        in_request=True,
        title="html_executed",
    ),
    VenueKind(
        "unknown_rest",
        "503 'Unknown error', executed",
        SHORT,
        _order("POST", executed=True),
        in_request=True,
    ),
    VenueKind(
        "unknown_rest",
        "503 'Unknown error', not executed",
        SHORT,
        _order("POST", executed=False),
        in_request=True,
        title="unknown_not_executed",
    ),
    VenueKind(
        "hang_rest",
        "no answer for 12 s, executed",
        SHORT,
        _order("POST", 1, executed=True, hang=12),
        in_request=True,
    ),
    VenueKind(
        "hang_rest",
        "cancels get no answer for 12 s, executed",
        SHORT,
        _order("DELETE", 1, executed=True, hang=12),
        in_request=True,
        title="hang_cancel",
    ),
    VenueKind(
        "reset_rest",
        "connection reset, executed",
        SHORT,
        _order("POST", executed=True),
        in_request=True,
    ),
    VenueKind(
        "reset_rest",
        "cancels: connection reset, not executed",
        SHORT,
        _order("DELETE", executed=False),
        in_request=True,
        title="reset_cancel",
    ),
    VenueKind(
        "delay_rest",
        "answers 0.7 s late",
        SHORT,
        _count(9, delay=0.7, path="order"),
        in_request=True,
    ),
    VenueKind(
        "delay_rest",
        "requests overtake each other",
        SHORT,
        _count(9, delay=0.2, jitter=0.5, before=True, path="order"),
        in_request=True,
        title="reorder_rest",
    ),
    VenueKind("fail_batch", "one item of a batch fails", LONG, _count(2), in_request=True),
    VenueKind(
        "fail_batch",
        "one item of a batch gets an error, executed",
        LONG,
        _count(2, executed=True, code=-1007),
        in_request=True,
        title="unknown_in_batch",
    ),
    VenueKind(
        "rate_limit",
        "429 with Retry-After",
        SHORT,
        _count(2, status=429, retry_after=2, path="order"),
        in_request=True,
    ),
    VenueKind(
        "rate_limit",
        "418: the address is banned",
        SHORT,
        _count(1, status=418, retry_after=3, path="order"),
        in_request=True,
        title="banned",
    ),
    VenueKind("clock_offset", "the clocks jump apart by up to 0.9 s", LONG, _clock),
    VenueKind(
        "clock_offset", "the clocks jump apart by 5..20 s", LONG, _far_clock, title="clock_jump"
    ),
    VenueKind("ignore_recv_window", "timestamps are not checked", SHORT, _fixed()),
    VenueKind(
        "late_accept",
        "a placement gets -1007 and is made 0.8 s later",
        LONG,
        _fixed(seconds=0.8, count=1),
        in_request=True,
    ),
    VenueKind(
        "late_accept",
        "a placement gets -1007 and is made 2.5 s later",
        LONG,
        _fixed(seconds=2.5, count=1),
        in_request=True,
        title="very_late_accept",
    ),
    VenueKind("hide_order", "reads do not show any order", LONG, _fixed(seconds=4)),
    VenueKind("read_lag", "reads show what was 2 s ago", LONG, _fixed(lag=2, seconds=4)),
    VenueKind("subset_open_orders", "open lists lack rows", LONG, _fixed(keep=0.5, seconds=4)),
    VenueKind("algo_get_not_found", "single algo orders are not found", LONG, _fixed(seconds=4)),
    VenueKind("hold_triggering", "stops stay TRIGGERING", LONG, _fixed(hold=1.5, seconds=4)),
    VenueKind("mode_flip", "one-way becomes hedge mode, and back", SHORT, _fixed(close=True)),
    VenueKind("liquidate", "a position is liquidated", MOMENT, _liquidate),
    VenueKind("adl", "a position is auto-deleveraged", MOMENT, _symbol()),
    VenueKind("manual_trade", "somebody trades by hand", MOMENT, _by_hand),
    VenueKind("foreign_order", "somebody places an order by hand", MOMENT, _foreign),
    VenueKind("change_filters", "the tick becomes ten times larger", MOMENT, _symbol(tick="x10")),
    VenueKind("delist", "a symbol is settled and ends", MOMENT, _symbol(), ends_symbol=True),
    VenueKind("prevention_off", "self-trade prevention is off", SHORT, _fixed()),
    VenueKind("dead_man", "countdowns cancel stops, too", SHORT, _fixed(covers_algo=True)),
)
