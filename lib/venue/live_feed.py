"""Another exchange's market, played as it comes in: what paper trading runs on."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lib.venue.candles import Candle
from lib.venue.feeds import Feed
from lib.venue.market import MarketEvent
from lib.venue.recorded_files import read_candle
from lib.venue.replay_symbol import ReplaySymbol
from lib.venue.symbols import SymbolInfo, info

STREAMS = {
    "public": ("bookTicker", "depth20@100ms"),
    "market": ("aggTrade", "markPrice@1s"),
}
"""What is relayed of each symbol, by route."""


class LiveFeed(Feed):
    """A buffer between the relay, which pushes frames in, and the player, which takes events out.

    Args:
        listed: The symbols to offer; filled from the other exchange's exchangeInfo.
        active: What is relayed from the start.
        only: Offer no symbol beyond `listed`.
    """

    def __init__(self, listed: dict[str, SymbolInfo], active: list[str], *, only: bool) -> None:
        """Start empty."""
        self._listed = listed
        self._only = only
        self._queue: deque[tuple[int, MarketEvent]] = deque()
        self._markets: dict[str, ReplaySymbol] = {}
        self._history: dict[str, list[Candle]] = {}
        self.known: set[str] = set()
        """What the other exchange lists."""
        self.active = list(active)
        """Symbols that the relay subscribes to."""

    def listed(self) -> dict[str, SymbolInfo]:
        """Return the symbols that may be asked for."""
        return self._listed

    def start(self, now_ns: int) -> None:
        """Begin to play what is pushed."""
        for symbol in self.active:
            self.play(symbol, now_ns)

    def play(self, symbol: str, now_ns: int) -> None:
        """Ask the relay for one more symbol."""
        if symbol not in self._markets:
            self._markets[symbol] = ReplaySymbol(self._listed[symbol])
            if symbol not in self.active:
                self.active.append(symbol)

    def history(self, symbol: str) -> list[Candle]:
        """Return the candles that were fetched before the start."""
        return self._history.get(symbol, [])

    def due(self) -> int | None:
        """Return when the oldest waiting event came in."""
        return self._queue[0][0] if self._queue else None

    def take(self, now_ns: int) -> list[MarketEvent]:
        """Return everything that came in until now."""
        events: list[MarketEvent] = []
        while self._queue and self._queue[0][0] <= now_ns:
            time_ns, event = self._queue.popleft()
            events += self._markets[event.symbol].play(event, time_ns, quiet=False)
        return events

    def shift(self, delta_ns: int) -> None:
        """Live events cannot be moved; what waits keeps its order and its receive time."""

    def push(self, events: Iterable[MarketEvent], now_ns: int) -> None:
        """Take in what the relay received."""
        self._queue.extend((now_ns, event) for event in events if event.symbol in self._markets)

    def set_rules(self, exchange_info: dict[str, Any]) -> None:
        """Take the trading rules of the other exchange."""
        if not self._only:
            self._listed.clear()
        for row in exchange_info.get("symbols", ()):
            symbol = str(row["symbol"])
            self.known.add(symbol)
            if not self._only or symbol in self._listed:
                self._listed[symbol] = rules_of(row)

    def set_history(self, symbol: str, rows: list[list[Any]]) -> None:
        """Take the other exchange's one-minute candles of a symbol, ascending."""
        self._history[symbol] = [read_candle([str(each) for each in row]) for row in rows]


def rules_of(row: dict[str, Any]) -> SymbolInfo:
    """Return the rules that a symbol's object in exchangeInfo states."""
    filters = {each["filterType"]: each for each in row["filters"]}
    price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    market, percent = filters.get("MARKET_LOT_SIZE", lot), filters.get("PERCENT_PRICE", {})
    known = info(str(row["symbol"]))

    def number(found: dict[str, Any], name: str, default: Decimal) -> Decimal:
        return Decimal(str(found[name])) if name in found else default

    return SymbolInfo(
        symbol=row["symbol"],
        base_asset=row["baseAsset"],
        quote_asset=row["quoteAsset"],
        margin_asset=row["marginAsset"],
        price_precision=int(row["pricePrecision"]),
        quantity_precision=int(row["quantityPrecision"]),
        tick=number(price, "tickSize", known.tick),
        min_price=number(price, "minPrice", known.min_price),
        max_price=number(price, "maxPrice", known.max_price),
        step=number(lot, "stepSize", known.step),
        min_qty=number(lot, "minQty", known.min_qty),
        max_qty=number(lot, "maxQty", known.max_qty),
        market_min_qty=number(market, "minQty", known.market_min_qty),
        market_max_qty=number(market, "maxQty", known.market_max_qty),
        min_notional=number(filters.get("MIN_NOTIONAL", {}), "notional", known.min_notional),
        multiplier_up=number(percent, "multiplierUp", known.multiplier_up),
        multiplier_down=number(percent, "multiplierDown", known.multiplier_down),
        max_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("limit", known.max_orders)),
        market_take_bound=number(row, "marketTakeBound", known.market_take_bound),
        trigger_protect=number(row, "triggerProtect", known.trigger_protect),
        liquidation_fee=number(row, "liquidationFee", known.liquidation_fee),
        status=str(row.get("status", "TRADING")),
        contract_type=str(row.get("contractType", "PERPETUAL")),
        underlying_type=str(row.get("underlyingType", "COIN")),
        onboard_ms=int(row.get("onboardDate", 0)),
        delivery_ms=int(row.get("deliveryDate", known.delivery_ms)),
        price=known.price,
    )
