import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.constants import NS_PER_MS, Side, Status
from lib.errors import ProtocolError
from lib.exchange.binance.user_events import NAMES, parse_user_event
from lib.oms.events import AccountReport, OrderReport, StreamNotice

DATA = Path(__file__).parents[3] / "data" / "binance"
SAMPLES = sorted(path.stem for path in DATA.glob("user_*.json") if path.stem != "user_sequences")


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_parses(name: str) -> None:
    event = load(name)
    report = parse_user_event(event)
    expected = {
        "ORDER_TRADE_UPDATE": OrderReport,
        "ALGO_UPDATE": OrderReport,
        "ACCOUNT_UPDATE": AccountReport,
    }.get(event["e"], StreamNotice)
    assert type(report) is expected
    assert event["e"] in NAMES


@pytest.mark.parametrize(
    ("name", "status", "has_fill"),
    [
        ("user_order_new", Status.NEW, False),
        ("user_order_partially_filled", Status.PARTIALLY_FILLED, True),
        ("user_order_filled_maker", Status.FILLED, True),
        ("user_order_canceled", Status.CANCELED, False),
        ("user_order_amendment", Status.NEW, False),
        ("user_order_expired_ioc", Status.EXPIRED, False),
        ("user_order_expired_market_remainder", Status.EXPIRED, False),
        ("user_order_expired_in_match", Status.EXPIRED, False),
        ("user_order_liquidation", Status.FILLED, True),
        ("user_order_adl", Status.FILLED, True),
        ("user_algo_new", Status.NEW, False),
        ("user_algo_triggering", Status.TRIGGERING, False),
        ("user_algo_triggered", Status.TRIGGERING, False),
        ("user_algo_finished", Status.FILLED, False),
        ("user_algo_canceled", Status.CANCELED, False),
        ("user_algo_expired", Status.EXPIRED, False),
        ("user_algo_rejected", Status.REJECTED, False),
    ],
)
def test_states_and_fills_are_told_apart(name: str, status: Status, *, has_fill: bool) -> None:
    report = parse_user_event(load(name))
    assert isinstance(report, OrderReport)
    assert report.status is status
    assert (report.fill is not None) is has_fill
    assert report.algo is name.startswith("user_algo")


def test_a_fill_carries_all_that_is_known_of_it() -> None:
    report = parse_user_event(load("user_order_filled_maker"))
    assert isinstance(report, OrderReport)
    assert report.fill is not None
    assert report.fill.key == ("ETHUSDC", 702423109, 58846581664)
    assert report.fill.qty == Decimal("0.02")
    assert report.fill.price == Decimal("2317.3")
    assert report.fill.fee_asset == "USDC"
    assert report.fill.maker
    assert report.fill.event_ns == 1776789210247 * NS_PER_MS
    assert (report.side, report.filled_qty) == (Side.BUY, Decimal("0.02"))


def test_reasons_are_words() -> None:
    texts = {
        name: getattr(parse_user_event(load(name)), "reason", None)
        for name in ("user_order_expired_ioc", "user_order_expired_in_match", "user_algo_rejected")
    }
    assert texts["user_order_expired_ioc"] == "the rest could not be filled at once"
    assert "same account" in str(texts["user_order_expired_in_match"])
    assert texts["user_algo_rejected"] == "Margin is insufficient."


def test_an_end_that_nobody_knows_yet_is_an_end() -> None:
    event = load("user_order_canceled")
    event["o"]["X"] = "EXPIRED_BY_A_NEW_RULE"
    report = parse_user_event(event)
    assert isinstance(report, OrderReport)
    assert report.status is Status.EXPIRED


def test_a_triggered_stop_names_its_child() -> None:
    report = parse_user_event(load("user_algo_triggered"))
    assert isinstance(report, OrderReport)
    assert (report.child_id, report.exchange_id) == (800000000010, 4000001910701524)


def test_position_and_balance_belong_together() -> None:
    report = parse_user_event(load("user_account_update_order"))
    assert isinstance(report, AccountReport)
    assert [(row.symbol, row.qty, row.price) for row in report.positions] == [
        ("ETHUSDC", Decimal("0.02"), Decimal("2317.3"))
    ]
    assert [(row.asset, row.balance, row.available) for row in report.balances] == [
        ("USDC", Decimal("37.87866827"), None)
    ]


def test_hedge_rows_are_left_out() -> None:
    report = parse_user_event(load("user_account_update_hedge_isolated_close"))
    assert isinstance(report, AccountReport)
    assert len(report.positions) == 1


def test_trade_lite_is_never_a_fill() -> None:
    assert isinstance(parse_user_event(load("user_trade_lite_maker")), StreamNotice)


@pytest.mark.parametrize(
    "event",
    [
        {"e": "ORDER_TRADE_UPDATE"},
        {"e": "ORDER_TRADE_UPDATE", "T": 1, "o": {"s": "X"}},
        {"e": "ACCOUNT_UPDATE", "T": 1, "a": {"P": [{"s": "X"}]}},
        {"e": "ALGO_UPDATE", "T": "x", "o": []},
    ],
)
def test_a_broken_event_is_a_protocol_error(event: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        parse_user_event(event)


def test_an_unknown_event_is_a_notice() -> None:
    assert parse_user_event({"e": "GRID_UPDATE"}) == StreamNotice("GRID_UPDATE", "")
    assert parse_user_event({}) == StreamNotice("", "")
