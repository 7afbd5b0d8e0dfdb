import pytest

from lib.venue.stream_names import Kind, Route, parse


@pytest.mark.parametrize(
    ("name", "kind", "route", "speed"),
    [
        ("btcusdt@bookTicker", Kind.BOOK_TICKER, Route.PUBLIC, 0),
        ("!bookTicker", Kind.BOOK_TICKER, Route.PUBLIC, 5000),
        ("btcusdt@trade", Kind.TRADE, Route.PUBLIC, 0),
        ("btcusdt@depth", Kind.DIFF, Route.PUBLIC, 250),
        ("btcusdt@depth@100ms", Kind.DIFF, Route.PUBLIC, 100),
        ("btcusdt@depth@0ms", Kind.DIFF, Route.PUBLIC, 0),
        ("btcusdt@rpiDepth@500ms", Kind.DIFF, Route.PUBLIC, 500),
        ("btcusdt@depth20@500ms", Kind.PARTIAL, Route.PUBLIC, 500),
        ("btcusdt@aggTrade", Kind.AGG_TRADE, Route.MARKET, 0),
        ("btcusdt@kline_1M", Kind.KLINE, Route.MARKET, 250),
        ("btcusdt_perpetual@continuousKline_1s", Kind.CONTINUOUS, Route.MARKET, 250),
        ("btcusdt@markPrice", Kind.MARK, Route.MARKET, 3000),
        ("!markPrice@arr@1s", Kind.MARK, Route.MARKET, 1000),
        ("btcusdt@ticker", Kind.TICKER, Route.MARKET, 2000),
        ("!miniTicker@arr", Kind.MINI_TICKER, Route.MARKET, 1000),
        ("!forceOrder@arr", Kind.FORCE, Route.MARKET, 1000),
        ("!contractInfo", Kind.CONTRACT, Route.MARKET, 0),
    ],
)
def test_documented_names_are_known(name: str, kind: Kind, route: Route, speed: int) -> None:
    stream = parse(name)
    assert stream is not None
    assert (stream.kind, stream.route, stream.speed_ms) == (kind, route, speed)
    assert stream.delivered_on(route)
    assert stream.delivered_on(Route.LEGACY) == (route is Route.PUBLIC)


@pytest.mark.parametrize(
    "name",
    [
        "BTCUSDT@bookTicker",
        "btcusdt",
        "btcusdt@",
        "btcusdt@kline_7m",
        "btcusdt@kline_1s",
        "x@depth7",
    ],
)
def test_other_names_mean_nothing(name: str) -> None:
    assert parse(name) is None
