from lib.bus.protocol import Depth
from lib.stream.binance.depth_books import RETRY_NS, DepthBooks
from lib.stream.order_book import Diff

BIDS = [["100.10", "1.0"], ["100.00", "2.0"]]
ASKS = [["100.20", "1.0"], ["100.30", "3.0"]]


def diff(first_id: int, last_id: int, previous_id: int) -> Diff:
    return Diff("BTCUSDT", first_id, last_id, previous_id, [["100.05", "5"]], [], 77, 3)


def test_no_snapshot_is_wanted_before_the_first_diff() -> None:
    assert DepthBooks(["BTCUSDT"], "X").wanting(0) is None


def test_snapshot_is_wanted_once_per_while() -> None:
    books = DepthBooks(["BTCUSDT"], "X")
    books.apply(diff(8, 11, 7))

    assert [books.wanting(now_ns) for now_ns in (0, RETRY_NS - 1, RETRY_NS)] == [
        "BTCUSDT", None, "BTCUSDT",
    ]  # fmt: skip


def test_valid_book_is_published_best_first() -> None:
    books = DepthBooks(["BTCUSDT"], "X", levels=2)
    books.apply(diff(8, 11, 7))

    assert books.load("BTCUSDT", 10, BIDS, ASKS) == Depth(
        "BTCUSDT", [["100.10", "1.0"], ["100.05", "5"]], ASKS, "X", 77, 11, 0
    )
    published = books.apply(diff(12, 13, 11))
    assert published is not None
    assert (published.update_id, published.latency_ns) == (13, 3)
    assert books.wanting(0) is None


def test_broken_book_publishes_nothing_until_its_snapshot() -> None:
    books = DepthBooks(["BTCUSDT"], "X")
    books.apply(diff(8, 11, 7))
    books.load("BTCUSDT", 10, BIDS, ASKS)

    assert books.apply(diff(20, 21, 19)) is None
    assert books.breaks == 1
    assert books.wanting(0) == "BTCUSDT"
    assert books.load("BTCUSDT", 20, BIDS, ASKS) is not None


def test_diff_of_a_foreign_symbol_is_left_out() -> None:
    assert DepthBooks(["ETHUSDT"], "X").apply(diff(8, 11, 7)) is None


def test_invalidated_books_want_their_snapshots() -> None:
    books = DepthBooks(["BTCUSDT"], "X")
    books.apply(diff(8, 11, 7))
    books.load("BTCUSDT", 10, BIDS, ASKS)

    books.invalidate()
    books.apply(diff(12, 13, 11))

    assert books.wanting(0) == "BTCUSDT"
