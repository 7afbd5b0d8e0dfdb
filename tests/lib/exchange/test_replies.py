from decimal import Decimal
from typing import Any

import msgpack
import pytest

from lib.bus.protocol import Account, Balance, OrderIntent, OrderUpdate
from lib.errors import ProtocolError
from lib.exchange import replies
from lib.models import Rules

RULES = Rules(
    "BTCUSDT",
    *(Decimal(text) for text in ("0.1", "0.001", "0.001", "1000", "120", "50", "556.8", "4529764")),
    "USDT",
)
UPDATE = OrderUpdate(
    "quoter:BTCUSDT",
    *("BTCUSDT", "id", "BUY", "LIMIT", "NEW", "1", "2", "0", "0"),
    False,
    *("", "0", "0", 0, "0", "", False, 5, 6),
)
SNAPSHOT = replies.Snapshot(
    Account("BTCUSDT", "1", "-2", "X", 3, "4"),
    [UPDATE],
    [UPDATE._replace(trade_id=9)],
    Balance("USDT", "1", "1", 2),
    {b"order.quoter:BTCUSDT.": (5 << 32, 7)},
    online=False,
    reason="why",
)


def over_the_wire(values: list[Any]) -> list[Any]:
    return list(msgpack.unpackb(msgpack.packb(values)))


def test_hello_comes_back() -> None:
    hello = replies.Hello(RULES, "highest", SNAPSHOT)
    assert replies.unpack_hello(over_the_wire(replies.pack_hello(hello))) == hello


def test_snapshot_without_balance_comes_back() -> None:
    snapshot = SNAPSHOT._replace(balance=None)
    assert replies.unpack_snapshot(over_the_wire(replies.pack_snapshot(snapshot))) == snapshot


def test_orders_and_outcomes_come_back() -> None:
    intent = OrderIntent("id", "BTCUSDT", "BUY", "1", "", False, False, True, "tag", 7)
    assert replies.unpack_intents(over_the_wire(replies.pack_intents([intent]))) == [intent]
    outcome = replies.Outcome("rejected", -2019, "Margin is insufficient.")
    assert replies.unpack_outcomes(over_the_wire(replies.pack_outcomes([outcome]))) == [outcome]


def test_cursor_comes_back_and_may_be_missing() -> None:
    cursor = replies.Cursor((5, 6), ["a", "b"])
    assert replies.unpack_cursor(over_the_wire(replies.pack_cursor(cursor))) == cursor
    assert replies.unpack_cursor([]) == replies.Cursor((0, 0), [])


@pytest.mark.parametrize(
    ("unpack", "values"),
    [
        (replies.unpack_cursor, [7]),
        (replies.unpack_cursor, [["a", "b"], []]),
        (replies.unpack_cursor, [[1, 2], 3]),
        (replies.unpack_rules, ["BTCUSDT", "x"]),
        (replies.unpack_rules, ["BTCUSDT", *"abcdefgh", "USDT"]),
        (replies.unpack_snapshot, []),
        (replies.unpack_snapshot, [[], [], [], None, {}, True, ""]),
        (replies.unpack_hello, [1]),
        (replies.unpack_intents, []),
        (replies.unpack_intents, [[[1]]]),
        (replies.unpack_intents, [[[1, 2, 3, 4, 5, False, False, False, "", 0]]]),
        (replies.unpack_intents, [[["1", "2", "3", "4", "5", False, False, "no", "", 0]]]),
        (replies.unpack_intents, [[["1", "2", "3", "4", "5", False, False, False, "", "0"]]]),
        (replies.unpack_outcomes, [[1]]),
    ],
)
def test_other_shapes_are_protocol_errors(unpack: Any, values: list[Any]) -> None:
    with pytest.raises(ProtocolError):
        unpack(values)
