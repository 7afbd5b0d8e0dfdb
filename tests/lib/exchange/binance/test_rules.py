import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import OrderIntent
from lib.errors import ConfigError, OrderRejected
from lib.exchange.binance.rules import (
    check_order,
    check_symbols,
    parse_limits,
    parse_rules,
)
from lib.models import ZERO

INFO: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "data" / "binance" / "rest_exchangeInfo.json").read_text()
)
RULES = parse_rules(INFO)
BTC = RULES["BTCUSDT"]


def intent(qty: str, price: str = "", **changes: Any) -> OrderIntent:
    made = OrderIntent("id", "BTCUSDT", "BUY", qty, price, False, False, False, "", 0)
    return made._replace(**changes)


def test_rules_and_limits_are_read() -> None:
    assert (BTC.tick, BTC.step, BTC.min_qty) == (Decimal("0.1"), Decimal("0.001"), Decimal("0.001"))
    assert (BTC.max_qty, BTC.market_max_qty) == (Decimal(1000), Decimal(120))
    assert (BTC.min_notional, BTC.quote_asset) == (Decimal(50), "USDT")
    assert {limit.name: limit.allowed for limit in parse_limits(INFO)} == {
        "weight": 2400,
        "orders_1m": 1200,
        "orders_10s": 300,
    }


def test_an_unlisted_symbol_names_its_nearest() -> None:
    check_symbols(["BTCUSDT"], RULES, "http://x")
    with pytest.raises(ConfigError, match="symbol BTCUSD is not listed by http://x; nearest: BTC"):
        check_symbols(["BTCUSD"], RULES, "http://x")


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (intent("0"), "below 0.001"),
        (intent("-1"), "below 0.001"),
        (intent("0.0005"), "below 0.001"),
        (intent("0.0015"), "not a multiple"),
        (intent("NaN"), "no number"),
        (intent("121"), "above 120"),
        (intent("1001", "60000"), "above 1000"),
        (intent("1e26"), "above 120"),
        (intent("1e26", "60000"), "above 1000"),
        (intent("0.01", "1e30"), "price 1000000000000000000000000000000 is above"),
        (intent("Infinity"), "no number"),
        (intent("0.01", "NaN"), "no number"),
        (intent("0.01", "60000.05"), "price 60000.05 is not a multiple"),
        (intent("0.01", "100"), "below 556.8"),
        (intent("0.01", "5000000"), "above"),
        (intent("0.001", "20000"), "worth less than 50 USDT"),
    ],
)
def test_what_the_exchange_would_refuse_is_refused_before(order: OrderIntent, text: str) -> None:
    with pytest.raises(OrderRejected, match=text):
        check_order(BTC, order)


@pytest.mark.parametrize("order", [intent("1e26"), intent("0.01", "1e30")])
def test_what_no_limit_bounds_must_still_be_a_number_of_steps(order: OrderIntent) -> None:
    unbounded = replace(BTC, max_qty=ZERO, market_max_qty=ZERO, max_price=ZERO)
    with pytest.raises(OrderRejected, match="not a multiple"):
        check_order(unbounded, order)


@pytest.mark.parametrize(
    "order",
    [
        intent("0.001", "60000"),
        intent("0.001", "20000", reduce_only=True),
        intent("0.001"),
        intent("1000", "60000"),
    ],
)
def test_good_orders_pass(order: OrderIntent) -> None:
    check_order(BTC, order)
