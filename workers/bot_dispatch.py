"""One message becomes one call of a bot's handler: strings become `Decimal` here."""

from bot.abstract_bot import AbstractBot
from lib.bus.protocol import Account, Book, Candle, Command, Health, Trade
from lib.constants import Side
from lib.helpers import decimal
from lib.models import Update
from workers.bot_inbox import MarketEvent


def market_event(bot: AbstractBot, event: MarketEvent, waited_ns: int) -> None:
    """Hand a market event on; `waited_ns` since it was published counts as latency, too."""
    match event:
        case Book():
            bot.onOrderbook(
                decimal(event.ask_price),
                decimal(event.ask_qty),
                decimal(event.bid_price),
                decimal(event.bid_qty),
                event.symbol,
                event.exchange,
                event.event_ns,
                event.latency_ns + waited_ns,
            )
        case Trade():
            bot.onTrade(
                decimal(event.price),
                decimal(event.qty),
                Side(event.side),
                event.symbol,
                event.exchange,
                event.event_ns,
                event.latency_ns + waited_ns,
            )
        case Candle():
            bot.onCandle(
                decimal(event.open),
                decimal(event.high),
                decimal(event.low),
                decimal(event.close),
                decimal(event.volume),
                event.symbol,
                event.exchange,
                event.open_ns,
                event.finished,
            )


def account_event(bot: AbstractBot, event: Update | Account | Health | Command) -> None:
    """Hand on what concerns the account, a component's health, or a message."""
    match event:
        case Update():
            bot.onOrder(event)
        case Account():
            bot.onAccount(
                decimal(event.price),
                decimal(event.qty),
                event.symbol,
                event.exchange,
                event.event_ns,
            )
        case Health():
            bot.onStatus(event.component, event.healthy, event.reason)
        case Command():
            sender, text = ([str(arg) for arg in event.args] + ["", ""])[:2]
            bot.onMessage(sender, text)
