import pytest

from lib.bus.protocol import Book, Candle, Header, Mark, Message, Trade
from lib.constants import NS_PER_SECOND
from workers.bot_inbox import MOST_BOOKS, MOST_TRADES, STALE_BOOK_NS, Inbox


def book(update_id: int, event_ns: int = 0, symbol: str = "BTCUSDT") -> Book:
    return Book(symbol, "2", "1", "1", "1", "X", event_ns, update_id, 0)


def trade(update_id: int) -> Trade:
    return Trade("BTCUSDT", "1", "1", "BUY", "X", 0, update_id, 0)


def candle(open_ns: int, event_ns: int, *, finished: bool) -> Candle:
    return Candle("BTCUSDT", open_ns, "1", "1", "1", "1", "1", finished, "X", event_ns, 0)


def add(inbox: Inbox, message: Message, published_ns: int = 0) -> bool:
    return inbox.add(Header(1, 1, published_ns), message) is not None


def taken(inbox: Inbox, now_ns: int = 0) -> list[Message]:
    found = []
    while (event := inbox.next(now_ns)) is not None:
        found.append(event[0])
    return found


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(live_candles=False)


def test_events_come_out_in_the_order_in_which_they_came(inbox: Inbox) -> None:
    events: list[Message] = [book(1), trade(1), book(2), candle(0, 60, finished=True)]
    for event in events:
        assert add(inbox, event)

    assert taken(inbox) == events
    assert inbox.dropped == 0


def test_a_backlog_skips_to_the_newest_book_of_each_symbol_but_keeps_trades(inbox: Inbox) -> None:
    for number in range(1, 100):
        add(inbox, book(number))
        add(inbox, book(number, symbol="ETHUSDT"))
        add(inbox, trade(number))

    found = taken(inbox, STALE_BOOK_NS + 1)

    assert [event for event in found if isinstance(event, Book)] == [
        book(99),
        book(99, symbol="ETHUSDT"),
    ]
    assert len([event for event in found if isinstance(event, Trade)]) == 99
    assert inbox.dropped == 2 * 98


def test_a_lone_old_book_is_still_delivered(inbox: Inbox) -> None:
    add(inbox, book(1))

    assert taken(inbox, 10 * STALE_BOOK_NS) == [book(1)]


def test_a_burst_of_books_is_bounded_whatever_its_age(inbox: Inbox) -> None:
    for number in range(1, 2 * MOST_BOOKS + 1):
        add(inbox, book(number))

    found = taken(inbox)

    assert len(found) == MOST_BOOKS + 1
    assert found[-1] == book(2 * MOST_BOOKS)


def test_trades_beyond_the_bound_lose_the_oldest_first(inbox: Inbox) -> None:
    for number in range(1, MOST_TRADES + 4):
        add(inbox, trade(number))

    found = taken(inbox)

    assert found[0] == trade(4)
    assert len(found) == MOST_TRADES
    assert inbox.dropped == 3
    add(inbox, trade(MOST_TRADES + 10))
    assert taken(inbox) == [trade(MOST_TRADES + 10)]


def test_what_another_replica_brought_before_is_no_news(inbox: Inbox) -> None:
    assert add(inbox, book(5, 100))
    assert not add(inbox, book(5, 100))
    assert not add(inbox, book(4, 100))
    assert not add(inbox, book(4, 99))
    assert add(inbox, book(6, 100))
    assert add(inbox, trade(5))
    assert not add(inbox, trade(5))


def test_update_ids_that_start_again_are_told_by_the_exchanges_time(inbox: Inbox) -> None:
    assert add(inbox, book(1_000_000, 100))
    assert add(inbox, book(1, 101 + NS_PER_SECOND))
    assert add(inbox, book(2, 101 + NS_PER_SECOND))
    # where there are no numbers, only times grow
    assert add(inbox, book(2, 102 + NS_PER_SECOND))


def test_a_replica_that_is_behind_brings_nothing_new_whatever_its_stamps(inbox: Inbox) -> None:
    assert add(inbox, book(101, 1_000))
    assert not add(inbox, book(100, 1_000 + NS_PER_SECOND))


def test_a_finished_candle_comes_once_and_a_growing_one_only_if_wanted(inbox: Inbox) -> None:
    live = Inbox(live_candles=True)
    growing, finished = candle(0, 10, finished=False), candle(0, 60, finished=True)
    for each in (inbox, live):
        for event in (growing, growing, finished, finished):
            add(each, event)

    assert taken(inbox) == [finished]
    assert taken(live) == [growing, finished]


def test_the_next_minute_is_a_new_candle(inbox: Inbox) -> None:
    assert add(inbox, candle(0, 60, finished=True))
    assert add(inbox, candle(60, 120, finished=True))
    assert not add(inbox, candle(0, 60, finished=True))


def test_kinds_without_a_handler_are_ignored(inbox: Inbox) -> None:
    assert not add(inbox, Mark("BTCUSDT", "1", "1", "0", 0, "X", 0, 0))
    assert len(inbox) == 0


def test_a_replica_that_joins_ahead_of_a_slower_one_costs_no_trade(inbox: Inbox) -> None:
    for number in (5, 6, 10, 11):  # 6 from the one that lags; 10 from one that has just begun
        assert add(inbox, trade(number))

    came = [number for number in range(5, 13) if add(inbox, trade(number))]

    assert came == [7, 8, 9, 12]
    assert not any(add(inbox, trade(number)) for number in range(5, 13))


def test_trades_that_were_passed_over_are_remembered_within_bounds(inbox: Inbox) -> None:
    for number in (1, 10_000):
        add(inbox, trade(number))

    assert not add(inbox, trade(2))
    assert add(inbox, trade(9_999))
