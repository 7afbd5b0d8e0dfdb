"""The frames, checked by properties and against an independent implementation of MessagePack."""

from typing import Any

import msgpack
import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bus.protocol import (
    HEADER,
    KINDS,
    VERSION,
    Book,
    Header,
    Message,
    OrderUpdate,
    Request,
    Roster,
    decode,
    decode_reply,
    decode_request,
    encode,
    encode_quiet,
    encode_reply,
    encode_request,
    frames,
    incarnation,
    split_incarnation,
    topic,
    topic_of,
)
from lib.errors import ProtocolError
from tests.lib.bus.messages import ANYTHING, any_message, book

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(any_message(), NUMBERS, NUMBERS, NUMBERS)
def test_every_message_survives_the_wire(message: Message, life: int, number: int, at: int) -> None:
    payload = encode(message, life, number, at)

    header, decoded = decode(topic_of(message), payload)

    assert header == Header(life, number, at)
    assert decoded == message
    assert type(decoded) is type(message)


@given(any_message(), NUMBERS)
def test_an_independent_reader_sees_the_documented_array(message: Message, number: int) -> None:
    payload = encode(message, 5, number, 7)

    assert ormsgpack.unpackb(payload) == [VERSION, 5, number, 7, *message]


@given(any_message(), NUMBERS)
def test_frames_of_an_independent_writer_are_understood(message: Message, number: int) -> None:
    payload = ormsgpack.packb([VERSION, 5, number, 7, *message])

    assert decode(topic_of(message), payload) == (Header(5, number, 7), message)


@given(st.text(max_size=10), NUMBERS, st.text(max_size=20), NUMBERS, st.lists(ANYTHING, max_size=4))
def test_requests_survive_both_implementations(
    method: str, deadline: int, owner: str, life: int, args: list[Any]
) -> None:
    request = Request(method, deadline, owner, life, args)
    foreign = ormsgpack.packb([VERSION, method, deadline, owner, life, *args])

    assert decode_request(encode_request(request)) == request
    assert decode_request(foreign) == request


@given(st.text(min_size=1, max_size=10), st.lists(ANYTHING, max_size=4))
def test_replies_survive_both_implementations(status: str, values: list[Any]) -> None:
    payload = encode_reply(status, *values)

    assert decode_reply(payload) == (status, values)
    assert ormsgpack.unpackb(payload) == [status, *values]


@given(st.binary(max_size=200), st.sampled_from([*sorted(KINDS), "what", ""]))
def test_noise_raises_only_protocol_errors(noise: bytes, kind: str) -> None:
    for read in (lambda: decode(topic(kind), noise), lambda: decode_request(noise)):
        try:
            read()
        except ProtocolError as error:
            assert "\n" not in str(error)


@given(ANYTHING)
def test_any_other_packed_value_raises_only_protocol_errors(value: Any) -> None:
    payload = msgpack.packb(value)
    for read in (decode_request, decode_reply, lambda raw: decode(b"book.X.", raw)):
        try:
            read(payload)
        except ProtocolError:
            continue


def test_a_field_added_by_a_newer_writer_is_ignored() -> None:
    payload = msgpack.packb([VERSION, 1, 2, 3, *book(), "of the future", {"more": [1]}])

    assert decode(b"book.BTCUSDT.", payload)[1] == book()


def test_a_field_unknown_to_an_older_writer_gets_its_default() -> None:
    update = OrderUpdate(
        "q:X", "X", "id", *["0"] * 7, False, "", *["0"] * 2, 0, "0", "", False, 1, 2
    )
    payload = msgpack.packb([VERSION, 1, 2, 3, *update[:-1]])

    assert decode(topic_of(update), payload)[1] == update
    assert update.replayed is False


@pytest.mark.parametrize("version", [0, VERSION + 1, None, "1"])
def test_another_version_is_refused(version: object) -> None:
    with pytest.raises(ProtocolError, match=r"schema version .*, not 1"):
        decode(b"book.BTCUSDT.", msgpack.packb([version, 1, 2, 3, *book()]))
    with pytest.raises(ProtocolError, match=r"schema version .*, not 1"):
        decode_request(msgpack.packb([version, "post", 1, "q:X", 1]))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "does not decode"),
        (b"\xc1", "does not decode"),
        (msgpack.packb({"a": 1}), "not an array"),
        (msgpack.packb([]), "schema version None"),
        (msgpack.packb([VERSION, 1, 2]), "schema version"),
        (msgpack.packb([VERSION, "1", 2, 3]), "not made of integers"),
        (msgpack.packb([VERSION, 1, 2, 3, "BTCUSDT"]), "book has 1 fields, not 9"),
        (msgpack.packb([VERSION, 1, 2, 3, *book()]) + b"\x00", "does not decode"),
    ],
)
def test_a_bad_frame_is_named(payload: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode(b"book.BTCUSDT.", payload)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ProtocolError, match="unknown kind 'books'"):
        decode(b"books.BTCUSDT.", encode(book(), 1, 2, 3))


def test_a_giant_frame_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAME", 10)

    with pytest.raises(ProtocolError, match="frame of"):
        decode(b"book.BTCUSDT.", encode(book(), 1, 2, 3))


def test_a_deeply_nested_frame_is_refused() -> None:
    with pytest.raises(ProtocolError):
        decode(b"book.BTCUSDT.", b"\x91" * 100_000)


def test_a_repeated_sequence_carries_no_message() -> None:
    assert decode(b"book.BTCUSDT.", encode_quiet(4, 9, 11)) == (Header(4, 9, 11), None)


@given(any_message())
def test_topics_end_with_their_separator(message: Message) -> None:
    assert topic_of(message).endswith(b".")


def test_a_symbol_is_no_prefix_of_a_longer_one() -> None:
    assert not topic("book", "BTCUSDT_270326").startswith(topic("book", "BTCUSDT"))


def test_the_roster_has_one_topic_for_all() -> None:
    assert topic_of(Roster("running", [], [])) == b"roster.all."


@given(st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1))
def test_an_incarnation_joins_and_splits(epoch: int, life: int) -> None:
    assert split_incarnation(incarnation(epoch, life)) == (epoch, life)


def test_an_incarnation_grows_with_the_life_and_more_with_the_epoch() -> None:
    assert incarnation(1, 1) < incarnation(1, 2) < incarnation(2, 1)


def test_the_header_is_four_fields() -> None:
    assert len(Header._fields) + 1 == HEADER


def test_prices_travel_exactly() -> None:
    message = Book("X", "0.1000000000000000001", "1e-8", "0", "0", "B", 0, 0, 0)

    assert decode(b"book.X.", encode(message, 1, 1, 1))[1] == message
