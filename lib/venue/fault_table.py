"""Every fault that the venue can play, with its arguments; the docs are made from this table."""

from typing import Any, NamedTuple

from lib.venue.fault_actions import FAULTS as ENGINE_TEXTS


class Fault(NamedTuple):
    """One fault: its name, its arguments with their defaults, and what it does."""

    name: str
    arguments: dict[str, Any]
    text: str


WINDOW: dict[str, Any] = {"seconds": None, "count": None}
MARKET: dict[str, Any] = {"symbol": None, "channel": None, "connection": None, **WINDOW}
USER: dict[str, Any] = {"account": None, "event": None, **WINDOW}
REST: dict[str, Any] = {"method": None, "path": None, **WINDOW}
SILENT: dict[str, Any] = {"existing_only": False}

DOOR_FAULTS = (
    Fault(
        "mute_market",
        MARKET | SILENT,
        "Market streams say nothing while TCP stays open: of a symbol, a channel (book, trade, "
        "candle, mark, depth, or a stream's own name), a connection, or all. `existing_only` "
        "spares connections made later.",
    ),
    Fault("delay_market", MARKET | {"delay": 1.0}, "Market payloads leave `delay` seconds later."),
    Fault("drop_depth", MARKET | {"count": 1}, "Diff-depth events are lost."),
    Fault("duplicate_depth", MARKET | {"count": 1}, "Diff-depth events are sent twice."),
    Fault("reorder_depth", MARKET | {"count": 1}, "A diff-depth event leaves after its successor."),
    Fault("malformed", MARKET | {"count": 1}, "A payload is cut in the middle: broken JSON."),
    Fault(
        "mute_user",
        USER | SILENT,
        "User events are swallowed while TCP stays open; `event` limits it to one event name.",
    ),
    Fault("delay_user", USER | {"delay": 1.0}, "User events leave `delay` seconds later."),
    Fault("duplicate_user", USER | {"count": 1}, "User events are sent twice."),
    Fault("reorder_user", USER | {"count": 1}, "A user event is sent after its successor."),
    Fault("expire_listen_key", {"account": None}, "The listenKey ends now, with its event."),
    Fault(
        "refuse_connects",
        {"route": None, "hard": False, **WINDOW},
        "Websocket handshakes are answered with HTTP 503, or cut without an answer when `hard`.",
    ),
    Fault(
        "close_all",
        {"route": None, "code": 1001, "hard": False},
        "Every websocket (of a route) is closed with a code, or cut when `hard`.",
    ),
    Fault(
        "reject_rest",
        REST
        | {
            "status": 503,
            "code": None,
            "msg": "Service Unavailable.",
            "html": False,
            "retry_after": None,
            "executed": False,
            "spare_exits": False,
        },
        "REST calls (of a method, a path) are answered with this error; when `executed`, after "
        "doing what they asked. Without `code` the body has none; `html` sends a gateway's page; "
        "`spare_exits` lets reduce-only orders pass, as the exchange does when it is overloaded.",
    ),
    Fault(
        "unknown_rest",
        REST | {"executed": True, "coded": False, "method": "POST"},
        "HTTP 503 'Unknown error', with the request executed or not.",
    ),
    Fault(
        "hang_rest",
        REST | {"executed": False, "hang": 3600.0},
        "REST calls get no answer for `hang` seconds; executed before, or never.",
    ),
    Fault("reset_rest", REST | {"executed": True}, "The connection is reset instead of an answer."),
    Fault(
        "delay_rest",
        REST | {"delay": 1.0, "jitter": 0.0, "before": False},
        "Answers come `delay` (plus up to `jitter`) seconds late; with `before`, the request "
        "itself is late, so that requests of several connections may overtake each other.",
    ),
    Fault(
        "fail_batch",
        {"code": -1008, "msg": None, "items": None, "executed": False, **WINDOW},
        "Items (by position, default the second) of batch calls get this error in place of their "
        "result, executed or not.",
    ),
    Fault(
        "rate_limit",
        REST | {"status": 429, "retry_after": 10, "executed": False},
        "429 with Retry-After, or 418 as for a banned address.",
    ),
    Fault("clock_offset", {"ms": 0}, "The venue's clock is `ms` ahead (negative: behind)."),
    Fault("ignore_recv_window", dict(WINDOW), "Timestamps are not checked."),
    Fault("cut_connections", {"age": 0.0}, "Cut websockets older than `age` seconds, as at 24 h."),
)

ENGINE_FAULTS: dict[str, Fault] = {
    name: Fault(name, {}, text) for name, text in ENGINE_TEXTS.items() if name != "clear"
}
FAULTS: dict[str, Fault] = {fault.name: fault for fault in DOOR_FAULTS} | ENGINE_FAULTS
"""Name → fault; the engine's say their arguments in their texts."""
