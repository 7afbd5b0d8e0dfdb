import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bus.protocol import Book, Candle, Depth, Mark, Trade, decode, encode, topic_of
from lib.stream.binance.parser import Parser
from lib.stream.order_book import Diff

SAMPLES = Path(__file__).parents[3] / "data" / "binance"
EXCHANGE = "BINANCE.FUTURES"
MS = 1_000_000


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def frame(value: Any, stream: str = "") -> bytes:
    wrapped = {"stream": stream, "data": value} if stream else value
    return json.dumps(wrapped, separators=(",", ":"), ensure_ascii=False).encode()


@pytest.fixture
def parser() -> Parser:
    return Parser(EXCHANGE)


def test_book_ticker_becomes_a_book(parser: Parser) -> None:
    received_ns = 1789467546366 * MS

    parsed = parser.parse(frame(sample("ws_market_bookTicker")), received_ns)

    assert parsed == [
        Book(
            "BTCUSDT", "76986.50", "183.3812", "76986.40", "0.0228",
            EXCHANGE, 1789467546365 * MS, 428997042613, MS,
        )
    ]  # fmt: skip


def test_messages_may_be_dated_by_when_things_happened() -> None:
    value = sample("ws_market_bookTicker")
    sent_ns, happened_ns = value["E"] * MS, (value["E"] - 3) * MS
    parser = Parser(EXCHANGE, by_transaction=True)

    (dated,) = parser.parse(frame(value | {"T": value["E"] - 3}), sent_ns + MS)
    (undated,) = parser.parse(frame({k: value[k] for k in value if k != "T"}), sent_ns + MS)

    assert (dated.event_ns, undated.event_ns) == (happened_ns, sent_ns)
    assert dated.latency_ns == MS, "counted from when it was sent, as always"


@pytest.mark.parametrize(("buyer_is_maker", "side"), [(True, "SELL"), (False, "BUY")])
def test_aggregated_trade_has_the_aggressors_side(
    parser: Parser, buyer_is_maker: bool, side: str
) -> None:
    value = sample("ws_market_aggTrade") | {"m": buyer_is_maker}

    parsed = parser.parse(frame(value, "btcusdt@aggTrade"), 0)

    assert parsed == [
        Trade(
            "BTCUSDT", "64990.90", "0.002", side,
            EXCHANGE, 1786171884624 * MS, 3404749954, -1786171884624 * MS,
        )
    ]  # fmt: skip


def test_closed_candle_is_given(parser: Parser) -> None:
    parsed = parser.parse(frame(sample("ws_market_kline")), 1786173360961 * MS)

    assert parsed == [
        Candle(
            "BTCUSDT", 1786173300000 * MS, "64970.80", "64970.90", "64969.40", "64969.40", "9.090",
            True, EXCHANGE, 1786173360960 * MS, MS,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(("live", "count"), [(False, 0), (True, 1)])
def test_growing_candle_is_given_on_demand(live: bool, count: int) -> None:
    value = sample("ws_market_kline")
    value["k"]["x"] = False

    assert len(Parser(EXCHANGE, live_candles=live).parse(frame(value), 0)) == count


def test_candle_of_another_interval_is_left_out(parser: Parser) -> None:
    value = sample("ws_market_kline")
    value["k"]["i"] = "5m"

    assert parser.parse(frame(value), 0) == []


def test_mark_price_carries_index_and_funding(parser: Parser) -> None:
    parsed = parser.parse(frame(sample("ws_market_markPrice")), 1789467508000 * MS)

    assert parsed == [
        Mark(
            "BTCUSDT", "76986.40000000", "77014.72500000", "0.00010000", 1789488000000 * MS,
            EXCHANGE, 1789467508000 * MS, 0,
        )
    ]  # fmt: skip


def test_delivery_contract_has_no_funding(parser: Parser) -> None:
    value = sample("ws_market_markPrice") | {"r": "", "T": 0}

    [mark] = parser.parse(frame(value), 0)

    assert isinstance(mark, Mark)
    assert (mark.funding_rate, mark.next_funding_ns) == ("0", 0)


def test_partial_depth_is_told_from_a_diff_by_its_stream(parser: Parser) -> None:
    value = sample("ws_market_depth5")

    [depth] = parser.parse(frame(value, "btcusdt@depth20@100ms"), 0)
    [diff] = parser.parse(frame(value, "btcusdt@depth@100ms"), 0)

    assert isinstance(depth, Depth)
    assert depth.bids[0] == ["76986.40", "0.030"]
    assert depth.asks[-1] == ["76987.40", "0.120"]
    assert depth.update_id == 428997042640
    assert isinstance(diff, Diff)
    assert (diff.first_id, diff.last_id, diff.previous_id) == (
        428997042590, 428997042640, 428997042588,
    )  # fmt: skip


@pytest.mark.parametrize(("partial", "kind"), [(True, Depth), (False, Diff)])
def test_depth_without_a_stream_name_is_what_was_subscribed(partial: bool, kind: type) -> None:
    parser = Parser(EXCHANGE, partial_depth=partial)

    [parsed] = parser.parse(frame(sample("ws_market_depth5")), 0)

    assert type(parsed) is kind


def test_trade_off_the_book_is_left_out(parser: Parser) -> None:
    value = sample("ws_market_trade")

    assert len(parser.parse(frame(value), 0)) == 1
    assert parser.parse(frame(value | {"X": "INSURANCE_FUND", "p": "0", "q": "0"}), 0) == []
    assert parser.unusable == 0


def test_combined_sample_parses_as_text_and_as_bytes(parser: Parser) -> None:
    value = frame(sample("ws_combined"))

    assert parser.parse(value, 0) == parser.parse(value.decode(), 0) != []


def test_envelope_with_data_first_parses(parser: Parser) -> None:
    value = {"data": sample("ws_market_bookTicker"), "stream": "btcusdt@bookTicker"}

    assert len(parser.parse(frame(value), 0)) == 1


def test_non_ascii_symbol_survives_to_the_bus(parser: Parser) -> None:
    value = sample("ws_market_bookTicker") | {"s": "币安人生USDT"}

    [book] = parser.parse(frame(value, "币安人生usdt@bookTicker"), 0)

    assert isinstance(book, Book)
    name = topic_of(book)
    assert decode(name, encode(book, 1, 1, 0))[1] == book


def test_latency_is_corrected_by_the_clock_offset(parser: Parser) -> None:
    # the recorder's clock of 2024 was 1.27 s behind the exchange's
    received_ns = (1789467546365 - 1270 + 3) * MS

    [book] = parser.parse(frame(sample("ws_market_bookTicker")), received_ns, 1270 * MS)

    assert isinstance(book, Book)
    assert book.latency_ns == 3 * MS


@pytest.mark.parametrize(
    "name",
    [
        "ws_market_continuous_kline",
        "ws_market_contractInfo",
        "ws_market_forceOrder",
        "ws_market_miniTicker",
        "ws_market_ticker",
    ],
)
def test_event_without_use_is_counted_by_name(parser: Parser, name: str) -> None:
    value = sample(name)

    assert parser.parse(frame(value, "x"), 0) == []
    assert parser.unknown == {value["e"]: 1}
    assert parser.malformed == 0


def test_array_of_events_is_counted(parser: Parser) -> None:
    for value in sample("ws_market_arrays").values():
        parser.parse(frame(value, "!x@arr"), 0)

    assert parser.malformed == 0
    assert parser.unknown["array"] == 3


def test_control_answers_are_no_events(parser: Parser) -> None:
    for exchange in sample("ws_control"):
        assert parser.parse(frame(exchange["recv"]), 0) == []

    assert parser.malformed == 0
    assert parser.refusals.total() == 4
    assert parser.refusals["0: Unknown property"] == 1


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"5", b'"x"', b"null", b"\xff\xfe", b"{}", b'{"stream":"x"}',
        b'{"e":"bookTicker"}', b'{"e":"aggTrade","E":"now","a":1,"s":"A","p":"1","q":"1","m":true}',
        b"<html>502 Bad Gateway</html>",
        b'{"stream":"x","data":{"e":"bookTicker","u":1,"s":"BTC',
    ],
)  # fmt: skip
def test_malformed_frame_is_counted_and_dropped(parser: Parser, text: bytes) -> None:
    assert parser.parse(text, 0) == []
    assert parser.malformed == 1


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ws_market_bookTicker", {"b": "76986.60"}),
        ("ws_market_bookTicker", {"b": "76986.50"}),
        ("ws_market_bookTicker", {"b": "0.00", "B": "0"}),
        ("ws_market_bookTicker", {"a": "Infinity"}),
        ("ws_market_bookTicker", {"B": "NaN"}),
        ("ws_market_aggTrade", {"p": "cheap"}),
        ("ws_market_aggTrade", {"q": "-1"}),
        ("ws_market_markPrice", {"p": "nan"}),
        ("ws_market_markPrice", {"r": "high"}),
        ("ws_market_depth5", {"a": [["76986.40", "1"]]}),
        ("ws_market_depth5", {"a": [["76986.50", "-1"]]}),
    ],
)
def test_values_that_cannot_be_are_counted_and_dropped(
    parser: Parser, name: str, changes: dict[str, Any]
) -> None:
    assert parser.parse(frame(sample(name) | changes), 0) == []
    assert (parser.unusable, parser.malformed) == (1, 0)


def test_names_from_outside_fill_no_memory(parser: Parser) -> None:
    for number in range(1_000):
        parser.parse(frame({"e": f"event{number}"}), 0)
        parser.parse(frame({"code": number, "msg": "no"}), 0)

    assert parser.unknown.total() == parser.refusals.total() == 1_000
    assert len(parser.unknown) <= 101
    assert len(parser.refusals) <= 101


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("esdkpqba"), inner),
    max_leaves=8,
)


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_nothing_raises(text: bytes) -> None:
    parser = Parser(EXCHANGE)

    parser.parse(text, 0)
    parser.parse(b'{"stream":"x","data":' + text + b"}", 0)


fields = st.dictionaries(
    st.sampled_from(["b", "a", "B", "A", "u", "s", "E", "e"]), json_values, max_size=3
)


@given(fields)
def test_no_changed_field_raises(changes: dict[str, Any]) -> None:
    parser = Parser(EXCHANGE)

    parsed = parser.parse(frame(sample("ws_market_bookTicker") | changes, "x"), 0)

    assert len(parsed) + parser.malformed + parser.unusable + parser.unknown.total() == 1 or (
        "e" in changes
    )
