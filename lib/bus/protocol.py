"""The whole wire: every message that crosses a process, its topic, its frames.

Rules of this file: no socket, no clock, nothing but the `msgpack` package. Nothing else in the
project packs or unpacks frames. Prices and quantities travel as exact decimal strings
(`lib.helpers.decimal` turns them into `Decimal`), times as integer nanoseconds, ages as integer
nanoseconds, and a payload is one MessagePack array.

PUB/SUB and PUSH/PULL: frames `[topic, payload]`, topic = `kind.KEY.` (the trailing dot matters:
ZeroMQ matches prefixes), payload = `[VERSION, incarnation, sequence, published_ns, *fields]`.
A payload without fields repeats the topic's current sequence, so that a lost last message shows.

REQ/REP: request frames `[request id, payload]`, payload =
`[VERSION, method, deadline_ns, owner, incarnation, *args]`; reply frames
`[request id, payload]`, payload = `[status, *values]`. `deadline_ns` is CLOCK_BOOTTIME.

A new field goes to the end of its class, with a default: older readers ignore it, newer readers
fill it in. Anything more bumps `VERSION`; peers of another version are counted and dropped.
"""

from typing import Any, NamedTuple

import msgpack

from lib.errors import ProtocolError

VERSION = 1
HEADER = 4
"""Fields before the message's own: version, incarnation, sequence, published_ns."""

_LIFE_BITS = 32
_pack = msgpack.Packer(use_bin_type=True).pack
_unpack = msgpack.unpackb

MAX_FRAME = 8 * 1024 * 1024
"""Bytes; a larger frame is not ours."""


def incarnation(epoch: int, life: int) -> int:
    """Join run epoch and life number into one growing integer."""
    return (epoch << _LIFE_BITS) | life


def split_incarnation(value: int) -> tuple[int, int]:
    """Return (run epoch, life) of an incarnation."""
    return value >> _LIFE_BITS, value & ((1 << _LIFE_BITS) - 1)


# --- market (stream worker -> everyone) -----------------------------------------------------------


class Book(NamedTuple):
    """Best ask and bid of one symbol; conflated by subscribers that fall behind."""

    symbol: str
    ask_price: str
    ask_qty: str
    bid_price: str
    bid_qty: str
    exchange: str
    event_ns: int
    """Exchange's own time of the event."""
    update_id: int
    """Exchange's update id: grows per symbol, the same in every replica."""
    latency_ns: int
    """Receipt in our process minus `event_ns`, corrected by the estimated clock offset."""


class Trade(NamedTuple):
    """One (aggregated) trade; `side` is the aggressor's."""

    symbol: str
    price: str
    qty: str
    side: str
    exchange: str
    event_ns: int
    update_id: int
    latency_ns: int


class Candle(NamedTuple):
    """One 1-minute candle, finished or still growing."""

    symbol: str
    open_ns: int
    """Start of the minute."""
    open: str
    high: str
    low: str
    close: str
    volume: str
    finished: bool
    exchange: str
    event_ns: int
    latency_ns: int


class Mark(NamedTuple):
    """Mark price, index price and the coming funding."""

    symbol: str
    mark_price: str
    index_price: str
    funding_rate: str
    next_funding_ns: int
    exchange: str
    event_ns: int
    latency_ns: int


class Depth(NamedTuple):
    """Top levels of the book, each `[price, qty]`, best first."""

    symbol: str
    bids: list[list[str]]
    asks: list[list[str]]
    exchange: str
    event_ns: int
    update_id: int
    latency_ns: int


# --- account (exchange worker -> bots) ------------------------------------------------------------


class OrderUpdate(NamedTuple):
    """A state of one order of `owner`, with the fill that led to it, if one did."""

    owner: str
    """`<bot name>:<SYMBOL>`."""
    symbol: str
    id: str
    """Client order id, as returned by `Post`."""
    side: str
    type: str
    status: str
    """`lib.constants.Status`."""
    price: str
    """Limit or trigger price; "0" for MARKET."""
    qty: str
    filled_qty: str
    """Cumulative, base quantity."""
    average_price: str
    reduce_only: bool
    reason: str
    """Why it was refused, cancelled or expired; empty otherwise."""
    fill_qty: str
    """Of this fill; "0" when this update carries none."""
    fill_price: str
    trade_id: int
    fee: str
    fee_asset: str
    maker: bool
    event_ns: int
    exchange_id: int
    """Exchange's order id, 0 while unknown."""
    replayed: bool = False
    """True for a fill that happened before this life of the bot."""
    fill_epoch: int = 0
    """Which journal numbered the fill; 0 without a fill."""
    fill_sequence: int = 0
    """The fill's number: 1, 2, 3, … per owner."""


class Account(NamedTuple):
    """Signed position and entry price of one symbol."""

    symbol: str
    price: str
    qty: str
    exchange: str
    event_ns: int
    unrealized: str = "0"


class Balance(NamedTuple):
    """Wallet and available balance of one margin asset."""

    asset: str
    balance: str
    available: str
    event_ns: int


# --- life cycle (supervisor -> everyone, and back) ------------------------------------------------


class Roster(NamedTuple):
    """Who lives: rows `[name, incarnation, state]`; repeated every 250 ms, sent at every change.

    A life that is not in it may not act.
    """

    run_state: str
    lives: list[list[Any]]
    halted: list[str]
    """Owners that may not add risk; "*" is everyone."""


class Command(NamedTuple):
    """An order of the supervisor to one worker."""

    worker: str
    action: str
    """`resubscribe`, `reconnect`, …; unknown ones are counted and ignored."""
    args: list[Any]


class Health(NamedTuple):
    """A component's health, for `onStatus`."""

    component: str
    """Worker name, or `channel:SYMBOL`."""
    healthy: bool
    reason: str


class Heartbeat(NamedTuple):
    """Sent by a worker from the very loop that does its work."""

    worker: str
    state: str
    """`starting`, `ready` or `stopping`."""
    lag_ns: int
    """How much later than planned the loop came round."""
    events: int
    """Data events handled in this life."""
    dropped: int
    """Events conflated or dropped in this life."""
    ages: dict[str, dict[str, int]]
    """Channel -> symbol -> age of the newest *new* data."""
    links: dict[str, int]
    """Connection -> age of the newest message of any kind."""
    counts: dict[str, int]
    """Channel:symbol -> new data events in this life, where it matters."""
    note: str
    """One line for a human: what this worker is doing."""


class Ask(NamedTuple):
    """A worker asks for a restart: of itself, or of another."""

    worker: str
    target: str
    """Worker name or kind; empty = the asking worker."""
    reason: str


class Report(NamedTuple):
    """A worker tells the supervisor a fact outside the beat."""

    worker: str
    kind: str
    """`endpoints` (venue), `refused` (bad config at start), `kept` (orders left on purpose)…"""
    facts: dict[str, Any]


Message = (
    Book
    | Trade
    | Candle
    | Mark
    | Depth
    | OrderUpdate
    | Account
    | Balance
    | Roster
    | Command
    | Health
    | Heartbeat
    | Ask
    | Report
)

KINDS: dict[str, type[Message]] = {
    "book": Book,
    "trade": Trade,
    "candle": Candle,
    "mark": Mark,
    "depth": Depth,
    "order": OrderUpdate,
    "account": Account,
    "balance": Balance,
    "roster": Roster,
    "command": Command,
    "health": Health,
    "beat": Heartbeat,
    "ask": Ask,
    "report": Report,
}
KIND_OF: dict[type[Message], str] = {message: kind for kind, message in KINDS.items()}
_SHAPES: dict[bytes, tuple[type[Message], int, int]] = {
    kind.encode(): (
        message,
        len(message._fields) - len(message._field_defaults),
        len(message._fields),
    )
    for kind, message in KINDS.items()
}
"""Kind -> class, fields that must be there, fields that we know."""


def topic(kind: str, key: str = "all") -> bytes:
    """Return the topic of one kind and key, with its trailing dot."""
    return f"{kind}.{key}.".encode()


def topic_of(message: Message) -> bytes:
    """Return the topic that a message is published under: its kind and its first field."""
    kind = KIND_OF[type(message)]
    return topic(kind) if isinstance(message, Roster) else topic(kind, message[0])


class Header(NamedTuple):
    """What precedes the fields of every published message."""

    incarnation: int
    sequence: int
    published_ns: int


def encode(message: Message, incarnation: int, sequence: int, published_ns: int) -> bytes:
    """Return the payload of a published message."""
    return _pack([VERSION, incarnation, sequence, published_ns, *message])  # type: ignore[no-any-return]


def encode_quiet(incarnation: int, sequence: int, published_ns: int) -> bytes:
    """Return the payload that repeats a topic's current sequence."""
    return _pack([VERSION, incarnation, sequence, published_ns])  # type: ignore[no-any-return]


def decode(topic: bytes, payload: bytes) -> tuple[Header, Message | None]:
    """Return header and message of a published frame pair; None for a repeated sequence.

    Raises:
        ProtocolError: Not an array of ours, another schema version, an unknown kind, or too few
            fields.
    """
    values = _values(payload)
    if len(values) < HEADER or values[0] != VERSION:
        raise ProtocolError(f"schema version {values[0] if values else None!r}, not {VERSION}")
    _, incarnation, sequence, published_ns, *fields = values
    if not (type(incarnation) is int and type(sequence) is int and type(published_ns) is int):
        raise ProtocolError("header is not made of integers")
    header = Header(incarnation, sequence, published_ns)
    if not fields:
        return header, None
    kind = topic.partition(b".")[0]
    shape = _SHAPES.get(kind)
    if shape is None:
        raise ProtocolError(f"unknown kind {kind.decode('ascii', 'replace')!r}")
    message, required, known = shape
    if len(fields) < required:
        raise ProtocolError(f"{kind.decode()} has {len(fields)} fields, not {required}")
    return header, message(*fields[:known])


# --- requests (bots -> exchange worker) -----------------------------------------------------------


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
    return _pack([VERSION, method, deadline_ns, owner, incarnation, *args])  # type: ignore[no-any-return]


def decode_request(payload: bytes) -> Request:
    """Return a request from its payload frame.

    Raises:
        ProtocolError: Not a request of this version.
    """
    values = _values(payload)
    if len(values) < 5 or values[0] != VERSION:
        raise ProtocolError(f"schema version {values[0] if values else None!r}, not {VERSION}")
    _, method, deadline_ns, owner, incarnation, *args = values
    shape = (type(method), type(deadline_ns), type(owner), type(incarnation))
    if shape != (str, int, str, int):
        raise ProtocolError("request header is not [method, deadline_ns, owner, incarnation]")
    return Request(method, deadline_ns, owner, incarnation, args)


def encode_reply(status: str, *values: Any) -> bytes:
    """Return the payload frame of a reply."""
    return _pack([status, *values])  # type: ignore[no-any-return]


def decode_reply(payload: bytes) -> tuple[str, list[Any]]:
    """Return (status, values) of a reply.

    Raises:
        ProtocolError: Not a reply.
    """
    values = _values(payload)
    if not values or not isinstance(values[0], str):
        raise ProtocolError("reply does not start with a status")
    return values[0], values[1:]


def _values(payload: bytes) -> list[Any]:
    if len(payload) > MAX_FRAME:
        raise ProtocolError(f"frame of {len(payload)} bytes")
    try:
        values = _unpack(payload, use_list=True, raw=False, strict_map_key=False)
    except Exception as error:  # msgpack raises many kinds on hostile input
        raise ProtocolError(f"frame does not decode: {type(error).__name__}") from error
    if not isinstance(values, list):
        raise ProtocolError("payload is not an array")
    return values
