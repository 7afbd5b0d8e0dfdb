from typing import Any

import pytest

from lib.bus.protocol import (
    Account,
    Header,
    Health,
    Message,
    Method,
    OrderIntent,
    Request,
    encode_reply,
    topic_of,
)
from lib.constants import NS_PER_SECOND
from lib.exchange.bus_desk import Desk
from lib.exchange.bus_orders import to_update
from lib.exchange.bus_pulse import LEASE_EVERY_NS
from lib.models import Update
from tests.lib.exchange.fake_worker import (
    LIFE,
    OWNER,
    PROJECT,
    fill,
    hello_values,
    order,
    position,
    snapshot,
)


class Wire:
    """Takes what the desk sends, and answers as an exchange worker would."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Request]] = []
        self.leases: list[Request] = []
        self.is_there = True
        self.desk = Desk(PROJECT, OWNER, LIFE, self.send, 0)
        self.now_ns = 0
        self.sequence = 0

    def send(self, request_id: bytes, request: Request) -> bool:
        if self.is_there and request.method == Method.LEASE:
            self.leases.append(request)
        elif self.is_there:
            self.sent.append((request_id, request))
        return self.is_there

    def requests(self, method: str) -> list[list[Any]]:
        return [request.args for _, request in self.sent if request.method == method]

    def reply(self, status: str, *values: Any) -> None:
        request_id, _ = self.sent[-1]
        self.desk.on_reply(request_id, encode_reply(status, *values), self.now_ns)

    def publish(self, message: Message, life: int = 1) -> None:
        self.sequence += 1
        header = Header(life, self.sequence, 0)
        self.desk.on_account(topic_of(message), header, message, self.now_ns)

    def tick(self, seconds: float = 0.0) -> None:
        self.now_ns += round(seconds * NS_PER_SECOND)
        self.desk.tick(self.now_ns)

    def told(self) -> list[Any]:
        """Return and forget what the bot is told, statuses of orders in short."""
        events = [
            (event.id, event.status.value) if isinstance(event, Update) else event
            for event in self.desk.events
        ]
        self.desk.events.clear()
        return events

    def post(self, *ids: str, reduce_only: bool = False) -> bytes:
        updates = [to_update(order(key, "PENDING", reduce_only=reduce_only)) for key in ids]
        intents = [
            OrderIntent(key, "BTCUSDT", "BUY", "0.01", "50000", False, False, reduce_only, "", 0)
            for key in ids
        ]
        return self.desk.post(updates, intents, self.now_ns)


def snapshot_values(sequence: int = 0, life: int = 1, **parts: Any) -> list[Any]:
    answer = snapshot(life, sequence, **parts)
    return hello_values(answer)[2:]


@pytest.fixture
def wire() -> Wire:
    """A desk whose account is synchronised."""
    wire = Wire()
    wire.tick()
    wire.reply("ok", *hello_values())
    wire.told()
    return wire


def test_the_first_tick_says_hello_and_the_answer_tells_position_and_open_orders() -> None:
    wire = Wire()
    wire.tick()
    answer = snapshot(orders=[order("old")], at=position("0.5", "49000"))
    wire.reply("ok", *hello_values(answer))

    assert wire.told() == [position("0.5", "49000"), ("old", "NEW")]
    assert wire.desk.rules is not None
    assert wire.desk.synced


def test_hello_is_repeated_while_nobody_answers() -> None:
    wire = Wire()
    wire.is_there = False
    wire.tick()
    assert wire.sent == []
    wire.is_there = True
    wire.tick(0.05)
    wire.reply("unavailable", 0, "starting")
    wire.tick(0.1)
    wire.tick(1.2)
    wire.tick(0.1)

    assert len(wire.requests("hello")) == 3


def test_new_ids_stay_above_those_of_former_lives() -> None:
    wire = Wire()
    wire.tick()
    highest = f"{wire.desk.ids.prefix}-20991231.235959.000000"
    wire.reply("ok", *hello_values(highest_id=highest))

    assert wire.desk.ids.next(1) > highest


def test_an_order_is_posted_with_its_intent_and_followed_by_the_channel(wire: Wire) -> None:
    wire.post("a")
    wire.reply("ok", ["ok", 0, ""])
    wire.publish(order("a"))
    wire.publish(fill("a", 1, "0.01", "FILLED"))

    assert wire.requests("post")[0][0][0][:3] == ["a", "BTCUSDT", "BUY"]
    assert wire.told() == [("a", "NEW"), ("a", "FILLED")]
    assert wire.desk.orders.open_ids() == []


def test_a_post_that_nobody_takes_was_not_sent(wire: Wire) -> None:
    wire.is_there = False
    wire.post("a", "b")

    assert wire.told() == [("a", "NOT_SENT"), ("b", "NOT_SENT")]


@pytest.mark.parametrize(
    ("values", "status"),
    [
        (["ok", ["rejected", -2019, "margin"]], "REJECTED"),
        (["fenced"], "NOT_SENT"),
        (["expired"], "NOT_SENT"),
        (["unknown"], "UNKNOWN"),
    ],
)
def test_a_reply_concludes(wire: Wire, values: list[Any], status: str) -> None:
    wire.post("a")
    wire.reply(*values)

    assert wire.told() == [("a", status)]


def test_a_rejection_that_comes_both_ways_is_told_once(wire: Wire) -> None:
    wire.post("a")
    wire.publish(order("a", "REJECTED", reason="margin"))
    wire.reply("ok", ["rejected", -2019, "margin"])

    assert wire.told() == [("a", "REJECTED")]
    assert wire.desk.codes == {"a": -2019}


def test_a_post_without_reply_is_unknown_then_asked_for_by_snapshot(wire: Wire) -> None:
    wire.post("a")
    wire.tick(3.1)

    assert wire.told()[0] == ("a", "UNKNOWN")
    assert wire.requests("snapshot") == [[[1, 0], ["a"], [0, 0]]]
    wire.reply("ok", *snapshot_values(missed=[order("a", "NOT_PLACED")]))
    assert ("a", "NOT_PLACED") in wire.told()


def test_a_late_reply_still_counts(wire: Wire) -> None:
    request_id = wire.post("a")
    wire.tick(3.1)
    wire.told()
    wire.desk.on_reply(request_id, encode_reply("expired"), wire.now_ns)

    assert wire.told() == [("a", "NOT_SENT")]


def test_a_reply_that_does_not_decode_leaves_the_order_unknown(wire: Wire) -> None:
    request_id = wire.post("a")
    wire.desk.on_reply(request_id, b"\xc1", wire.now_ns)

    assert wire.told() == [("a", "UNKNOWN")]
    assert wire.desk.bad_messages == 1


def test_after_a_gap_the_missed_fills_come_from_the_snapshot_each_once(wire: Wire) -> None:
    wire.post("a")
    wire.publish(order("a"))
    wire.told()
    first, second = fill("a", 1, "0.001", "PARTIALLY_FILLED"), fill("a", 2, "0.01", "FILLED")
    wire.sequence += 1
    wire.publish(second)
    assert wire.told() == []
    wire.tick()
    assert wire.requests("snapshot") == [[[1, 1], ["a"], [0, 0]]]
    wire.reply("ok", *snapshot_values(3, missed=[first, second]))

    assert [event for event in wire.told() if isinstance(event, tuple)] == [
        ("a", "PARTIALLY_FILLED"),
        ("a", "FILLED"),
    ]


def test_a_reborn_exchange_worker_is_asked_and_told_the_standing_cancels(wire: Wire) -> None:
    wire.post("a")
    wire.publish(order("a"))
    wire.desk.cancel(["a"], wire.now_ns)
    wire.sequence = 0
    wire.publish(order("a"), life=2)
    wire.tick()
    assert wire.sent[-1][1].method == "snapshot"
    wire.reply("ok", *snapshot_values(1, life=2, orders=[order("a")]))
    wire.tick()

    assert wire.requests("cancel") == [[["a"]], [["a"]]]


def test_a_cancel_is_repeated_until_the_order_is_final(wire: Wire) -> None:
    wire.post("a")
    wire.publish(order("a"))
    wire.desk.cancel(["a"], wire.now_ns)
    wire.reply("ok", 1)
    for _ in range(4):
        wire.tick(0.6)
    repeats = len(wire.requests("cancel"))
    wire.publish(order("a", "CANCELED"))
    wire.tick(60)

    assert repeats >= 2
    assert len(wire.requests("cancel")) == repeats
    assert len(wire.desk.wishes) == 0


def test_cancelling_all_names_nothing_once_and_then_what_is_left(wire: Wire) -> None:
    wire.post("a", "b")
    wire.desk.cancel(None, wire.now_ns)
    wire.publish(order("a", "CANCELED"))
    wire.tick(0.6)

    assert wire.requests("cancel") == [[[]], [["b"]]]


def test_an_unknown_id_is_passed_on_once_and_a_final_one_not_at_all(wire: Wire) -> None:
    wire.publish(order("old", "CANCELED"))
    wire.desk.cancel(["foreign", "old"], wire.now_ns)
    wire.tick(0.6)

    assert wire.requests("cancel") == [[["foreign"]]]


def test_a_cancel_reaches_an_exchange_worker_that_comes_back(wire: Wire) -> None:
    wire.post("a")
    wire.is_there = False
    wire.desk.cancel(["a"], wire.now_ns)
    wire.is_there = True
    wire.tick(0.05)

    assert wire.requests("cancel") == [[["a"]]]


def test_once_the_supervisor_is_gone_only_reduce_only_orders_leave(wire: Wire) -> None:
    wire.desk.line.closed = "the supervisor is gone"
    wire.post("a")
    wire.post("b", reduce_only=True)

    assert wire.told() == [("a", "NOT_SENT")]
    assert [args[0][0][0] for args in wire.requests("post")] == ["b"]


def test_the_position_is_told_at_every_change_only(wire: Wire) -> None:
    for qty in ("0.1", "0.1", "0.2"):
        wire.publish(position(qty, "50000"))
    wire.publish(Account("ETHUSDT", "1", "1", "BINANCE.FUTURES", 1))

    assert [event.qty for event in wire.told()] == ["0.1", "0.2"]


def test_going_online_and_offline_is_told_once_each(wire: Wire) -> None:
    wire.desk.line.book_ns = 1
    wire.tick()
    wire.tick()
    wire.desk.on_account(
        b"health.exchange.",
        Header(1, 1, 0),
        Health("exchange", False, "banned"),
        wire.now_ns,
    )
    wire.desk.on_account(  # repeated, since a message may be lost
        b"health.exchange.",
        Header(1, 2, 0),
        Health("exchange", False, "banned"),
        wire.now_ns,
    )
    wire.tick()

    told = wire.told()
    assert [(one.component, one.healthy) for one in told] == [
        ("online", True),
        ("exchange", False),
        ("online", False),
    ]
    assert told[-1].reason == "banned"


def test_a_question_is_answered_or_not(wire: Wire) -> None:
    answered = wire.desk.ask("book", [], wire.now_ns, 1.0)
    wire.reply("ok", "1", "2")
    refused = wire.desk.ask("book", [], wire.now_ns, 1.0)
    wire.reply("unavailable")
    wire.is_there = False

    assert answered is not None
    assert refused is not None
    assert wire.desk.answers == {answered: ["1", "2"]}
    assert not wire.desk.is_waiting(refused)
    assert wire.desk.ask("book", [], wire.now_ns, 1.0) is None


def test_messages_of_another_shape_are_counted_and_dropped(wire: Wire) -> None:
    wire.publish(order("a", status="LOST"))
    wire.tick(1)
    wire.desk.on_reply(b"999", b"", 0)

    assert wire.desk.bad_messages == 1


def test_a_snapshot_of_another_shape_is_asked_for_again() -> None:
    wire = Wire()
    wire.tick()
    wire.reply("ok", "nonsense", "x")
    wire.tick(0.1)

    assert len(wire.requests("hello")) == 2
    assert wire.desk.rules is None


def test_the_desk_tells_when_it_must_be_ticked_next(wire: Wire) -> None:
    assert wire.desk.deadline() == LEASE_EVERY_NS
    wire.desk.pulse.tick(9 * NS_PER_SECOND)
    wire.post("a")
    assert wire.desk.deadline() == 3 * NS_PER_SECOND
    wire.desk.cancel(["a"], wire.now_ns)
    assert wire.desk.deadline() == NS_PER_SECOND // 2
