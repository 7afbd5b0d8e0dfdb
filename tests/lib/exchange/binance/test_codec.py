import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_MS, OrderType, Status
from lib.exchange.binance import codec

DATA = Path(__file__).parents[3] / "data" / "binance"


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.mark.parametrize(
    ("name", "status", "filled"),
    [
        ("rest_order_post_ack", Status.NEW, "0"),
        ("rest_order_post_result_market", Status.FILLED, None),
        ("rest_order_post_result_ioc_expired", Status.EXPIRED, "0"),
        ("rest_order_get_new", Status.NEW, "0"),
        ("rest_order_get_filled", Status.FILLED, "0.002"),
        ("rest_order_delete", Status.CANCELED, "0"),
    ],
)
def test_every_order_row_parses(name: str, status: Status, filled: str | None) -> None:
    report = codec.parse_order(load(name))
    assert report.status is status
    assert filled is None or report.filled_qty == Decimal(filled)
    assert report.symbol == "BTCUSDT"
    assert not report.algo


def test_lists_parse_row_by_row() -> None:
    assert [codec.parse_order(row).id for row in load("rest_openOrders")] == ["bot1-000001"]
    assert [codec.parse_algo(row).id for row in load("rest_openAlgoOrders")] == ["bot1-sl-0001"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("rest_algoOrder_post", Status.NEW), ("rest_algoOrder_get", Status.CANCELED)],
)
def test_conditional_rows_parse(name: str, status: Status) -> None:
    report = codec.parse_algo(load(name))
    assert report.status is status
    assert report.algo
    assert report.reduce_only
    assert (report.price, report.type) == (Decimal(75000), OrderType.STOP_MARKET)


def test_a_finished_conditional_order_names_its_child() -> None:
    report = codec.parse_algo(load("rest_allAlgoOrders")[0])
    assert report.child_id == 800000000010


def test_trades_positions_and_balances_parse() -> None:
    fill = codec.parse_trade(load("rest_userTrades")[0])
    assert fill.key == ("BTCUSDT", 7942000001, 800000000002)
    assert (fill.fee, fill.fee_asset, fill.maker) == (Decimal("0.07698650"), "USDT", False)
    (position,) = codec.parse_positions(load("rest_positionRisk_v3"))
    assert (position.qty, position.price) == (Decimal("0.002"), Decimal("76986.5"))
    assert codec.parse_positions(load("rest_positionRisk_v3_hedge")) == []
    (balance,) = codec.parse_balances(load("rest_balance_v3"))
    assert (balance.asset, balance.available) == ("USDT", Decimal("9992.21201350"))


def test_candles_parse() -> None:
    first, second = map(codec.parse_candle, load("rest_klines"))
    assert first == [
        1786173300000 * NS_PER_MS,
        "64970.80",
        "64970.90",
        "64969.40",
        "64969.40",
        "9.090",
    ]
    assert second[0] - first[0] == 60_000 * NS_PER_MS


def intent(**changes: Any) -> OrderIntent:
    made = OrderIntent("id-1", "BTCUSDT", "SELL", "0.010", "76000.0", False, False, False, "", 0)
    return made._replace(**changes)


def test_orders_are_written_without_anything_the_exchange_refuses() -> None:
    assert codec.order_params(intent()) == {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.010",
        "price": "76000.0",
        "newClientOrderId": "id-1",
        "newOrderRespType": "RESULT",
    }
    assert codec.order_params(intent(post_only=True))["timeInForce"] == "GTX"
    market = codec.order_params(intent(price="", reduce_only=True))
    assert market["type"] == "MARKET"
    assert market["reduceOnly"] == "true"
    assert "timeInForce" not in market
    assert "price" not in market


def test_a_conditional_order_keeps_its_id() -> None:
    assert codec.algo_params(intent(stop=True, reduce_only=True)) == {
        "algoType": "CONDITIONAL",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "STOP_MARKET",
        "quantity": "0.010",
        "triggerPrice": "76000.0",
        "clientAlgoId": "id-1",
        "reduceOnly": "true",
    }


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("LIMIT", OrderType.LIMIT),
        ("MARKET", OrderType.MARKET),
        ("STOP_MARKET", OrderType.STOP_MARKET),
        ("TAKE_PROFIT_MARKET", OrderType.STOP_MARKET),
        ("LIQUIDATION", OrderType.LIMIT),
    ],
)
def test_types_that_we_never_send_are_shown_as_their_kin(name: str, ours: OrderType) -> None:
    assert codec.order_type(name) is ours
