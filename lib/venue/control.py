"""Control frames of the stream websockets: SUBSCRIBE and its relatives."""

import json
from typing import Any

import orjson

from lib.venue.hub import MAX_STREAMS, Connection
from lib.venue.stream_names import Route, Stream
from lib.venue.venue import Venue

METHODS = {"SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"}
UNKNOWN_PROPERTY = "Unknown property"
ID_TEXT = "Invalid request: request ID must be an unsigned integer"


def subscribe(venue: Venue, connection: Connection, name: str, now_ns: int) -> None:
    """Add a stream (or, on the private route, a listenKey) to a connection."""
    if connection.route is Route.PRIVATE:
        connection.streams[name] = None
        if name not in connection.keys:
            venue.users.open(connection, name, None, now_ns)
        return
    stream = venue.hub.subscribe(connection, name)
    if stream is not None:
        _play(venue, stream, now_ns)


def answer_control(venue: Venue, connection: Connection, text: str, now_ns: int) -> bytes:
    """Return the answer to one control frame; it is never wrapped."""
    try:
        request = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _error(3, f"Invalid JSON: {_json_fault(text)}")
    if not isinstance(request, dict):
        return _error(2, "Invalid request: expected an object")
    number = request.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return _error(2, ID_TEXT)
    if isinstance(number, int) and number < 0:
        return _error(2, ID_TEXT)
    method = request.get("method")
    if method not in METHODS:
        return _error(2, f"Invalid request: unknown variant `{method}`")
    params = request.get("params", [])
    if not isinstance(params, list):
        return _error(2, "Invalid request: params must be an array")
    return _answer(venue, connection, method, params, number, now_ns)


def _answer(
    venue: Venue,
    connection: Connection,
    method: str,
    params: list[Any],
    number: int | str,
    now_ns: int,
) -> bytes:
    match method:
        case "SUBSCRIBE":
            if len({*map(str, params), *connection.streams}) > MAX_STREAMS:
                return _error(2, f"Invalid request: more than {MAX_STREAMS} streams")
            for name in map(str, params):
                subscribe(venue, connection, name, now_ns)
        case "UNSUBSCRIBE":
            for name in map(str, params):
                venue.hub.unsubscribe(connection, name)
                connection.keys.pop(name, None)
        case "LIST_SUBSCRIPTIONS":
            return _result(list(connection.streams), number)
        case "SET_PROPERTY":
            return _set_property(connection, params, number)
        case _:
            known = params[:1] == ["combined"]
            return _result(connection.combined, number) if known else _error(0, UNKNOWN_PROPERTY)
    return _result(None, number)


def _set_property(connection: Connection, params: list[Any], number: int | str) -> bytes:
    if params[:1] != ["combined"]:
        return _error(0, UNKNOWN_PROPERTY)
    if len(params) != 2 or not isinstance(params[1], bool):
        return _error(1, "Invalid value type: expected Boolean")
    connection.combined = params[1]
    return _result(None, number)


def _play(venue: Venue, stream: Stream, now_ns: int) -> None:
    if stream.symbol:
        venue.stage.ensure(stream.symbol, now_ns)
    venue.stage.streams.watch(stream, now_ns)


def _result(result: Any, number: int | str) -> bytes:
    return orjson.dumps({"result": result, "id": number})


def _error(code: int, text: str) -> bytes:
    return orjson.dumps({"code": code, "msg": text})


def _json_fault(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"expected value at line {error.lineno} column {error.colno}"
    return "expected value at line 1 column 1"
