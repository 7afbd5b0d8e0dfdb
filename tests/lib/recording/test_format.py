"""The recording format: what is written is read, whatever happens to the file's end."""

from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError
from lib.recording.layout import MAGIC, pack_integers, unpack_integers
from lib.recording.reader import RecordingReader, is_recording
from lib.recording.writer import BLOCK_ROWS, RecordingWriter

START_NS = 1_767_225_600_000_000_000


def write(path: Path, rows: int = 3, block_ns: int = 0) -> RecordingWriter:
    writer = RecordingWriter(path, {"exchange": "TEST"}, block_ns)
    for number in range(rows):
        time_ns = START_NS + number * NS_PER_SECOND
        writer.book(time_ns, time_ns - 5, "BTCUSDT", number, ("1.10", "2", "1.2", "0.50"))
    return writer


def test_every_kind_of_row_comes_back(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a.tvr", {"exchange": "TEST"})
    now = START_NS
    writer.book(now, now - 1, "A", 7, ("1.10", "2", "1.2", "0.50"))
    writer.trade(now + 1, now, "B", 8, ("1.2", "0.00000001", True))
    writer.mark(now + 2, now, "A", now + 99, ("1.15", "1.14", "-0.0001"))
    writer.depth(
        now + 3, now, "A", (10, 12, 9), ([["1.1", "3"], ["1.0", "0"]], [["1.2", "4"]]),
        snapshot=False,
    )  # fmt: skip
    writer.candle(now + 4, now, "B", now - 60, ("1", "2", "0.5", "1.5", "1000"))
    writer.close()

    reader = RecordingReader(tmp_path / "a.tvr")
    (block,) = reader.blocks()

    assert reader.about == {"exchange": "TEST"}
    assert (reader.first_ns, reader.last_ns) == (now, now + 4)
    assert reader.symbols == ["A", "B"]
    assert list(block.order) == [0, 1, 2, 3, 4]
    book, trade, mark, depth, candle = (
        block.kinds[name] for name in ("book", "trade", "mark", "depth", "candle")
    )
    assert list(book.symbols()) == ["A"]
    assert [str(next(book.numbers(name))) for name in ("bid", "ask_qty")] == ["1.10", "0.50"]
    assert list(trade.integers("buyer_is_maker")) == [1]
    assert list(trade.numbers("qty")) == [Decimal("0.00000001")]
    assert list(mark.integers("next_funding_ns")) == [now + 99]
    levels = [(Decimal("1.1"), Decimal(3)), (Decimal("1.0"), Decimal(0)), (Decimal("1.2"), 4)]
    assert list(depth.levels()) == levels
    assert list(depth.integers("previous_id")) == [9]
    assert list(candle.numbers("high")) == [Decimal(2)]


def test_a_torn_end_costs_the_last_block_only(tmp_path: Path) -> None:
    path = tmp_path / "a.tvr"
    writer = write(path)
    writer.flush()
    whole = path.stat().st_size
    writer.book(START_NS + 10**10, 0, "BTCUSDT", 9, ("1", "1", "2", "1"))
    writer.close()
    content = path.read_bytes()

    for size in range(whole, len(content)):
        path.write_bytes(content[:size])
        reader = RecordingReader(path)
        assert len(reader.pieces) == 1
        assert reader.is_torn == (size > whole)


def test_a_file_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.tvr"
    writer = write(path, rows=10, block_ns=2 * NS_PER_SECOND)

    reader = RecordingReader(path)

    assert sum(piece.head.rows for piece in reader.pieces) == 9, "a block every two seconds"
    writer.close()


def test_a_full_block_is_written(tmp_path: Path) -> None:
    writer = write(tmp_path / "a.tvr", rows=BLOCK_ROWS + 1)

    assert writer.rows == BLOCK_ROWS
    writer.close()


@pytest.mark.parametrize("place", [-1, -10])
def test_a_flipped_byte_is_found(tmp_path: Path, place: int) -> None:
    path = tmp_path / "a.tvr"
    write(path).close()
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(ConfigError, match=r"a\.tvr: block 0 is damaged"):
        list(RecordingReader(path).blocks())


def test_what_is_no_block_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.tvr"
    write(path).close()
    path.write_bytes(path.read_bytes() + b"x" * 100)

    with pytest.raises(ConfigError, match="no block at byte"):
        RecordingReader(path)


@pytest.mark.parametrize("content", [b"", b"hello", MAGIC[:-3]])
def test_another_file_is_no_recording(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.tvr"
    path.write_bytes(content)

    assert not is_recording(path)
    with pytest.raises(ConfigError, match="no recording"):
        RecordingReader(path)


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "a.tvr").close()

    with pytest.raises(FileExistsError):
        RecordingWriter(tmp_path / "a.tvr", {})


def test_only_the_blocks_of_a_span_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.tvr", rows=30, block_ns=2 * NS_PER_SECOND).close()

    blocks = RecordingReader(tmp_path / "a.tvr").blocks(
        START_NS + 10 * NS_PER_SECOND, START_NS + 15 * NS_PER_SECOND
    )

    assert sum(block.head.rows for block in blocks) == 6


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_integers_come_back(values: list[int]) -> None:
    differences = [b - a for a, b in zip([0, *values], values, strict=False)]
    if all(-(2**63) <= each < 2**63 for each in differences):
        assert list(unpack_integers(pack_integers(values))) == values


amounts = st.decimals("-1e9", "1e9", places=8, allow_nan=False).map(lambda value: f"{value:f}")


@given(st.lists(st.tuples(st.sampled_from("XYZ"), st.lists(amounts, min_size=4, max_size=4))))
def test_numbers_come_back_exactly(tmp_path_factory: Any, rows: list[Any]) -> None:
    path = tmp_path_factory.mktemp("tvr") / "a.tvr"
    writer = RecordingWriter(path, {})
    for symbol, quote in rows:
        writer.book(START_NS, START_NS, symbol, 1, quote)
    writer.close()

    found = []
    for block in RecordingReader(path).blocks():
        book = block.kinds["book"]
        columns = (book.numbers(name) for name in ("bid", "bid_qty", "ask", "ask_qty"))
        found += list(zip(book.symbols(), zip(*columns, strict=True), strict=True))
    assert [(symbol, [f"{v:f}" for v in quote]) for symbol, quote in islice(found, 10**6)] == [
        (symbol, list(quote)) for symbol, quote in rows
    ]
