"""Recordings of our own format play in the venue."""

from decimal import Decimal
from pathlib import Path

import pytest

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError
from lib.recording.writer import RecordingWriter
from lib.venue.candles import Candle
from lib.venue.configuration import make_feed
from lib.venue.market import Levels, MarkPrice, Print, Quote
from lib.venue.recorded_files import open_source, read

START_NS = 1_700_000_000 * NS_PER_SECOND
MINUTE_NS = 60 * NS_PER_SECOND
BAR = ("100", "110", "90", "105", "8")


def at(number: int) -> tuple[int, int, str]:
    """Return receive time, exchange's time and symbol of the numbered row."""
    time_ns = START_NS + number * NS_PER_SECOND
    return time_ns, time_ns - 5, "BTCUSDT"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "day.tvr"
    writer = RecordingWriter(file, {})
    sides = [("99.9", "1"), ("99.8", "2")], [("100.1", "3")]
    writer.depth(*at(0), (1, 5, 0), sides, snapshot=True)
    writer.book(*at(1), 6, ("99.9", "1.5", "100.1", "3"))
    writer.trade(*at(2), 77, ("100.1", "0.5", False))
    writer.mark(*at(3), START_NS + MINUTE_NS, ("100", "100.2", "0.0001"))
    writer.candle(*at(60), START_NS, BAR)
    writer.depth(*at(61), (7, 8, 5), ([("99.8", "0")], []), snapshot=False)
    writer.close()
    return file


def test_rows_become_events_in_their_order(path: Path) -> None:
    rows = list(read(open_source(str(path))))

    d = Decimal
    assert rows == [
        (
            at(0)[0],
            Levels(
                "BTCUSDT",
                [(d("99.9"), d(1)), (d("99.8"), d(2))],
                [(d("100.1"), d(3))],
                1,
                5,
                0,
                at(0)[0],
                snapshot=True,
            ),
        ),
        (
            at(1)[0],
            Quote("BTCUSDT", d("99.9"), d("1.5"), d("100.1"), d(3), 6, at(1)[0]),
        ),
        (
            at(2)[0],
            Print("BTCUSDT", d("100.1"), d("0.5"), False, 77, at(2)[0]),
        ),
        (
            at(3)[0],
            MarkPrice("BTCUSDT", d(100), d("100.2"), d("0.0001"), START_NS + MINUTE_NS, at(3)[0]),
        ),
        (
            at(61)[0],
            Levels("BTCUSDT", [(d("99.8"), d(0))], [], 7, 8, 5, at(61)[0]),
        ),
    ], "candles beside trades would be the same market once more"


def test_venue_plays_it(path: Path) -> None:
    config = {"files": [str(path)], "loop": False}
    feed = make_feed("recording", config, 1, {})
    assert list(feed.listed()) == ["BTCUSDT"]
    feed.start(5 * MINUTE_NS)

    events = feed.take(7 * MINUTE_NS)

    kinds = {type(event) for event in events}
    assert {Levels, Print, MarkPrice} <= kinds
    [trade] = [event for event in events if isinstance(event, Print)]
    assert trade.time_ns == 5 * MINUTE_NS + 2 * NS_PER_SECOND


def test_candles_alone_are_played_and_become_history(tmp_path: Path) -> None:
    file = tmp_path / "minutes.tvr"
    writer = RecordingWriter(file, {})
    for number, symbol in enumerate(("BTCUSDT", "ETHUSDT") * 5):
        open_ns = START_NS + number // 2 * MINUTE_NS
        writer.candle(open_ns + MINUTE_NS, open_ns + MINUTE_NS, symbol, open_ns, BAR)
    writer.close()

    rows = list(read(open_source(str(file))))
    assert all(isinstance(row, Candle) for _, row in rows)
    assert rows[0][0] == START_NS
    config = {"files": [str(file)], "loop": False, "start": 120.0}
    feed = make_feed("recording", config, 1, {})
    feed.start(100 * MINUTE_NS)
    events = [event for _ in range(10) for event in feed.take(200 * MINUTE_NS)]
    prints = [event for event in events if isinstance(event, Print)]
    assert {event.symbol for event in prints} == {"BTCUSDT", "ETHUSDT"}
    assert len(prints) == 2 * 3 * 4
    assert len(feed.history("ETHUSDT")) == 2


def test_damaged_recording_is_refused_in_one_line(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[-3] ^= 0xFF
    path.write_bytes(whole)

    with pytest.raises(ConfigError, match=r"day\.tvr.*damaged|damaged"):
        list(read(open_source(str(path))))
