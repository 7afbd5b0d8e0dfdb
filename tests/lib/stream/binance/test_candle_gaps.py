from lib.bus.protocol import Candle
from lib.constants import NS_PER_MINUTE
from lib.stream.binance.candle_gaps import GRACE_NS, MAX_MINUTES, MAX_TRIES, RETRY_NS, CandleGaps


def candle(minute: int, *, finished: bool = True) -> Candle:
    return Candle("BTCUSDT", minute * NS_PER_MINUTE, "1", "1", "1", "1", "0", finished, "X", 0, 0)


def test_first_candle_ever_has_no_gap_before_it() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)

    assert gaps.due(GRACE_NS) == []


def test_missing_minutes_are_due_after_a_grace() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)
    gaps.see(candle(8), 0)

    assert gaps.due(GRACE_NS - 1) == []
    assert gaps.due(GRACE_NS) == [("BTCUSDT", 6 * NS_PER_MINUTE, 7 * NS_PER_MINUTE)]
    assert gaps.found == 2


def test_growing_candle_shows_the_gap_before_it() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)
    gaps.see(candle(6, finished=False), 0)
    gaps.see(candle(7, finished=False), 0)

    assert gaps.due(GRACE_NS) == [("BTCUSDT", 6 * NS_PER_MINUTE, 6 * NS_PER_MINUTE)]


def test_late_closing_frame_fills_the_gap() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)
    gaps.see(candle(7, finished=False), 0)
    gaps.see(candle(6), 1)

    assert gaps.due(GRACE_NS) == []
    assert gaps.found == 0


def test_what_the_exchange_does_not_have_is_given_up() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)
    gaps.see(candle(7), 0)

    asked = [bool(gaps.due(GRACE_NS + RETRY_NS * number)) for number in range(MAX_TRIES + 2)]

    assert asked == [True] * MAX_TRIES + [False, False]
    assert gaps.found == 1


def test_long_gap_is_filled_at_its_end_only() -> None:
    gaps = CandleGaps()
    gaps.see(candle(5), 0)
    gaps.see(candle(1_000), 0)

    assert gaps.due(GRACE_NS) == [
        ("BTCUSDT", (1_000 - MAX_MINUTES) * NS_PER_MINUTE, 999 * NS_PER_MINUTE)
    ]
