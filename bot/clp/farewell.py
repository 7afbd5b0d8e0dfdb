"""Leaves a position protected when its bot goes."""

from decimal import Decimal

from bot.clp.market import Market
from bot.clp.position import Position
from bot.clp.quoting import Touch
from bot.clp.trailing_stop import TrailingStop
from lib.constants import KEY
from lib.errors import ExchangeError, ExchangeUnavailable
from lib.exchange import AbstractExchange
from lib.logger import AbstractLogger
from lib.models import ZERO


def look_again(
    exchange: AbstractExchange,
    logger: AbstractLogger,
    position: Position,
    market: Market,
    timestamp: int,
) -> None:
    """Ask the exchange for position and book: while a bot cleans up, no handler tells.

    Args:
        exchange: The exchange.
        logger: Told when it does not know; what was known before stands then.
        position: Takes in the position.
        market: Takes in the book.
        timestamp: Time since the epoch, ns.
    """
    try:
        rows = exchange.getPositions()
        qty, entry = (rows[0][KEY.QTY], rows[0][KEY.PRICE]) if rows else (ZERO, ZERO)
        position.on_account(entry, qty, timestamp)
        book = exchange.getBook()
        market.touch = Touch(book[KEY.BID_PRICE], book[KEY.ASK_PRICE])
    except ExchangeUnavailable as error:
        logger.warning("position not read again", reason=str(error))


def leave_stop(
    exchange: AbstractExchange,
    logger: AbstractLogger,
    stop: TrailingStop,
    qty: Decimal,
    mid: Decimal,
) -> None:
    """Post a reduce-only stop for the whole position; close it where the stop is hit already.

    Args:
        exchange: The exchange.
        logger: Told what is left, or that nothing protects the position.
        stop: Knows the price.
        qty: Signed position.
        mid: Of the newest book.
    """
    price = stop.price
    if price is None:
        logger.critical("position left without a stop: no stop price is known", qty=qty)
        return
    try:
        if stop.is_hit(mid):
            client_id = exchange.Post(-qty, wait=True, reduce_only=True, tag="stop")
        else:
            client_id = exchange.Post(
                -qty, price, stopmarket=True, wait=True, reduce_only=True, tag="stop"
            )
    except ExchangeError as error:
        reason = str(error)
        logger.critical("position left without a stop", qty=qty, stop=price, reason=reason)
    else:
        logger.info("stop left behind", id=client_id, qty=-qty, stop=price)
