"""The market that a venue plays: what a feed produces and the engine consumes (pure values)."""

from decimal import Decimal
from typing import NamedTuple

Level = tuple[Decimal, Decimal]
"""(price, quantity)."""


class Quote(NamedTuple):
    """Best bid and ask of one symbol after a change."""

    symbol: str
    bid: Decimal
    bid_qty: Decimal
    ask: Decimal
    ask_qty: Decimal
    update_id: int
    time_ns: int


class Levels(NamedTuple):
    """Changed price levels (quantity 0 deletes), or with `snapshot` the whole known book."""

    symbol: str
    bids: list[Level]
    asks: list[Level]
    first_id: int
    last_id: int
    previous_id: int
    """Last id of the symbol's previous `Levels` event."""
    time_ns: int
    snapshot: bool = False


class Print(NamedTuple):
    """One trade of the market (not of our accounts)."""

    symbol: str
    price: Decimal
    qty: Decimal
    buyer_is_maker: bool
    trade_id: int
    time_ns: int


class MarkPrice(NamedTuple):
    """Mark and index price with the coming funding."""

    symbol: str
    mark: Decimal
    index_price: Decimal
    funding_rate: Decimal
    next_funding_ns: int
    time_ns: int


MarketEvent = Quote | Levels | Print | MarkPrice
