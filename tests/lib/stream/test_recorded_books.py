"""The recorded diff streams rebuild to the recorded best prices and quantities."""

import gzip
import json
from bisect import bisect_right
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Book
from lib.stream.binance.parser import Parser
from lib.stream.order_book import BookState, Diff, OrderBook

pytestmark = pytest.mark.data


def lines(data_dir: Path, name: str) -> Iterator[tuple[int, bytes]]:
    with gzip.open(data_dir / "ws_raw_20240808" / name) as file:
        for line in file:
            received, _, frame = line.partition(b" ")
            yield int(received), frame


def top(levels: list[tuple[Decimal, Decimal]]) -> list[list[str]]:
    return [[str(price), str(qty)] for price, qty in levels]


@pytest.mark.parametrize(
    ("symbol", "key"), [("btcusdt", "USDM BTCUSDT"), ("ethusdt", "USDM ETHUSDT")]
)
def test_recorded_diffs_rebuild_to_the_recorded_books(
    data_dir: Path, symbol: str, key: str
) -> None:
    truth: dict[str, Any] = json.loads((data_dir / "ws_raw_20240808" / "truth.json").read_text())[
        key
    ]
    parser = Parser("BINANCE.FUTURES", partial_depth=False)
    book = OrderBook(symbol.upper())
    quoted: dict[int, tuple[Any, ...]] = {}
    rebuilt: dict[int, tuple[Any, ...]] = {}

    for received_ns, frame in lines(data_dir, truth["files"][0]):
        if b'"lastUpdateId"' in frame[:20]:
            snapshot = json.loads(frame)
            book.load(snapshot["lastUpdateId"], snapshot["bids"], snapshot["asks"])
            continue
        for message in parser.parse(frame, received_ns):
            if isinstance(message, Book):
                quoted[message.update_id] = tuple(Decimal(text) for text in message[1:5])
            elif isinstance(message, Diff) and book.apply(message):
                rebuilt[message.last_id] = (*book.asks(1)[0], *book.bids(1)[0])

    # the newest best-price event up to a diff's last update says what the book's best must be
    ids = sorted(quoted)
    expected = {
        last_id: quoted[ids[bisect_right(ids, last_id) - 1]]
        for last_id in rebuilt
        if last_id >= ids[0]
    }
    told = truth["book"]
    assert len(expected) >= 6_500
    assert {last_id: rebuilt[last_id] for last_id in expected} == expected
    assert book.state is BookState.SYNCED
    assert (book.breaks, book.last_id) == (0, told["final_u"])
    assert top(book.bids(5)) == told["best5_bids"]
    assert top(book.asks(5)) == told["best5_asks"]
    assert [len(book.bids()), len(book.asks())] == told["levels"]
    assert (parser.malformed, parser.unusable, parser.unknown.total()) == (0, 0, 0)
