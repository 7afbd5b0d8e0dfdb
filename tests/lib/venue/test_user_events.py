"""The events that the engine sends have the fields and types of the reference's samples."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.venue.engine import Options
from tests.lib.venue.samples import sample, shape
from tests.lib.venue.test_wire_samples import (
    ID,
    bought,
    changed,
    forced,
    resting,
    stopped,
    triggered,
)
from tests.lib.venue.trader import SYMBOL, Trader, d


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def funded(trader: Trader) -> None:
    trader.mark("1000", "0.0001", trader.now_ns + 10**9)
    trader.post("BUY", "1")
    trader.wait(2)


def margin_changed(trader: Trader) -> None:
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")


def swept(trader: Trader) -> None:
    trader.levels([(d(1000), d(1))], [(d(1001), d("0.1"))], snapshot=True)
    trader.post("BUY", "0.2")


def self_traded(trader: Trader) -> None:
    resting(trader)
    trader.quote("980", "1000")
    trader.post("SELL", "0.1", "990")


def warned(trader: Trader) -> None:
    trader.post("BUY", "100")
    trader.mark("905.2")


def filled(trader: Trader) -> None:
    trader.post("BUY", "0.1", "990")
    trader.trade("989", "1", sells=True)


def cancelled(trader: Trader) -> None:
    resting(trader)
    trader.ok("DELETE", "/v1/order", **ID)


def half_filled(trader: Trader) -> None:
    trader.post("BUY", "0.1", "990")
    trader.trade("989", "0.05", sells=True)


def deleveraged(trader: Trader) -> None:
    bought(trader)
    trader.engine.fault("adl", symbol=SYMBOL)


def rejected(trader: Trader) -> None:
    stopped(trader)
    trader.trade("989", "1", sells=True)


EVENTS: dict[str, Callable[[Trader], Any]] = {
    "user_order_new": resting,
    "user_order_canceled": cancelled,
    "user_order_filled_maker": filled,
    "user_order_partially_filled": half_filled,
    "user_order_expired_ioc": lambda t: t.post("BUY", "0.1", "990", timeInForce="IOC"),
    "user_order_expired_market_remainder": swept,
    "user_order_expired_in_match": self_traded,
    "user_order_liquidation": forced,
    "user_order_adl": deleveraged,
    "user_trade_lite_maker": filled,
    "user_trade_lite_market_taker": bought,
    "user_account_update_order": bought,
    "user_account_update_funding_with_symbol": funded,
    "user_account_update_margin_type_change": margin_changed,
    "user_account_config_leverage": lambda t: t.ok(
        "POST", "/v1/leverage", symbol=SYMBOL, leverage=25
    ),
    "user_account_config_multiassets": lambda t: t.ok(
        "POST", "/v1/multiAssetsMargin", multiAssetsMargin="true"
    ),
    "user_algo_new": stopped,
    "user_algo_canceled": lambda t: t.ok("DELETE", "/v1/algoOrder", algoId=stopped(t)),
    "user_algo_triggering": triggered,
    "user_algo_triggered": triggered,
    "user_algo_finished": triggered,
    "user_algo_rejected": rejected,
}  # fmt: skip


def _key(event: dict[str, Any]) -> tuple[Any, ...]:
    body = event.get("o", {})
    if event["e"] == "ACCOUNT_UPDATE":
        return event["e"], event["a"]["m"], bool(event["a"]["P"])
    return event["e"], body.get("x"), body.get("X"), body.get("o"), tuple(event.get("ac", ()))


@pytest.mark.parametrize("name", EVENTS)
def test_events_have_the_sample_s_fields_and_types(trader: Trader, name: str) -> None:
    wanted = sample(name)

    EVENTS[name](trader)

    found = [event for event in trader.events() if _key(event) == _key(wanted)]
    assert found, f"no event like {_key(wanted)}"
    assert shape(found[-1]) == shape(wanted)


def test_an_amendment_and_a_margin_call_have_the_sample_s_fields(trader: Trader) -> None:
    changed(trader)
    amended = next(e for e in trader.events() if e.get("o", {}).get("x") == "AMENDMENT")
    assert amended["o"].pop("M") == "77"
    assert shape(amended) == shape(sample("user_order_amendment"))

    warned(trader)
    call = next(e for e in trader.events() if e["e"] == "MARGIN_CALL")
    assert shape(call) == shape(sample("user_margin_call"))


def test_a_forced_order_reaches_the_market_in_the_sample_s_shape(trader: Trader) -> None:
    forced(trader)

    event = trader.engine.take_market_events()[0]

    assert shape(event) == shape(sample("ws_market_forceOrder"))


def _replayed(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    words: list[tuple[Any, ...]] = []
    for event in events:
        body = event.get("o") or event.get("a") or event
        words.append((event["e"], body.get("x"), body.get("X"), body.get("m")))
    return words


def test_the_captured_taker_order_replays_with_its_numbers() -> None:
    captured = sample("user_sequences")["taker_limit_fill_captured_2024_11_18"]
    trader = Trader(Options(), balance=captured["start_wallet"])
    trader.engine.fault("change_filters", symbol=SYMBOL, multiplier_up="2", multiplier_down="0.5")
    trader.quote("91739.8", "91739.9", size="1")
    trader.post("BUY", "0.002", type="LIMIT", timeInForce="GTC", priceMatch="OPPONENT")
    wanted = [each["data"] for each in captured["events"]]
    found = trader.events()

    assert _replayed(found) == _replayed(wanted)
    account = next(each["a"] for each in found if each["e"] == "ACCOUNT_UPDATE")
    assert account["B"] == wanted[2]["a"]["B"]
    row, captured_row = account["P"][0], wanted[2]["a"]["P"][0]
    assert {k: row[k] for k in ("pa", "ep", "bep")} == {
        k: captured_row[k] for k in ("pa", "ep", "bep")
    }
    trader.quote("90853.2", "90853.3", size="1")
    trader.post("SELL", "0.002")
    assert trader.wallet() == Decimal(captured["then_close"]["wallet_after"])
