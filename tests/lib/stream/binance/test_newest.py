import pytest

from lib.bus.protocol import Book, Candle, Depth, Mark, Trade
from lib.constants import NS_PER_MINUTE
from lib.stream.binance.newest import MarketMessage, Newest


def book(update_id: int, event_ns: int, symbol: str = "BTCUSDT") -> Book:
    return Book(symbol, "2", "1", "1", "1", "X", event_ns, update_id, 0)


def trade(update_id: int, event_ns: int) -> Trade:
    return Trade("BTCUSDT", "2", "1", "BUY", "X", event_ns, update_id, 0)


def depth(update_id: int, event_ns: int) -> Depth:
    return Depth("BTCUSDT", [], [], "X", event_ns, update_id, 0)


def candle(minute: int, event_ns: int, *, finished: bool = True) -> Candle:
    return Candle(
        "BTCUSDT", minute * NS_PER_MINUTE, "1", "1", "1", "1", "0", finished, "X", event_ns, 0
    )


@pytest.mark.parametrize("make", [book, trade, depth])
def test_repeat_is_no_news(make: type[MarketMessage]) -> None:
    newest = Newest()

    assert [newest.is_new(make(*ids)) for ids in ((5, 10), (5, 10), (4, 9), (6, 11))] == [
        True, False, False, True,
    ]  # fmt: skip
    assert newest.repeats == 2


def test_frozen_content_under_a_fresh_time_is_no_news() -> None:
    newest = Newest()
    newest.is_new(book(5, 10))

    assert not newest.is_new(book(5, 1_000))


def test_exchange_that_counts_anew_is_news() -> None:
    newest = Newest()
    newest.is_new(book(1_000_000, 10))

    assert newest.is_new(book(1, 11))
    assert newest.is_new(book(2, 12))


def test_gap_in_the_ids_of_trades_is_counted() -> None:
    newest = Newest()
    for update_id in (5, 6, 9, 9, 10):
        newest.is_new(trade(update_id, update_id))
        newest.is_new(book(update_id, update_id))

    assert newest.lost_trades == 2


def test_symbols_and_channels_do_not_mix() -> None:
    newest = Newest()
    newest.is_new(book(5, 10))

    assert newest.is_new(book(5, 10, "ETHUSDT"))
    assert newest.is_new(trade(5, 10))


def test_mark_is_new_by_its_time() -> None:
    newest = Newest()
    marks = [Mark("BTCUSDT", "1", "1", "0", 0, "X", event_ns, 0) for event_ns in (5, 5, 6, 4)]

    assert [newest.is_new(mark) for mark in marks] == [True, False, True, False]


def test_each_candle_closes_once() -> None:
    newest = Newest()
    news = [
        newest.is_new(one)
        for one in (
            candle(1, 100, finished=False),
            candle(1, 200),
            candle(1, 300),
            candle(3, 400, finished=False),
            candle(2, 500),
            candle(1, 600),
            candle(2, 700, finished=False),
            candle(3, 800),
        )
    ]

    assert news == [True, True, False, True, True, False, False, True]


def test_growing_candle_is_new_by_its_time() -> None:
    newest = Newest()

    assert newest.is_new(candle(1, 100, finished=False))
    assert not newest.is_new(candle(1, 100, finished=False))
    assert newest.is_new(candle(1, 101, finished=False))


def test_forgetting_takes_what_comes_as_new() -> None:
    newest = Newest()
    newest.is_new(book(5, 10))
    newest.is_new(candle(1, 10))

    newest.forget()

    assert newest.is_new(book(5, 10))
    assert newest.is_new(candle(1, 10))
