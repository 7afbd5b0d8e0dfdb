from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lib.venue.book import Book
from lib.venue.market import Levels, Quote
from tests.lib.venue.trader import d


def quote(bid: str, ask: str, size: str = "5") -> Quote:
    return Quote("X", d(bid), d(size), d(ask), d(size), 1, 0)


def levels(bids: list[tuple[str, str]], asks: list[tuple[str, str]], snapshot: bool) -> Levels:
    return Levels(
        "X", [(d(p), d(q)) for p, q in bids], [(d(p), d(q)) for p, q in asks], 1, 2, 0, 0, snapshot
    )


def shown(book: Book, *, is_bid: bool) -> list[str]:
    """Return one side's levels as words like 10@5: price, then quantity."""
    return [f"{price}@{qty}" for price, qty in book.levels(is_bid=is_bid)]


def test_quotes_alone_repeat_the_best_quantity_at_each_deeper_tick() -> None:
    book = Book(d("0.1"), deep_levels=2)

    book.quote(quote("10", "10.1"))

    assert shown(book, is_bid=False) == ["10.1@5", "10.2@5", "10.3@5"]
    assert shown(book, is_bid=True) == ["10@5", "9.9@5", "9.8@5"]


def test_modelled_levels_never_reach_zero() -> None:
    book = Book(d(1), deep_levels=5)

    book.quote(quote("2", "3"))

    assert [price for price, _ in book.levels(is_bid=True)] == [2, 1]


def test_a_quote_leaves_only_the_new_best_while_no_depth_is_known() -> None:
    book = Book(d("0.1"), deep_levels=0)
    book.quote(quote("10", "10.1"))

    book.quote(quote("9.9", "10"))

    assert shown(book, is_bid=True) == ["9.9@5"]
    assert shown(book, is_bid=False) == ["10@5"]


def test_a_quote_trims_known_depth_to_the_new_best() -> None:
    book = Book(d("0.1"), deep_levels=0)
    book.change(levels([("10", "1"), ("9.9", "2")], [("10.1", "1"), ("10.2", "2")], True))

    book.quote(quote("9.9", "10"))

    assert shown(book, is_bid=True) == ["9.9@5"]
    assert shown(book, is_bid=False) == ["10@5", "10.1@1", "10.2@2"]


def test_quantity_zero_deletes_and_an_unknown_level_may_be_deleted() -> None:
    book = Book(d("0.1"), deep_levels=0)
    book.change(levels([("10", "1")], [("10.1", "1")], True))

    book.change(levels([("10", "0"), ("9", "0")], [], False))

    assert shown(book, is_bid=True) == []
    assert book.middle() is None


def test_newer_levels_push_crossed_ones_out() -> None:
    book = Book(d("0.1"), deep_levels=0)
    book.change(levels([("10", "1")], [("10.1", "1"), ("10.2", "1")], True))

    book.change(levels([("10.1", "3")], [], False))

    assert book.asks.best == d("10.2")
    assert book.bids.best == d("10.1")


def test_what_the_feed_does_not_reach_is_unknown_and_expected_like_the_last_level() -> None:
    book = Book(d("0.1"), deep_levels=0)
    book.change(levels([("10", "1"), ("9.8", "7")], [("10.1", "1")], True))

    assert book.displayed(is_bid=True, price=d("9.9")) == 0
    assert book.displayed(is_bid=True, price=d("9.7")) is None
    assert book.expected(is_bid=True, price=d("9.7")) == 7
    assert Book(d(1), 0).expected(is_bid=True, price=d(1)) == 0


PRICES = st.integers(1, 30).map(Decimal)
CHANGES = st.lists(st.tuples(st.booleans(), PRICES, st.integers(0, 5).map(Decimal)), max_size=40)


@given(CHANGES)
def test_a_book_is_sorted_and_never_crossed(changes: list[tuple[bool, Decimal, Decimal]]) -> None:
    book = Book(d(1), deep_levels=0)

    for is_bid, price, qty in changes:
        side = [(price, qty)]
        book.change(Levels("X", side if is_bid else [], [] if is_bid else side, 1, 1, 0, 0))

        bids = [price for price, _ in book.levels(is_bid=True)]
        asks = [price for price, _ in book.levels(is_bid=False)]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert not (bids and asks and bids[0] >= asks[0])
