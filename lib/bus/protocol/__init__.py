"""The whole wire: every message that crosses a process, its topic, its frames.

Rules of this package: no socket, no clock, nothing but the `msgpack` package. Nothing else in the
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

from lib.bus.protocol.frames import (
    HEADER,
    VERSION,
    Header,
    decode,
    encode,
    encode_quiet,
    incarnation,
    split_incarnation,
    topic,
    topic_of,
)
from lib.bus.protocol.messages import (
    KIND_OF,
    KINDS,
    Account,
    Ask,
    Balance,
    Book,
    Candle,
    Command,
    Depth,
    Health,
    Heartbeat,
    Mark,
    Message,
    OrderUpdate,
    Report,
    Roster,
    Trade,
)
from lib.bus.protocol.requests import (
    Method,
    OrderIntent,
    ReplyStatus,
    Request,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
)

__all__ = [
    "Account",
    "Ask",
    "Balance",
    "Book",
    "Candle",
    "Command",
    "Depth",
    "HEADER",
    "Header",
    "Health",
    "Heartbeat",
    "KINDS",
    "KIND_OF",
    "Mark",
    "Message",
    "Method",
    "OrderIntent",
    "OrderUpdate",
    "ReplyStatus",
    "Report",
    "Request",
    "Roster",
    "Trade",
    "VERSION",
    "decode",
    "decode_reply",
    "decode_request",
    "encode",
    "encode_quiet",
    "encode_reply",
    "encode_request",
    "incarnation",
    "split_incarnation",
    "topic",
    "topic_of",
]
