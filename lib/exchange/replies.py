"""Shapes of requests' arguments and replies between bots and the exchange worker (pure).

Both sides pack and unpack with these functions, so that the shapes stand in one place. `values` is
what follows the status in a reply frame (`lib.bus.protocol.decode_reply`); a request's `args` is
what follows its header. Numbers are decimal strings, times integer ns.

| method      | args                               | values when the status is `ok`               |
| ----------- | ---------------------------------- | -------------------------------------------- |
| `hello`     | [[incarnation, sequence], [id, …], | [rules, highest id, *snapshot]               |
|             | [epoch, number]]                   |                                              |
| `snapshot`  | as `hello`                         | snapshot                                     |
| `ack`       | [epoch, number of a fill]          | []                                           |
| `lease`     | [[symbol, ns], …]                  | never answered                               |
| `post`      | [[order intent, …]]                | [[status, code, message], …]                 |
| `cancel`    | [[id, …]], empty = all of owner    | [number of orders concerned]                 |
| `book`      | []                                 | [ask price, ask qty, bid price, bid qty, ns] |
| `balance`   | []                                 | fields of `Balance`                          |
| `positions` | []                                 | fields of `Account`                          |
| `candles`   | [start_ns, end_ns]                 | [[[ns, open, high, low, close, volume], …]]  |
| `bye`       | []                                 | []                                           |

A status other than `ok` concerns the whole request; then the values are [code, message], which may
be missing. With `post`, `ok` says only that the request was handled: look at each order's own
outcome.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lib.bus.protocol import Account, Balance, OrderIntent, OrderUpdate
from lib.errors import ProtocolError
from lib.helpers import decimal, plain
from lib.models import Rules

BYE = "bye"
"""Request with which a bot says that its `Clean` is over and that it sends nothing more."""

NOWHERE = (0, 0)
"""Cursor of a bot that has seen nothing yet."""


class Cursor(NamedTuple):
    """What `hello` and `snapshot` ask with."""

    seen: tuple[int, int]
    """(incarnation, sequence) of the last message seen under `order.<owner>.`."""
    open_ids: list[str]
    """Ids that the bot holds for not final: the worker finds out about those that it does not
    know, and publishes what became of them, fills included."""
    fill: tuple[int, int] = NOWHERE
    """(journal epoch, number) of the newest fill whose handler has returned."""


class Snapshot(NamedTuple):
    """All that the exchange worker knows for one owner at one instant."""

    position: Account
    """Flat = qty "0"."""
    orders: list[OrderUpdate]
    """Open orders of the owner, without fills: the state only."""
    missed: list[OrderUpdate]
    """Updates published after the asker's cursor, oldest first, fills included. After an
    incarnation that is not the present one: all of this life. To be handled as if they had come
    by the channel; a fill may repeat (same trade id)."""
    balance: Balance | None
    sequences: dict[bytes, tuple[int, int]]
    """Topic -> (incarnation, sequence) contained in this snapshot: go on from there."""
    online: bool
    reason: str
    """Why not online; empty when it is."""


class Hello(NamedTuple):
    """Answer to a bot's first request."""

    rules: Rules
    highest_id: str
    """Greatest id known of this owner, "" for none; stay above it."""
    snapshot: Snapshot


class Outcome(NamedTuple):
    """What became of one order of a `post`."""

    status: str
    """`lib.bus.protocol.ReplyStatus`: OK (the exchange has it), REJECTED, UNKNOWN (the truth
    follows by `OrderUpdate`), UNAVAILABLE or EXPIRED (not sent)."""
    code: int
    message: str


def pack_cursor(cursor: Cursor) -> list[Any]:
    """Return the args of `hello` and `snapshot`."""
    return [list(cursor.seen), cursor.open_ids, list(cursor.fill)]


def unpack_cursor(args: Sequence[Any]) -> Cursor:
    """Return the cursor of a request; missing args mean that nothing was seen.

    Raises:
        ProtocolError: Another shape.
    """
    try:
        incarnation, sequence = args[0] if args else NOWHERE
        ids = args[1] if len(args) > 1 else []
        epoch, number = args[2] if len(args) > 2 else NOWHERE
        return Cursor(
            (int(incarnation), int(sequence)),
            [str(client_id) for client_id in ids],
            (int(epoch), int(number)),
        )
    except (TypeError, ValueError) as error:
        raise ProtocolError(
            "args are not [[incarnation, sequence], [id, …], [epoch, number]]"
        ) from error


def pack_rules(rules: Rules) -> list[str]:
    """Return rules as strings, in the order of `lib.models.Rules`."""
    return [
        rules.symbol,
        plain(rules.tick),
        plain(rules.step),
        plain(rules.min_qty),
        plain(rules.max_qty),
        plain(rules.market_max_qty),
        plain(rules.min_notional),
        plain(rules.min_price),
        plain(rules.max_price),
        rules.quote_asset,
    ]


def unpack_rules(values: Sequence[str]) -> Rules:
    """Return the rules that `pack_rules` packed.

    Raises:
        ProtocolError: Another shape.
    """
    try:
        symbol, tick, step, low, high, market_high, notional, floor, ceiling, asset = values
        return Rules(
            symbol,
            decimal(tick),
            decimal(step),
            decimal(low),
            decimal(high),
            decimal(market_high),
            decimal(notional),
            decimal(floor),
            decimal(ceiling),
            asset,
        )
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ProtocolError("rules have another shape") from error


def pack_snapshot(snapshot: Snapshot) -> list[Any]:
    """Return the values of a `snapshot` reply."""
    return [
        list(snapshot.position),
        [list(order) for order in snapshot.orders],
        [list(order) for order in snapshot.missed],
        None if snapshot.balance is None else list(snapshot.balance),
        {topic.decode(): list(place) for topic, place in snapshot.sequences.items()},
        snapshot.online,
        snapshot.reason,
    ]


def unpack_snapshot(values: Sequence[Any]) -> Snapshot:
    """Return the snapshot of a reply.

    Raises:
        ProtocolError: Another shape.
    """
    try:
        position, orders, missed, balance, sequences, online, reason = values
        return Snapshot(
            Account(*position),
            [OrderUpdate(*order) for order in orders],
            [OrderUpdate(*order) for order in missed],
            None if balance is None else Balance(*balance),
            {topic.encode(): (int(at[0]), int(at[1])) for topic, at in sequences.items()},
            bool(online),
            str(reason),
        )
    except (TypeError, ValueError, AttributeError, IndexError) as error:
        raise ProtocolError("snapshot has another shape") from error


def pack_hello(hello: Hello) -> list[Any]:
    """Return the values of a `hello` reply."""
    return [pack_rules(hello.rules), hello.highest_id, *pack_snapshot(hello.snapshot)]


def unpack_hello(values: Sequence[Any]) -> Hello:
    """Return the hello of a reply.

    Raises:
        ProtocolError: Another shape.
    """
    if len(values) < 2:
        raise ProtocolError("hello has another shape")
    return Hello(unpack_rules(values[0]), str(values[1]), unpack_snapshot(values[2:]))


def pack_intents(intents: Iterable[OrderIntent]) -> list[Any]:
    """Return the args of `post`."""
    return [[list(intent) for intent in intents]]


def unpack_intents(args: Sequence[Any]) -> list[OrderIntent]:
    """Return the orders that a `post` wants placed.

    Raises:
        ProtocolError: Another shape.
    """
    try:
        (rows,) = args
        intents = [OrderIntent(*row) for row in rows]
    except (TypeError, ValueError) as error:
        raise ProtocolError("args are not a list of order intents") from error
    for intent in intents:
        if not all(isinstance(text, str) for text in (*intent[:5], intent.tag)):
            raise ProtocolError("id, symbol, side, qty, price and tag must be strings")
        if not all(isinstance(flag, bool) for flag in intent[5:8]):
            raise ProtocolError("stop, post_only and reduce_only must be booleans")
        if not isinstance(intent.market_ns, int):
            raise ProtocolError("market_ns must be an integer")
    return intents


def pack_outcomes(outcomes: Iterable[Outcome]) -> list[Any]:
    """Return the values of a `post` reply, in the order of its intents."""
    return [list(outcome) for outcome in outcomes]


def unpack_outcomes(values: Sequence[Any]) -> list[Outcome]:
    """Return the outcomes of a `post` reply, in the order of its intents.

    Raises:
        ProtocolError: Another shape.
    """
    try:
        return [Outcome(str(status), int(code), str(text)) for status, code, text in values]
    except (TypeError, ValueError) as error:
        raise ProtocolError("outcomes have another shape") from error
