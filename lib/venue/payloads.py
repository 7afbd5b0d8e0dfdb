"""JSON of the public market: one function per shape, bodies for REST and bytes for the streams."""

from decimal import Decimal
from typing import Any

import orjson

from lib.constants import NS_PER_MS
from lib.helpers import plain
from lib.venue.brackets import BRACKETS
from lib.venue.candles import Candle
from lib.venue.market import Level, MarkPrice, Print, Quote
from lib.venue.symbols import SymbolInfo
from lib.venue.tape import Aggregate, Day, Tape

Json = dict[str, Any]
PERCENT = Decimal("0.001")
MARKET_TYPE = 1
"""`st`: 1 is USD-M."""


def encode(body: Any) -> bytes:
    """Return JSON bytes."""
    return orjson.dumps(body)


def ms(time_ns: int) -> int:
    """Return milliseconds."""
    return time_ns // NS_PER_MS


def levels(rows: list[Level]) -> list[list[str]]:
    """Return price levels as the wire has them."""
    return [[plain(price), plain(qty)] for price, qty in rows]


def book_ticker(quote: Quote, now_ns: int) -> bytes:
    """Return a `bookTicker` event."""
    return encode(
        {
            "e": "bookTicker",
            "u": quote.update_id,
            "s": quote.symbol,
            "ps": quote.symbol.partition("_")[0],
            "b": plain(quote.bid),
            "B": plain(quote.bid_qty),
            "a": plain(quote.ask),
            "A": plain(quote.ask_qty),
            "T": ms(quote.time_ns),
            "E": ms(now_ns),
            "st": MARKET_TYPE,
        }
    )


def trade(event: Print, now_ns: int) -> bytes:
    """Return a `trade` event."""
    return encode(
        {
            "e": "trade",
            "E": ms(now_ns),
            "T": ms(event.time_ns),
            "s": event.symbol,
            "t": event.trade_id,
            "p": plain(event.price),
            "q": plain(event.qty),
            "X": "MARKET",
            "m": event.buyer_is_maker,
            "st": MARKET_TYPE,
        }
    )


def aggregate_row(row: Aggregate) -> Json:
    """Return what REST and stream share of an aggregate trade."""
    qty = plain(row.qty)
    return {
        "a": row.id,
        "p": plain(row.price),
        "q": qty,
        "nq": qty,
        "f": row.first_id,
        "l": row.last_id,
        "T": ms(row.time_ns),
        "m": row.buyer_is_maker,
    }


def aggregate(symbol: str, row: Aggregate, now_ns: int) -> bytes:
    """Return an `aggTrade` event."""
    head = {"e": "aggTrade", "E": ms(now_ns), "a": row.id, "s": symbol}
    return encode({**head, **aggregate_row(row), "st": MARKET_TYPE})


def depth(
    symbol: str,
    bids: list[Level],
    asks: list[Level],
    ids: tuple[int, int, int],
    times_ns: tuple[int, int],
) -> bytes:
    """Return a `depthUpdate` event, also for partial books.

    Args:
        symbol: The symbol.
        bids: Changed levels, or the best ones.
        asks: The same of the other side.
        ids: First and last update id, and the last one of the stream's previous event.
        times_ns: When it happened and when it is sent.
    """
    return encode(
        {
            "e": "depthUpdate",
            "E": ms(times_ns[1]),
            "T": ms(times_ns[0]),
            "s": symbol,
            "ps": symbol.partition("_")[0],
            "U": ids[0],
            "u": ids[1],
            "pu": ids[2],
            "b": levels(bids),
            "a": levels(asks),
            "st": MARKET_TYPE,
        }
    )


def kline(symbol: str, interval: str, row: Candle, closed: bool, now_ns: int) -> bytes:
    """Return a `kline` event."""
    body = {"t": row.open_ms, "T": row.close_ms, "s": symbol, "i": interval}
    body |= _kline_values(row, closed)
    return encode({"e": "kline", "E": ms(now_ns), "s": symbol, "k": body})


def continuous_kline(tape: Tape, interval: str, row: Candle, closed: bool, now_ns: int) -> bytes:
    """Return a `continuous_kline` event."""
    body = {"t": row.open_ms, "T": row.close_ms, "i": interval, **_kline_values(row, closed)}
    head = {"e": "continuous_kline", "E": ms(now_ns), "ps": tape.rules.pair}
    return encode({**head, "ct": tape.rules.contract_type, "k": body})


def _kline_values(row: Candle, closed: bool) -> Json:
    return {
        "f": row.first_id,
        "L": row.last_id,
        "o": plain(row.open),
        "c": plain(row.close),
        "h": plain(row.high),
        "l": plain(row.low),
        "v": plain(row.volume),
        "n": row.count,
        "x": closed,
        "q": plain(row.quote_volume),
        "V": plain(row.taker_volume),
        "Q": plain(row.taker_quote),
        "B": "0",
    }


def kline_row(row: Candle) -> list[Any]:
    """Return a candle as REST has it."""
    return [
        row.open_ms,
        plain(row.open),
        plain(row.high),
        plain(row.low),
        plain(row.close),
        plain(row.volume),
        row.close_ms,
        plain(row.quote_volume),
        row.count,
        plain(row.taker_volume),
        plain(row.taker_quote),
        "0",
    ]


def mark_price(mark: MarkPrice, now_ns: int) -> Json:
    """Return a `markPriceUpdate` event."""
    price = plain(mark.mark)
    return {
        "e": "markPriceUpdate",
        "E": ms(now_ns),
        "s": mark.symbol,
        "p": price,
        "ap": price,
        "P": price,
        "i": plain(mark.index_price),
        "r": plain(mark.funding_rate),
        "T": ms(mark.next_funding_ns),
        "st": MARKET_TYPE,
    }


def day_figures(tape: Tape, now_ns: int) -> dict[str, str]:
    """Return what the 24 h tickers of REST and stream share, by readable names."""
    day: Day = tape.day(now_ns)
    change = day.close - day.open
    percent = (change / day.open * 100).quantize(PERCENT) if day.open else Decimal(0)
    average = day.quote_volume / day.volume if day.volume else day.close
    unit = Decimal(1).scaleb(-tape.rules.price_precision)
    return {
        "change": plain(change),
        "percent": plain(percent),
        "average": plain(average.quantize(unit)),
        "last_qty": plain(tape.trades[-1].qty if tape.trades else Decimal(0)),
        "last": plain(day.close),
        "open": plain(day.open),
        "high": plain(day.high),
        "low": plain(day.low),
        "volume": plain(day.volume),
        "quote_volume": plain(day.quote_volume.quantize(unit)),
    }


def ticker(tape: Tape, now_ns: int) -> Json:
    """Return a `24hrTicker` event."""
    figures, day = day_figures(tape, now_ns), tape.day(now_ns)
    return {
        "e": "24hrTicker",
        "E": ms(now_ns),
        "s": tape.rules.symbol,
        "p": figures["change"],
        "P": figures["percent"],
        "w": figures["average"],
        "c": figures["last"],
        "Q": figures["last_qty"],
        "o": figures["open"],
        "h": figures["high"],
        "l": figures["low"],
        "v": figures["volume"],
        "q": figures["quote_volume"],
        "O": day.open_ms,
        "C": ms(now_ns),
        "F": day.first_id,
        "L": day.last_id,
        "n": day.trades,
        "ps": tape.rules.pair,
        "st": MARKET_TYPE,
    }


def contract_info(rules: SymbolInfo, now_ns: int) -> bytes:
    """Return a `contractInfo` event; its brackets have numbers, not strings."""
    steps = [
        {
            "bs": each.number,
            "bnf": each.floor,
            "bnc": each.cap,
            "mmr": float(each.ratio),
            "cf": float(each.deduction),
            "mi": 1,
            "ma": each.leverage,
        }
        for each in BRACKETS
    ]
    return encode(
        {
            "e": "contractInfo",
            "E": ms(now_ns),
            "s": rules.symbol,
            "ps": rules.pair,
            "ct": rules.contract_type,
            "dt": rules.delivery_ms,
            "ot": rules.onboard_ms,
            "cs": rules.status,
            "bks": steps,
            "st": MARKET_TYPE,
        }
    )


def mini_ticker(tape: Tape, now_ns: int) -> Json:
    """Return a `24hrMiniTicker` event."""
    figures = day_figures(tape, now_ns)
    return {
        "e": "24hrMiniTicker",
        "E": ms(now_ns),
        "s": tape.rules.symbol,
        "c": figures["last"],
        "o": figures["open"],
        "h": figures["high"],
        "l": figures["low"],
        "v": figures["volume"],
        "q": figures["quote_volume"],
        "ps": tape.rules.pair,
        "st": MARKET_TYPE,
    }
