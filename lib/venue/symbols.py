"""What the venue lists: trading rules of every symbol, from a catalogue of the real exchange."""

import csv
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
QUOTES = ("USDT", "USDC", "BTC")


@dataclass(frozen=True, slots=True)
class SymbolInfo:
    """Trading rules of one symbol; prices in quote units, quantities in base units.

    `multiplier_up`/`multiplier_down` bound limit prices relative to the mark price;
    `market_take_bound`, `trigger_protect` and `liquidation_fee` are fractions; `price` is where
    a synthetic market starts.
    """

    symbol: str
    base_asset: str = "BASE"
    quote_asset: str = "USDT"
    margin_asset: str = "USDT"
    price_precision: int = 4
    quantity_precision: int = 0
    tick: Decimal = Decimal("0.0001")
    min_price: Decimal = Decimal("0.0001")
    max_price: Decimal = Decimal("100000")
    step: Decimal = Decimal(1)
    min_qty: Decimal = Decimal(1)
    max_qty: Decimal = Decimal(10_000_000)
    market_min_qty: Decimal = Decimal(1)
    market_max_qty: Decimal = Decimal(1_000_000)
    min_notional: Decimal = Decimal(5)
    multiplier_up: Decimal = Decimal("1.1500")
    multiplier_down: Decimal = Decimal("0.8500")
    max_orders: int = 200
    market_take_bound: Decimal = Decimal("0.15")
    trigger_protect: Decimal = Decimal("0.1500")
    liquidation_fee: Decimal = Decimal("0.015000")
    status: str = "TRADING"
    contract_type: str = "PERPETUAL"
    underlying_type: str = "COIN"
    onboard_ms: int = 1_569_398_400_000
    delivery_ms: int = PERPETUAL_DELIVERY_MS
    price: Decimal = Decimal("1.0000")

    @property
    def pair(self) -> str:
        """The symbol without its delivery date."""
        return self.symbol.partition("_")[0]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, SymbolInfo]:
    """Return every symbol of the catalogue, in the exchange's order."""
    path = Path(__file__).with_name("symbols.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return {row["symbol"]: _info(row) for row in rows}


def info(symbol: str) -> SymbolInfo:
    """Return the rules of a symbol; one that the catalogue lacks gets plausible rules."""
    known = catalogue().get(symbol)
    return known if known is not None else _generic(symbol)


def with_price(rules: SymbolInfo, price: Decimal) -> SymbolInfo:
    """Return the same rules with another starting price."""
    return replace(rules, price=price)


def _generic(symbol: str) -> SymbolInfo:
    name = symbol.partition("_")[0]
    quote = next((each for each in QUOTES if name.endswith(each) and name != each), "USDT")
    base = name.removesuffix(quote) or name
    return SymbolInfo(symbol=symbol, base_asset=base, quote_asset=quote, margin_asset=quote)


def _info(row: dict[str, str]) -> SymbolInfo:
    integers = ("onboard_ms", "delivery_ms", "price_precision", "quantity_precision", "max_orders")
    texts = ("symbol", "base_asset", "quote_asset", "contract_type", "status", "underlying_type")
    values: dict[str, str | int | Decimal] = {}
    for name, text in row.items():
        values[name] = text if name in texts else int(text) if name in integers else Decimal(text)
    return SymbolInfo(margin_asset=row["quote_asset"], **values)  # type: ignore[arg-type]
