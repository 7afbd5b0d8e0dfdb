"""Public REST answers: everything derives from the listing, the tapes and the engine's book."""

from collections.abc import Callable, Mapping
from typing import Any

from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.venue import payloads
from lib.venue.auth import mandatory
from lib.venue.candles import INTERVALS_MS, SECOND, Candle, Series
from lib.venue.exchange_info import exchange_info
from lib.venue.market import Print
from lib.venue.refusals import Refusal
from lib.venue.stage import Stage
from lib.venue.tape import Tape

Params = Mapping[str, str]
Answer = Callable[["RestMarket", Params, int], Any]
DEPTH_LIMITS = {5, 10, 20, 50, 100, 500, 1000}
HOUR_MS = 3_600_000
INTEREST_RATE = "0.00010000"


class RestMarket:
    """Answers every public endpoint.

    Args:
        stage: The market.
        quotas: `rateLimits` of exchangeInfo.
    """

    def __init__(self, stage: Stage, quotas: list[dict[str, object]]) -> None:
        """Keep what the answers derive from."""
        self.stage = stage
        self.quotas = quotas

    def answer(self, path: str, params: Params, now_ns: int) -> Any:
        """Return the JSON-ready body of a public GET.

        Raises:
            Refusal: The parameters are wrong.
        """
        return ANSWERS[path](self, params, now_ns)

    def knows(self, path: str) -> bool:
        """Return whether this class answers a path."""
        return path in ANSWERS

    def tape(self, params: Params, now_ns: int, name: str = "symbol") -> Tape:
        """Return the tape that a mandatory parameter names.

        Raises:
            Refusal: -1102 when it is missing, -1121 when it is not listed.
        """
        symbol = params.get(name)
        if not symbol:
            raise Refusal(-1102, mandatory(name))
        tape = self.stage.ensure(symbol, now_ns)
        if tape is None:
            raise Refusal(-1121)
        return tape

    def each(self, params: Params, now_ns: int, row: Callable[[Tape], Any]) -> Any:
        """Return one row for a named symbol, all playing symbols' rows otherwise."""
        if params.get("symbol"):
            return row(self.tape(params, now_ns))
        return [row(tape) for tape in self.stage.tapes.values()]


def integer(params: Params, name: str) -> int | None:
    """Return an optional integer parameter.

    Raises:
        Refusal: -1102 when it is not an integer.
    """
    text = params.get(name)
    if text is None or text == "":
        return None
    if not text.removeprefix("-").isdigit():
        raise Refusal(-1102, mandatory(name))
    return int(text)


def limited(params: Params, default: int, most: int) -> int:
    """Return `limit`.

    Raises:
        Refusal: -1130 outside 1..most.
    """
    limit = integer(params, "limit")
    if limit is None:
        return default
    if not 1 <= limit <= most:
        raise Refusal(-1130)
    return limit


def _depth(market: RestMarket, params: Params, now_ns: int) -> Any:
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


def _trades(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    rows = list(tape.trades)[-limited(params, 500, 1000) :]
    return [_trade_row(row) for row in rows]


def _historical_trades(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    limit, first = limited(params, 100, 500), integer(params, "fromId")
    rows = list(tape.trades)
    rows = rows[-limit:] if first is None else [x for x in rows if x.trade_id >= first][:limit]
    return [_trade_row(row) for row in rows]


def _aggregates(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    limit, first = limited(params, 500, 1000), integer(params, "fromId")
    start, end = integer(params, "startTime"), integer(params, "endTime")
    if start is not None and end is not None and end - start > HOUR_MS:
        raise Refusal(-4166, "Search window is restricted to recent 1 hours only.")
    rows = list(tape.aggregates)
    if first is not None:
        rows = [row for row in rows if row.id >= first]
    rows = [row for row in rows if _within(payloads.ms(row.time_ns), start, end)]
    newest = first is None and start is None
    rows = rows[-limit:] if newest else rows[:limit]
    return [payloads.aggregate_row(row) for row in rows]


def _within(time_ms: int, start: int | None, end: int | None) -> bool:
    return (start is None or time_ms >= start) and (end is None or time_ms <= end)


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
    rows = [row for row in rows if _within(row.open_ms, start, end)]
    return rows[-limit:] if start is None else rows[:limit]


def _klines(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    rows = _rows(tape, _interval(params), params, now_ns)
    return [payloads.kline_row(row) for row in rows]


def _continuous(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns, "pair")
    if not params.get("contractType"):
        raise Refusal(-1102, mandatory("contractType"))
    rows = _rows(tape, _interval(params, seconds=True), params, now_ns)
    return [payloads.kline_row(row) for row in rows]


def _quiet_klines(market: RestMarket, params: Params, now_ns: int) -> Any:
    # Mark and index follow the trades closely here; their candles differ only in the volumes.
    tape = market.tape(params, now_ns, "pair" if "pair" in params else "symbol")
    rows = [payloads.kline_row(row) for row in _rows(tape, _interval(params), params, now_ns)]
    for row in rows:
        row[5] = row[7] = row[9] = row[10] = "0"
    return rows


def _premium_klines(market: RestMarket, params: Params, now_ns: int) -> Any:
    rows = _quiet_klines(market, params, now_ns)
    for row in rows:
        row[1] = row[2] = row[3] = row[4] = "0.00000000"
    return rows


def _premium_index(market: RestMarket, params: Params, now_ns: int) -> Any:
    def row(tape: Tape) -> dict[str, Any]:
        mark = tape.mark
        price = plain(mark.mark if mark else tape.last_price())
        return {
            "symbol": tape.rules.symbol,
            "markPrice": price,
            "indexPrice": plain(mark.index if mark else tape.last_price()),
            "estimatedSettlePrice": price,
            "lastFundingRate": plain(mark.funding_rate) if mark else "0.00000000",
            "interestRate": INTEREST_RATE,
            "nextFundingTime": payloads.ms(mark.next_funding_ns) if mark else 0,
            "time": payloads.ms(mark.time_ns if mark else now_ns),
        }

    return market.each(params, now_ns, row)


def _funding_rate(market: RestMarket, params: Params, now_ns: int) -> Any:
    tapes = [market.tape(params, now_ns)] if params.get("symbol") else market.stage.tapes.values()
    start, end = integer(params, "startTime"), integer(params, "endTime")
    limit = limited(params, 100 if start is not None else 200, 1000)
    found = [
        {
            "symbol": tape.rules.symbol,
            "fundingTime": row.time_ns // NS_PER_MS,
            "fundingRate": plain(row.rate),
            "markPrice": plain(row.mark),
            "rateType": "Regular",
        }
        for tape in tapes
        for row in tape.fundings
        if _within(row.time_ns // NS_PER_MS, start, end)
    ]
    found.sort(key=lambda row: int(row["fundingTime"]))
    return found[-limit:] if start is None else found[:limit]


def _book_ticker(market: RestMarket, params: Params, now_ns: int) -> Any:
    def row(tape: Tape) -> dict[str, Any]:
        quote = tape.quote
        return {
            "symbol": tape.rules.symbol,
            "bidPrice": plain(quote.bid) if quote else "0",
            "bidQty": plain(quote.bid_qty) if quote else "0",
            "askPrice": plain(quote.ask) if quote else "0",
            "askQty": plain(quote.ask_qty) if quote else "0",
            "time": payloads.ms(quote.time_ns if quote else now_ns),
            "lastUpdateId": quote.update_id if quote else 0,
        }

    return market.each(params, now_ns, row)


def _price(market: RestMarket, params: Params, now_ns: int) -> Any:
    def row(tape: Tape) -> dict[str, Any]:
        time_ms = payloads.ms(tape.changed_ns or now_ns)
        return {"symbol": tape.rules.symbol, "price": plain(tape.last_price()), "time": time_ms}

    return market.each(params, now_ns, row)


def _day_ticker(market: RestMarket, params: Params, now_ns: int) -> Any:
    def row(tape: Tape) -> dict[str, Any]:
        figures, day = payloads.day_figures(tape, now_ns), tape.day(now_ns)
        return {
            "symbol": tape.rules.symbol,
            "priceChange": figures["change"],
            "priceChangePercent": figures["percent"],
            "weightedAvgPrice": figures["average"],
            "lastPrice": figures["last"],
            "lastQty": figures["last_qty"],
            "openPrice": figures["open"],
            "highPrice": figures["high"],
            "lowPrice": figures["low"],
            "volume": figures["volume"],
            "quoteVolume": figures["quote_volume"],
            "openTime": day.open_ms,
            "closeTime": payloads.ms(now_ns),
            "firstId": day.first_id,
            "lastId": day.last_id,
            "count": day.count,
        }

    return market.each(params, now_ns, row)


def _open_interest(market: RestMarket, params: Params, now_ns: int) -> Any:
    tape = market.tape(params, now_ns)
    # Nobody but our accounts holds positions here: the day's volume stands in, as a plausible size.
    size = plain(tape.day(now_ns).volume)
    return {"openInterest": size, "symbol": tape.rules.symbol, "time": payloads.ms(now_ns)}


def _exchange_info(market: RestMarket, params: Params, now_ns: int) -> Any:
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
    "/fapi/v1/premiumIndex": _premium_index,
    "/fapi/v1/fundingRate": _funding_rate,
    "/fapi/v1/fundingInfo": lambda market, params, now_ns: [],
    "/fapi/v1/ticker/bookTicker": _book_ticker,
    "/fapi/v1/ticker/price": _price,
    "/fapi/v2/ticker/price": _price,
    "/fapi/v1/ticker/24hr": _day_ticker,
    "/fapi/v1/openInterest": _open_interest,
}
