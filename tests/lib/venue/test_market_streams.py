"""Stream payloads: shapes of the reference, pace, and diff chains that rebuild the book."""

import json
from typing import Any

import pytest

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.venue.book import Book
from lib.venue.hub import Hub
from lib.venue.market import Level, MarketEvent, Quote
from lib.venue.market_streams import PULSE_NS
from lib.venue.stage import Stage
from lib.venue.stream_names import Route, parse
from lib.venue.symbols import catalogue, info
from lib.venue.synthetic import SyntheticFeed
from tests.lib.venue.samples import sample, shape
from tests.lib.venue.test_hub import ListWire

START_NS = 1_790_000_030 * NS_PER_SECOND


class BookKeeper:
    """The part of the engine that a stage needs."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}

    def on_market(self, event: MarketEvent) -> None:
        book = self.books.setdefault(event.symbol, Book(info(event.symbol).tick, 50))
        if isinstance(event, Quote):
            book.quote(event)
        elif hasattr(event, "bids"):
            book.change(event)

    def depth(self, symbol: str) -> tuple[list[Level], list[Level], int]:
        book = self.books[symbol]
        sides = list(book.levels(is_bid=True)), list(book.levels(is_bid=False))
        return *sides, book.last_id


class Theatre:
    """A stage with a synthetic market and one subscriber."""

    def __init__(self, *names: str, symbols: tuple[str, ...] = ("BTCUSDT",)) -> None:
        self.hub = Hub()
        self.engine = BookKeeper()
        feed = SyntheticFeed(catalogue(), list(symbols), rate=100.0)
        self.stage = Stage(feed, self.engine, self.hub)
        self.now_ns = START_NS
        self.stage.start(self.now_ns)
        self.wires = {route: ListWire() for route in (Route.PUBLIC, Route.MARKET)}
        for route, wire in self.wires.items():
            connection = self.hub.connect(wire, route, combined=True)
            for name in names:
                stream = self.hub.subscribe(connection, name)
                if stream is not None:
                    self.stage.streams.watch(stream, self.now_ns)

    def run(self, seconds: float) -> "Theatre":
        end_ns = self.now_ns + round(seconds * NS_PER_SECOND)
        while self.now_ns < end_ns:
            self.now_ns += PULSE_NS
            self.stage.advance(self.now_ns)
            self.stage.streams.pulse(self.now_ns)
        self.hub.flush()
        return self

    def got(self, name: str) -> list[Any]:
        wire = self.wires[parse(name).route]  # type: ignore[union-attr]
        return [body["data"] for body in wire.messages() if body["stream"] == name]


@pytest.mark.parametrize(
    ("name", "sample_name"),
    [
        ("btcusdt@bookTicker", "ws_market_bookTicker"),
        ("btcusdt@trade", "ws_market_trade"),
        ("btcusdt@aggTrade", "ws_market_aggTrade"),
        ("btcusdt@depth@100ms", "ws_market_depth_diff"),
        ("btcusdt@depth5", "ws_market_depth5"),
        ("btcusdt@kline_1m", "ws_market_kline"),
        ("btcusdt_perpetual@continuousKline_1m", "ws_market_continuous_kline"),
        ("btcusdt@markPrice@1s", "ws_market_markPrice"),
        ("btcusdt@ticker", "ws_market_ticker"),
        ("btcusdt@miniTicker", "ws_market_miniTicker"),
    ],
)
def test_payloads_have_the_shape_of_the_reference(name: str, sample_name: str) -> None:
    found = Theatre(name).run(5).got(name)
    assert found
    whole = max(found, key=lambda body: len(str(body)))
    assert shape(whole) == shape(sample(sample_name))
    assert list(whole) == list(sample(sample_name))


@pytest.mark.parametrize(
    "name", ["!ticker@arr", "!miniTicker@arr", "!markPrice@arr@1s", "!bookTicker"]
)
def test_streams_of_all_symbols_carry_each(name: str) -> None:
    theatre = Theatre(name, symbols=("BTCUSDT", "ETHUSDT")).run(2)
    found = theatre.got(name)
    rows = [row for each in found for row in (each if isinstance(each, list) else [each])]
    assert {row["s"] for row in rows} == {"BTCUSDT", "ETHUSDT"}
    wanted = sample("ws_market_arrays")[name]
    assert shape(rows[0]) == shape(wanted[0] if isinstance(wanted, list) else wanted)


@pytest.mark.parametrize("speed", ["@0ms", "@100ms", "", "@500ms"])
def test_diffs_and_a_snapshot_rebuild_the_book(speed: str) -> None:
    name = f"btcusdt@depth{speed}"
    theatre = Theatre(name)
    bids, asks, last_id = theatre.engine.depth("BTCUSDT")
    book = [{str(p): str(q) for p, q in side} for side in (bids, asks)]
    diffs = theatre.run(10).got(name)
    assert diffs[0]["U"] <= last_id + 1 <= diffs[0]["u"] + 1
    previous = diffs[0]["pu"]
    for diff in diffs:
        assert diff["pu"] == previous
        assert diff["U"] <= diff["u"]
        previous = diff["u"]
        for side, rows in zip(book, (diff["b"], diff["a"]), strict=True):
            side.update(rows)
            for price in [price for price, qty in side.items() if not float(qty)]:
                del side[price]
    bids, asks, last_id = theatre.engine.depth("BTCUSDT")
    if speed == "@0ms":
        assert previous == last_id
        assert book == [{str(p): str(q) for p, q in side} for side in (bids, asks)]


def test_streams_keep_their_pace() -> None:
    names = ["btcusdt@depth@100ms", "btcusdt@depth@500ms", "btcusdt@kline_1m", "btcusdt@depth5"]
    theatre = Theatre(*names, "btcusdt@markPrice@1s", "btcusdt@markPrice").run(20)
    counts = {name: len(theatre.got(name)) for name in names}
    assert 150 < counts["btcusdt@depth@100ms"] <= 201
    assert 35 <= counts["btcusdt@depth@500ms"] <= 41
    assert 40 < counts["btcusdt@kline_1m"] <= 85
    assert 60 < counts["btcusdt@depth5"] <= 81
    assert len(theatre.got("btcusdt@markPrice@1s")) in {20, 21}
    assert len(theatre.got("btcusdt@markPrice")) in {7, 8}


def test_candle_is_closed_once_with_its_last_state() -> None:
    frames = Theatre("btcusdt@kline_1m").run(130).got("btcusdt@kline_1m")
    closed = [frame["k"] for frame in frames if frame["k"]["x"]]
    assert len(closed) == 2
    assert closed[1]["t"] == closed[0]["T"] + 1
    for row in closed:
        last_open = [f["k"] for f in frames if f["k"]["t"] == row["t"] and not f["k"]["x"]][-1]
        assert row["n"] >= last_open["n"]
    first_after = next(f for f in frames if f["k"]["t"] > closed[0]["t"])
    assert frames.index(first_after) > frames.index(next(f for f in frames if f["k"]["x"])), (
        "nothing of the next minute comes before the closing frame"
    )


def test_only_the_largest_liquidation_of_a_second_is_told() -> None:
    theatre = Theatre("btcusdt@forceOrder", "!forceOrder@arr").run(2)
    small = sample("ws_market_forceOrder")
    small["o"].update(s="BTCUSDT", q="5")
    large = json.loads(json.dumps(small))
    large["o"]["q"] = "10"
    for body in (small, large, small):
        theatre.stage.streams.on_force_order(body)
    theatre.run(3)
    assert theatre.got("btcusdt@forceOrder") == [large]
    assert theatre.got("!forceOrder@arr") == [large]


def test_nothing_is_encoded_that_nobody_listens_to() -> None:
    theatre = Theatre().run(5)
    assert theatre.hub.sent == 0
    assert theatre.stage.events > 100


def test_idle_symbol_begins_to_play_when_it_is_asked_for() -> None:
    theatre = Theatre()
    assert "ETHUSDT" not in theatre.stage.tapes
    tape = theatre.stage.ensure("ETHUSDT", theatre.now_ns)
    assert tape is not None
    assert tape.quote is not None
    assert theatre.stage.ensure("NOSUCH", theatre.now_ns) is None


def test_times_of_events_never_lie_in_the_future() -> None:
    theatre = Theatre("btcusdt@bookTicker", "btcusdt@trade").run(3)
    for name in ("btcusdt@bookTicker", "btcusdt@trade"):
        for body in theatre.got(name):
            assert body["T"] <= body["E"] <= theatre.now_ns // NS_PER_MS
