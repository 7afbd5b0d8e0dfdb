"""What a subscriber makes of the numbers it sees."""

from hypothesis import given
from hypothesis import strategies as st

from lib.bus.protocol import Header
from lib.bus.sequence import Order, Sequences

TOPIC = b"order.quoter:BTCUSDT."


def see(sequences: Sequences, life: int, number: int, *, quiet: bool = False) -> Order:
    return sequences.see(TOPIC, Header(life, number, 0), quiet=quiet)


def test_consecutive_messages_are_next() -> None:
    sequences = Sequences()

    assert [see(sequences, 1, number) for number in (4, 5, 6)] == [
        Order.FIRST,
        Order.NEXT,
        Order.NEXT,
    ]
    assert (sequences.gaps, sequences.lost) == (0, 0)


def test_a_jump_is_one_gap_of_all_that_is_missing() -> None:
    sequences = Sequences()
    see(sequences, 1, 1)

    assert see(sequences, 1, 5) is Order.GAP
    assert see(sequences, 1, 6) is Order.NEXT
    assert (sequences.gaps, sequences.lost) == (1, 3)


def test_what_was_seen_before_is_a_repeat() -> None:
    sequences = Sequences()
    see(sequences, 1, 5)

    assert see(sequences, 1, 5) is Order.REPEAT
    assert see(sequences, 1, 4) is Order.REPEAT


def test_a_quiet_repeat_of_the_current_sequence_is_normal() -> None:
    sequences = Sequences()
    see(sequences, 1, 5)

    assert see(sequences, 1, 5, quiet=True) is Order.REPEAT
    assert sequences.gaps == 0


def test_a_quiet_repeat_shows_that_the_last_message_was_lost() -> None:
    sequences = Sequences()
    see(sequences, 1, 5)

    assert see(sequences, 1, 6, quiet=True) is Order.GAP
    assert sequences.lost == 1
    assert see(sequences, 1, 7) is Order.NEXT


def test_a_new_life_is_reborn_and_the_old_one_over() -> None:
    sequences = Sequences()
    see(sequences, 1, 900)

    assert see(sequences, 2, 1) is Order.REBORN
    assert see(sequences, 1, 901) is Order.REPEAT
    assert see(sequences, 2, 2) is Order.NEXT


def test_topics_are_followed_apart() -> None:
    sequences = Sequences()
    see(sequences, 1, 1)

    assert sequences.see(b"account.BTCUSDT.", Header(1, 7, 0)) is Order.FIRST
    assert see(sequences, 1, 2) is Order.NEXT


def test_a_snapshot_sets_where_to_continue() -> None:
    sequences = Sequences()
    sequences.start_at(TOPIC, 3, 10)

    assert see(sequences, 3, 10) is Order.REPEAT
    assert see(sequences, 3, 11) is Order.NEXT
    assert see(sequences, 2, 99) is Order.REPEAT


@given(st.sets(st.integers(1, 60), min_size=2))
def test_lost_and_seen_add_up(arriving: set[int]) -> None:
    sequences = Sequences()

    for number in sorted(arriving):
        see(sequences, 1, number)

    assert sequences.lost == max(arriving) - min(arriving) + 1 - len(arriving)
