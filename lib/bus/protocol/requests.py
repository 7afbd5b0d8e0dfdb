"""What bots ask of the exchange worker: requests, replies and their frames."""

from typing import Any, NamedTuple

from lib.bus.protocol.frames import VERSION, pack, unpack
from lib.errors import ProtocolError


class ReplyStatus:
    """First element of every reply."""

    OK = "ok"
    REJECTED = "rejected"
    """Refused for cause; values: code, message."""
    UNKNOWN = "unknown"
    """May have been executed; the truth follows by `OrderUpdate`."""
    EXPIRED = "expired"
    """The deadline had passed; not executed."""
    FENCED = "fenced"
    """The sender's life is over; not executed."""
    UNAVAILABLE = "unavailable"
    """The exchange cannot be reached; not executed."""
    ERROR = "error"
    """The request was not understood; values: message."""


class Method:
    """Names of the requests that the exchange worker serves."""

    HELLO = "hello"
    """-> rules, position, open orders, balance, sequences, highest id of the owner."""
    POST = "post"
    """args: list of orders (see `OrderIntent`) -> one [status, code, message] per order."""
    CANCEL = "cancel"
    """args: list of ids, empty = all of the owner -> number of orders concerned."""
    BOOK = "book"
    BALANCE = "balance"
    POSITIONS = "positions"
    CANDLES = "candles"
    """args: start_ns, end_ns -> rows [open_ns, open, high, low, close, volume]."""
    ACK = "ack"
    """args: journal epoch, number of the newest fill whose handler has returned."""
    LEASE = "lease"
    """args: rows [symbol, event_ns] of the newest market events handled; never answered."""
    SNAPSHOT = "snapshot"
    """-> position, open orders, balance, sequences."""


class OrderIntent(NamedTuple):
    """What a bot wants placed; travels as an array inside `post`."""

    id: str
    symbol: str
    side: str
    qty: str
    price: str
    """Empty for MARKET; the trigger price when `stop`."""
    stop: bool
    post_only: bool
    reduce_only: bool
    tag: str
    market_ns: int
    """`event_ns` of the newest market event that the bot had handled."""


class Request(NamedTuple):
    """A request as the server sees it."""

    method: str
    deadline_ns: int
    owner: str
    incarnation: int
    args: list[Any]


def encode_request(request: Request) -> bytes:
    """Return the payload frame of a request."""
    method, deadline_ns, owner, incarnation, args = request
    return pack([VERSION, method, deadline_ns, owner, incarnation, *args])  # type: ignore[no-any-return]


def decode_request(payload: bytes) -> Request:
    """Return a request from its payload frame.

    Raises:
        ProtocolError: Not a request of this version.
    """
    values = unpack(payload)
    if len(values) < 5 or values[0] != VERSION:
        raise ProtocolError(f"schema version {values[0] if values else None!r}, not {VERSION}")
    _, method, deadline_ns, owner, incarnation, *args = values
    shape = (type(method), type(deadline_ns), type(owner), type(incarnation))
    if shape != (str, int, str, int):
        raise ProtocolError("request header is not [method, deadline_ns, owner, incarnation]")
    return Request(method, deadline_ns, owner, incarnation, args)


def encode_reply(status: str, *values: Any) -> bytes:
    """Return the payload frame of a reply."""
    return pack([status, *values])  # type: ignore[no-any-return]


def decode_reply(payload: bytes) -> tuple[str, list[Any]]:
    """Return (status, values) of a reply.

    Raises:
        ProtocolError: Not a reply.
    """
    values = unpack(payload)
    if not values or not isinstance(values[0], str):
        raise ProtocolError("reply does not start with a status")
    return values[0], values[1:]
