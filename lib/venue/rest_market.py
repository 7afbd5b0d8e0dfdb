"""Public REST answers: everything derives from the listing, the tapes and the engine's book."""

from collections.abc import Callable
from typing import Any

from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.venue import payloads, rest_tickers
from lib.venue.auth import mandatory
from lib.venue.candles import INTERVALS_MS, SECOND, Candle, Series
from lib.venue.exchange_info import exchange_info
from lib.venue.market import Print
from lib.venue.refusals import Refusal
from lib.venue.rest_lookup import Lookup
from lib.venue.rest_params import Params, integer, limited, within
from lib.venue.tape import Tape

Answer = Callable[[Lookup, Params, int], Any]
DEPTH_LIMITS = {5, 10, 20, 50, 100, 500, 1000}
HOUR_MS = 3_600_000


class RestMarket(Lookup):
    """Answers every public endpoint."""

    def answer(self, path: str, params: Params, now_ns: int) -> Any:
        """Return the JSON-ready body of a public GET.

        Raises:
            Refusal: The parameters are wrong.
        """
        return ANSWERS[path](self, params, now_ns)


def _depth(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    limit = integer(params, "limit")
    if limit is not None and limit not in DEPTH_LIMITS:
        raise Refusal(-4021, f"{limit} is not valid depth limit.")
    bids, asks, last_id = market.stage.engine.depth(tape.rules.symbol)
    top = limit or 500
    return {
        "lastUpdateId": last_id,
        "E": payloads.ms(now_ns),
        "T": payloads.ms(tape.changed_ns or now_ns),
        "bids": payloads.levels(bids[:top]),
        "asks": payloads.levels(asks[:top]),
    }


def _trade_row(event: Print) -> dict[str, Any]:
    return {
        "id": event.trade_id,
        "price": plain(event.price),
        "qty": plain(event.qty),
        "quoteQty": plain((event.price * event.qty).quantize(event.price)),
        "time": payloads.ms(event.time_ns),
        "isBuyerMaker": event.buyer_is_maker,
        "isRPITrade": False,
    }


def _trades(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    rows = list(tape.trades)[-limited(params, 500, 1000) :]
    return [_trade_row(row) for row in rows]


def _historical_trades(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    limit, first = limited(params, 100, 500), integer(params, "fromId")
    rows = list(tape.trades)
    rows = rows[-limit:] if first is None else [x for x in rows if x.trade_id >= first][:limit]
    return [_trade_row(row) for row in rows]


def _aggregates(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    limit, first = limited(params, 500, 1000), integer(params, "fromId")
    start, end = integer(params, "startTime"), integer(params, "endTime")
    if start is not None and end is not None and end - start > HOUR_MS:
        raise Refusal(-4166, "Search window is restricted to recent 1 hours only.")
    rows = list(tape.aggregates)
    if first is not None:
        rows = [row for row in rows if row.id >= first]
    rows = [row for row in rows if within(payloads.ms(row.time_ns), start, end)]
    newest = first is None and start is None
    rows = rows[-limit:] if newest else rows[:limit]
    return [payloads.aggregate_row(row) for row in rows]


def _interval(params: Params, *, seconds: bool = False) -> str:
    interval = params.get("interval")
    if not interval:
        raise Refusal(-1102, mandatory("interval"))
    if interval not in INTERVALS_MS and not (seconds and interval == SECOND):
        raise Refusal(-1120)
    return interval


def _rows(tape: Tape, interval: str, params: Params, now_ns: int) -> list[Candle]:
    start, end = integer(params, "startTime"), integer(params, "endTime")
    limit = limited(params, 500, 1500)
    if interval == SECOND:
        series = Series(SECOND)
        for trade in tape.trades:
            series.add(trade)
        rows = series.rows
    else:
        rows = tape.candles(interval, now_ns)
    rows = [row for row in rows if within(row.open_ms, start, end)]
    return rows[-limit:] if start is None else rows[:limit]


def _klines(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    rows = _rows(tape, _interval(params), params, now_ns)
    return [payloads.kline_row(row) for row in rows]


def _continuous(market: Lookup, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns, "pair")
    if not params.get("contractType"):
        raise Refusal(-1102, mandatory("contractType"))
    rows = _rows(tape, _interval(params, seconds=True), params, now_ns)
    return [payloads.kline_row(row) for row in rows]


def _quiet_klines(market: Lookup, params: Params, now_ns: int) -> Any:
    # Mark and index follow the trades closely here; their candles differ only in the volumes.
    tape = market.tape(params, now_ns, "pair" if "pair" in params else "symbol")
    rows = [payloads.kline_row(row) for row in _rows(tape, _interval(params), params, now_ns)]
    for row in rows:
        row[5] = row[7] = row[9] = row[10] = "0"
    return rows


def _premium_klines(market: Lookup, params: Params, now_ns: int) -> Any:
    rows = _quiet_klines(market, params, now_ns)
    for row in rows:
        row[1] = row[2] = row[3] = row[4] = "0.00000000"
    return rows


def _exchange_info(market: Lookup, params: Params, now_ns: int) -> Any:
    return exchange_info(market.stage.listing.values(), market.quotas, now_ns)


ANSWERS: dict[str, Answer] = {
    "/fapi/v1/ping": lambda market, params, now_ns: {},
    "/api/v3/ping": lambda market, params, now_ns: {},
    "/fapi/v1/time": lambda market, params, now_ns: {"serverTime": now_ns // NS_PER_MS},
    "/api/v3/time": lambda market, params, now_ns: {"serverTime": now_ns // NS_PER_MS},
    "/fapi/v1/exchangeInfo": _exchange_info,
    "/fapi/v1/depth": _depth,
    "/fapi/v1/rpiDepth": _depth,
    "/fapi/v1/trades": _trades,
    "/fapi/v1/historicalTrades": _historical_trades,
    "/fapi/v1/aggTrades": _aggregates,
    "/fapi/v1/klines": _klines,
    "/fapi/v1/continuousKlines": _continuous,
    "/fapi/v1/markPriceKlines": _quiet_klines,
    "/fapi/v1/indexPriceKlines": _quiet_klines,
    "/fapi/v1/premiumIndexKlines": _premium_klines,
    "/fapi/v1/premiumIndex": rest_tickers.premium_index,
    "/fapi/v1/fundingRate": rest_tickers.funding_rate,
    "/fapi/v1/fundingInfo": lambda market, params, now_ns: [],
    "/fapi/v1/ticker/bookTicker": rest_tickers.book_ticker,
    "/fapi/v1/ticker/price": rest_tickers.price,
    "/fapi/v2/ticker/price": rest_tickers.price,
    "/fapi/v1/ticker/24hr": rest_tickers.day_ticker,
    "/fapi/v1/openInterest": rest_tickers.open_interest,
}
