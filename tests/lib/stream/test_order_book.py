from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lib.stream.order_book import BookState, Diff, OrderBook, WireLevel

SNAPSHOT_BIDS = [["100", "1"], ["99", "2"]]
SNAPSHOT_ASKS = [["101", "1"], ["102", "3"]]


def diff(
    first_id: int,
    last_id: int,
    previous_id: int,
    bids: list[WireLevel] | None = None,
    asks: list[WireLevel] | None = None,
) -> Diff:
    return Diff("BTCUSDT", first_id, last_id, previous_id, bids or [], asks or [], last_id, 0)


def synced() -> OrderBook:
    book = OrderBook("BTCUSDT")
    book.apply(diff(8, 11, 7))
    assert book.load(10, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    return book


def test_book_without_snapshot_wants_one() -> None:
    book = OrderBook("BTCUSDT")

    assert book.needs_snapshot
    assert not book.apply(diff(1, 2, 0))
    assert book.has_diffs


def test_snapshot_that_no_diff_bridges_yet_is_not_valid() -> None:
    book = OrderBook("BTCUSDT")

    assert not book.load(10, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    assert book.state is BookState.SNAPSHOT
    assert book.apply(diff(10, 12, 9, bids=[["100", "5"]]))
    assert book.bids(1) == [(Decimal(100), Decimal(5))]


def test_diffs_before_the_snapshot_are_dropped() -> None:
    book = OrderBook("BTCUSDT")
    book.apply(diff(1, 5, 0, bids=[["98", "9"]]))
    book.apply(diff(8, 11, 5, bids=[["99", "0"]]))

    assert book.load(10, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    assert book.bids() == [(Decimal(100), Decimal(1))]


def test_snapshot_older_than_the_diffs_is_refused() -> None:
    book = OrderBook("BTCUSDT")
    book.apply(diff(20, 25, 18))

    assert not book.load(10, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    assert book.needs_snapshot
    assert book.load(22, SNAPSHOT_BIDS, SNAPSHOT_ASKS)


def test_zero_deletes_and_deleting_the_unknown_is_normal() -> None:
    book = synced()

    assert book.apply(diff(12, 13, 11, asks=[["101", "0.000"], ["555", "0"]]))
    assert book.asks() == [(Decimal(102), Decimal(3))]


def test_repeated_diff_changes_nothing() -> None:
    book = synced()
    book.apply(diff(12, 13, 11, bids=[["100", "7"]]))

    assert not book.apply(diff(12, 13, 11, bids=[["100", "1"]]))
    assert book.state is BookState.SYNCED
    assert book.bids(1) == [(Decimal(100), Decimal(7))]


def test_lost_diff_breaks_the_book_and_one_snapshot_heals_it() -> None:
    book = synced()

    assert not book.apply(diff(16, 18, 15, bids=[["100", "4"]]))
    assert book.needs_snapshot
    assert book.breaks == 1
    assert book.load(17, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    assert book.bids(1) == [(Decimal(100), Decimal(4))]
    assert book.breaks == 1


def test_diff_lost_while_waiting_for_the_snapshot_shows() -> None:
    book = OrderBook("BTCUSDT")
    book.apply(diff(8, 11, 7))
    book.apply(diff(16, 18, 15))

    assert not book.load(10, SNAPSHOT_BIDS, SNAPSHOT_ASKS)
    assert book.needs_snapshot
    assert book.load(17, SNAPSHOT_BIDS, SNAPSHOT_ASKS)


def test_crossed_book_is_thrown_away() -> None:
    book = synced()

    assert not book.apply(diff(12, 13, 11, bids=[["101", "1"]]))
    assert book.needs_snapshot


def test_invalidated_book_wants_a_snapshot() -> None:
    book = synced()
    book.invalidate()

    assert book.needs_snapshot
    assert book.breaks == 1


changes = st.lists(
    st.tuples(st.integers(1, 50), st.integers(0, 3)).map(lambda pair: [str(pair[0]), str(pair[1])]),
    max_size=8,
)


@given(st.lists(changes, max_size=20))
def test_sides_equal_a_plain_dictionary(events: list[list[WireLevel]]) -> None:
    book = synced()
    expected = {Decimal(99): Decimal(2), Decimal(100): Decimal(1)}

    for number, bids in enumerate(events):
        book.apply(diff(12 + number, 12 + number, 11 + number, bids=bids))
        for price, qty in bids:
            expected[Decimal(price)] = Decimal(qty)

    assert book.bids() == sorted(((p, q) for p, q in expected.items() if q), reverse=True)
    assert book.bids(3) == book.bids()[:3]
    assert book.asks(1) == [(Decimal(101), Decimal(1))]
