from lib.bus.protocol import Header, Message
from lib.exchange.bus_sync import Sync
from tests.lib.exchange.fake_worker import ACCOUNT_TOPIC, ORDER_TOPIC, order

EXACT = frozenset({ORDER_TOPIC, ACCOUNT_TOPIC})


def synced(life: int = 1, sequence: int = 5) -> Sync:
    sync = Sync(ORDER_TOPIC, EXACT)
    sync.answered({ORDER_TOPIC: (life, sequence)})
    return sync


def receive(sync: Sync, sequence: int, message: Message | None = None, life: int = 1) -> bool:
    return sync.receive(ORDER_TOPIC, Header(life, sequence, 0), message, 0)


def test_what_comes_before_the_first_answer_is_held_back_and_continued_from() -> None:
    sync = Sync(ORDER_TOPIC, EXACT)
    assert sync.is_due(0)
    for sequence in (4, 5, 6):
        assert not receive(sync, sequence, order(f"order {sequence}"))

    held = sync.answered({ORDER_TOPIC: (1, 5)})

    handed_on = [
        message for name, header, message in held if sync.receive(name, header, message, 0)
    ]
    assert [message.id for message in handed_on if message] == ["order 6"]  # type: ignore[union-attr]
    assert sync.synced
    assert sync.seen == (1, 6)


def test_messages_in_sequence_are_handed_on_and_repeats_dropped() -> None:
    sync = synced()

    assert receive(sync, 6, order())
    assert not receive(sync, 6, order())
    assert not receive(sync, 6)
    assert sync.synced


def test_a_gap_asks_for_a_snapshot_from_before_it() -> None:
    sync = synced()

    assert not receive(sync, 8, order())

    assert not sync.synced
    assert sync.is_due(0)
    assert sync.seen == (1, 5)


def test_a_lost_last_message_shows_by_the_repeated_sequence() -> None:
    sync = synced()

    assert not receive(sync, 6)

    assert not sync.synced


def test_a_reborn_publisher_asks_for_a_snapshot() -> None:
    sync = synced()

    assert not receive(sync, 1, order("new"), life=2)

    assert not sync.synced
    held = sync.answered({ORDER_TOPIC: (2, 0)})
    assert [sync.receive(name, header, message, 0) for name, header, message in held] == [True]


def test_a_former_life_is_ignored() -> None:
    sync = synced(life=2)

    assert not receive(sync, 9, order(), life=1)
    assert sync.synced


def test_a_topic_that_was_never_seen_must_begin_at_one() -> None:
    sync = synced()
    assert sync.receive(ACCOUNT_TOPIC, Header(1, 1, 0), order(), 0)

    other = synced()
    assert not other.receive(ACCOUNT_TOPIC, Header(1, 2, 0), order(), 0)
    assert not other.synced


def test_gaps_of_other_topics_do_not_matter() -> None:
    sync = synced()

    assert sync.receive(b"balance.USDT.", Header(1, 57, 0), order(), 0)
    assert sync.receive(b"balance.USDT.", Header(1, 99, 0), order(), 0)
    assert sync.synced


def test_nothing_is_asked_twice_at_once() -> None:
    sync = Sync(ORDER_TOPIC, EXACT)
    sync.asking = b"1"
    sync.want(0)

    assert not sync.is_due(10)
    sync.failed(10, 5)
    assert not sync.is_due(14)
    assert sync.is_due(15)
