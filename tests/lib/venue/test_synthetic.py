"""The synthetic market: repeatable, consistent, and as lively as it was told to be."""

from itertools import pairwise

import pytest

from lib.constants import NS_PER_SECOND
from lib.venue import state, synthetic_market
from lib.venue.market import Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.symbols import catalogue
from lib.venue.synthetic import SyntheticFeed

START_NS = 1_790_000_000 * NS_PER_SECOND
SYMBOLS = ["BTCUSDT", "DOGEUSDT", "1000PEPEUSDT", "ETHUSDC"]


def play(seconds: int = 60, seed: int = 1, symbols: list[str] = SYMBOLS) -> list[MarketEvent]:
    feed = SyntheticFeed(catalogue(), symbols, seed)
    feed.start(START_NS)
    return feed.take(START_NS + seconds * NS_PER_SECOND)


def test_same_seed_plays_the_same_market_and_another_seed_another() -> None:
    assert play(5) == play(5)
    assert play(5) != play(5, seed=2)


def test_symbol_plays_the_same_whatever_plays_beside_it() -> None:
    alone = play(5, symbols=["DOGEUSDT"])
    assert alone == [event for event in play(5) if event.symbol == "DOGEUSDT"]


def test_events_come_in_order_of_time() -> None:
    times = [event.time_ns for event in play()]
    assert times == sorted(times)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_quotes_are_the_best_levels_and_trades_happen_there(symbol: str) -> None:
    books: tuple[dict, dict] = ({}, {})
    last_id = 0
    for event in play(120, symbols=[symbol]):
        match event:
            case Levels():
                assert event.snapshot or event.previous_id == last_id < event.first_id
                last_id = event.last_id
                for side, rows in zip(books, (event.bids, event.asks), strict=True):
                    side.update(rows)
                    for price in [price for price, qty in side.items() if not qty]:
                        del side[price]
            case Quote():
                assert (event.bid, event.ask) == (max(books[0]), min(books[1]))
                assert event.bid < event.ask
                assert (event.bid_qty, event.ask_qty) == (books[0][event.bid], books[1][event.ask])
                assert event.update_id == last_id
            case Print():
                # the book of before the step still holds what the trade takes
                assert 0 < event.qty <= books[not event.buyer_is_maker][event.price]
            case MarkPrice():
                assert abs(event.mark / max(books[0]) - 1) < 0.01
    assert all(len(side) == 25 for side in books)


def test_ids_of_the_market_s_trades_are_never_those_of_our_fills() -> None:
    a_century_of_trades = 100 * 365 * 86_400 * 60
    assert synthetic_market.FIRST_TRADE_ID + a_century_of_trades < state.FIRST_TRADE_ID


def test_prices_and_quantities_keep_the_rules() -> None:
    rules = catalogue()
    for event in play(30):
        if isinstance(event, Print):
            assert event.price % rules[event.symbol].tick == 0
            assert event.qty % rules[event.symbol].step == 0


def test_rate_follows_the_setting() -> None:
    events = play(600, symbols=["BTCUSDT"])
    per_second = sum(isinstance(event, Quote) for event in events) / 600
    assert 5 < per_second < 14


def test_history_ends_where_the_market_begins() -> None:
    feed = SyntheticFeed(catalogue(), ["BTCUSDT"])
    feed.start(START_NS)
    rows = feed.history("BTCUSDT")
    assert len(rows) == 120
    assert rows[-1].close == catalogue()["BTCUSDT"].price
    assert rows[-1].close_ms < START_NS // 1_000_000 <= rows[-1].close_ms + 60_000
    for before, after in pairwise(rows):
        assert after.open_ms == before.close_ms + 1
        assert after.open == before.close
        assert after.last_id >= after.first_id > before.last_id
        assert after.low <= min(after.open, after.close) <= after.high


def test_symbol_begins_when_it_is_asked_for() -> None:
    feed = SyntheticFeed(catalogue(), [])
    feed.start(START_NS)
    assert feed.due() is None
    feed.play("ETHUSDT", START_NS + 5)
    assert feed.due() == START_NS + 5
    first = feed.take(START_NS + 5)
    assert isinstance(first[0], Levels)
    assert first[0].snapshot


def test_shift_delays_what_is_to_come() -> None:
    feed = SyntheticFeed(catalogue(), ["BTCUSDT"])
    feed.start(START_NS)
    feed.take(START_NS)
    due_ns = feed.due()
    assert due_ns is not None
    feed.shift(7 * NS_PER_SECOND)
    assert feed.due() == due_ns + 7 * NS_PER_SECOND
    assert feed.take(due_ns) == []
