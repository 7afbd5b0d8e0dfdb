"""No sample of the reference is forgotten: each is held against what the venue sends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lib.venue.samples import FOLDER, sample, shape
from tests.lib.venue.test_wire_samples import resting
from tests.lib.venue.trader import SYMBOL, Trader
from tests.lib.venue.wire_client import running

EXCUSED = {
    "index": "says what the others are",
    "headers": "no payload: its limits are those of test_limits",
    "rest_order_post_ack_pre_2026_06": "the exchange no longer sends it",
    "rest_fundingInfo": "no symbol of the venue has an interval of its own: the list is empty",
    "user_account_update_deposit": "the venue has no wallet to deposit from",
    "user_account_update_withdraw": "the same",
    "user_account_update_funding_cross": "from before `S` was added; the newer one is sent",
    "user_conditional_order_trigger_reject": "ended in 2025: ALGO_UPDATE tells the reason",
}


@pytest.fixture
def trader() -> Trader:
    trader = Trader()
    trader.quote()
    trader.mark("1000")
    return trader


def bound(trader: Trader) -> None:
    trader.post("BUY", "0.1")
    trader.stop("SELL", "990", quantity="0.1", timeInForce="GTE_GTC", reduceOnly="true")
    trader.post("SELL", "0.1")


def changed_in_a_batch(trader: Trader) -> Any:
    order = {"symbol": SYMBOL, "side": "BUY", "orderId": resting(trader), "quantity": "0.1"}
    rows = [{**order, "price": "991"}, {**order, "price": "991"}]
    return trader.ok("PUT", "/v1/batchOrders", batchOrders=json.dumps(rows))


def closed_in_hedge_mode(trader: Trader) -> None:
    trader.ok("POST", "/v1/positionSide/dual", dualSidePosition="true")
    trader.ok("POST", "/v1/marginType", symbol=SYMBOL, marginType="ISOLATED")
    trader.post("SELL", "0.1", positionSide="SHORT")
    trader.post("BUY", "0.1", positionSide="SHORT")


def last_event(trader: Trader, step: Callable[[Trader], Any], name: str) -> Any:
    step(trader)
    return [event for event in trader.events() if event["e"] == name][-1]


def test_changes_in_a_batch_answer_as_sampled(trader: Trader) -> None:
    wanted = sample("rest_batchOrders_put")
    found = changed_in_a_batch(trader)
    assert [shape(row) for row in found] == [shape(row) for row in wanted]
    assert found[1] == wanted[1]


def test_order_bound_to_a_position_expires_as_sampled(trader: Trader) -> None:
    event = last_event(trader, bound, "ALGO_UPDATE")
    wanted = sample("user_algo_expired")
    assert shape(event) == shape(wanted)
    assert (event["o"]["X"], event["o"]["f"]) == ("EXPIRED", "GTE_GTC")


def test_close_of_an_isolated_leg_lists_every_side_as_captured(trader: Trader) -> None:
    event = last_event(trader, closed_in_hedge_mode, "ACCOUNT_UPDATE")
    wanted = sample("user_account_update_hedge_isolated_close")
    assert shape(event["a"]["B"]) == shape(wanted["a"]["B"])
    rows = [(row["ps"], row["mt"], float(row["pa"])) for row in event["a"]["P"]]
    assert rows == [(row["ps"], row["mt"], float(row["pa"])) for row in wanted["a"]["P"]]
    for row, captured in zip(event["a"]["P"], wanted["a"]["P"], strict=True):
        # `bep` is younger than the capture
        assert shape({key: row[key] for key in captured}) == shape(captured)


async def test_listen_key_answers_and_ends_as_sampled() -> None:
    async with running() as client:
        key = {"key": client.server.key}
        path = "/fapi/v1/listenKey"
        for method, name in (("POST", "rest_listenKey"), ("PUT", "rest_listenKey")):
            _, body, _ = await client.call(method, path, **key)
            assert shape(body) == shape(sample(name))
            assert len(body["listenKey"]) == len(sample("rest_listenKey")["listenKey"]) == 64
        async with client.socket(f"/private/ws/{body['listenKey']}") as user:
            await client.fault("expire_listen_key")
            event = await user.next()
            assert shape(event) == shape(sample("user_listenKeyExpired"))
        await client.call("POST", path, **key)
        _, body, _ = await client.call("DELETE", path, **key)
        assert body == sample("rest_listenKey_delete")


async def test_user_data_streams_are_managed_as_sampled() -> None:
    async with running() as client, client.socket("/ws-fapi/v1") as api:
        for name, step in sample("wsapi_userDataStream").items():
            request = {**step["request"], "params": {"apiKey": client.server.key}}
            answer = await api.ask(**request)
            wanted = step["response"]
            assert answer["id"] == wanted["id"], name
            assert shape(answer["result"]) == shape(wanted["result"]), name


async def test_change_of_a_contract_is_told_as_sampled() -> None:
    async with running() as client, client.socket("/market/ws/!contractInfo") as stream:
        await client.fault("change_filters", symbol="BTCUSDT", tick="0.20")
        event, wanted = await stream.next(), sample("ws_market_contractInfo")
        assert shape({**event, "bks": 0}) == shape({**wanted, "bks": 0})
        # JSON knows numbers only: a sum of zero may be written as 0 or 0.0
        assert {name: float(each) for name, each in event["bks"][0].items()}.keys() == wanted[
            "bks"
        ][0].keys()


def test_no_sample_is_forgotten() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py")]
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    named = [name for name in names if any(f'"{name}"' in text for text in texts)]
    assert sorted(set(names) - set(named)) == []
    assert set(EXCUSED) <= set(names)
