"""Public REST answers about prices now and over a day: tickers, marks, funding, open interest."""

from typing import Any

from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.venue import payloads
from lib.venue.rest_lookup import Lookup
from lib.venue.rest_params import Params, integer, limited, within
from lib.venue.tape import Tape

INTEREST_RATE = "0.00010000"


def premium_index(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return mark and index prices and the coming funding."""

    def row(tape: Tape) -> dict[str, Any]:
        mark = tape.mark
        price = plain(mark.mark if mark else tape.last_price())
        return {
            "symbol": tape.rules.symbol,
            "markPrice": price,
            "indexPrice": plain(mark.index_price if mark else tape.last_price()),
            "estimatedSettlePrice": price,
            "lastFundingRate": plain(mark.funding_rate) if mark else "0.00000000",
            "interestRate": INTEREST_RATE,
            "nextFundingTime": payloads.ms(mark.next_funding_ns) if mark else 0,
            "time": payloads.ms(mark.time_ns if mark else now_ns),
        }

    return market.each(params, now_ns, row)


def funding_rate(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return past fundings, ascending."""
    tapes = [market.tape(params, now_ns)] if params.get("symbol") else market.stage.tapes.values()
    start, end = integer(params, "startTime"), integer(params, "endTime")
    limit = limited(params, 100 if start is not None else 200, 1000)
    found: list[dict[str, Any]] = [
        {
            "symbol": tape.rules.symbol,
            "fundingTime": row.time_ns // NS_PER_MS,
            "fundingRate": plain(row.rate),
            "markPrice": plain(row.mark),
            "rateType": "Regular",
        }
        for tape in tapes
        for row in tape.fundings
        if within(row.time_ns // NS_PER_MS, start, end)
    ]
    found.sort(key=lambda row: row["fundingTime"])
    return found[-limit:] if start is None else found[:limit]


def book_ticker(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return best bid and ask."""

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


def price(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return the last price."""

    def row(tape: Tape) -> dict[str, Any]:
        time_ms = payloads.ms(tape.changed_ns or now_ns)
        return {"symbol": tape.rules.symbol, "price": plain(tape.last_price()), "time": time_ms}

    return market.each(params, now_ns, row)


def day_ticker(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return the figures of the last 24 hours."""

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
            "count": day.trades,
        }

    return market.each(params, now_ns, row)


def open_interest(market: Lookup, params: Params, now_ns: int) -> Any:
    """Return the open interest."""
    tape = market.tape(params, now_ns)
    # Nobody but our accounts holds positions here: the day's volume stands in, as a plausible size.
    size = plain(tape.day(now_ns).volume)
    return {"openInterest": size, "symbol": tape.rules.symbol, "time": payloads.ms(now_ns)}
