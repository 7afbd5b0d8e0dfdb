"""The oracle finds each broken promise, and nothing in a world that is well."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lib.chaos.evidence import Limits
from lib.chaos.journal import Journal
from lib.chaos.ledger import deleted
from tests.lib.chaos.scene import Scene, client_id, fill, order, stop

ROOT = Path(__file__).parents[3]
FIRST = client_id(1)


def traded() -> Scene:
    """One life that posted one order, which was filled, journaled and told."""
    scene = Scene(
        orders=[order(FIRST, status="FILLED", filled=Decimal(1))],
        fills=[fill(FIRST)],
        positions={"BTCUSDT": Decimal(1)},
        journal=Journal({FIRST: "FILLED"}, Counter({fill(FIRST).key: 1})),
    )
    scene.born().wrote("post", 1, FIRST).told_fill(2, scene.fills[0])
    return scene.wrote("position", 2, "1").wrote("balance", 3, "1000")


def resting() -> Scene:
    """One life with one open order."""
    scene = Scene(orders=[order(FIRST)], journal=Journal({FIRST: "NEW"}))
    return scene.born().wrote("post", 1, FIRST).wrote("order", 1, FIRST, "NEW", None)


@pytest.mark.parametrize("scene", [traded(), resting(), Scene().born()])
def test_a_world_that_is_well_has_no_findings(scene: Scene) -> None:
    assert scene.rules() == []


def test_an_order_executed_twice_is_found() -> None:
    scene = resting()
    scene.orders.append(order(f"{FIRST}.2", id=2, status="CANCELED"))

    assert scene.rules() == ["executed_twice"]


def test_a_conditional_order_and_its_child_are_one_order() -> None:
    scene = Scene(
        orders=[order(FIRST, status="FILLED", algo_id=5, side="SELL", reduce_only=True)],
        algos=[stop(FIRST, status="FINISHED")],
        journal=Journal({FIRST: "FILLED"}),
    )

    assert scene.born().rules() == []


def test_an_open_order_of_a_dead_life_is_an_orphan() -> None:
    scene = resting().born(second=10, life=2).wrote("order", 11, FIRST, "NEW", None)

    assert scene.rules() == ["orphan"]


@pytest.mark.parametrize("on_crash", ["adopt", "leave"])
def test_an_order_that_was_handed_over_is_no_orphan(on_crash: str) -> None:
    scene = resting().born(second=10, life=2).wrote("order", 11, FIRST, "NEW", None)

    assert replace(scene, on_crash=on_crash).rules() == []


def test_an_open_order_that_the_bot_holds_for_over_is_an_orphan() -> None:
    assert resting().wrote("order", 2, FIRST, "NOT_PLACED", None).rules() == ["orphan"]


def test_an_order_of_somebody_else_is_none_of_ours() -> None:
    assert Scene(orders=[order("web_abc")]).born().rules() == []


def test_an_order_of_somebody_else_is_not_touched() -> None:
    scene = Scene(orders=[order("web_abc", status="CANCELED")]).born()

    requests = [
        {"method": "DELETE", "path": "/fapi/v1/order", "params": {"origClientOrderId": "web_abc"}},
        {"method": "DELETE", "path": "/fapi/v1/batchOrders", "params": {"orderIdList": "[1]"}},
        {"method": "DELETE", "path": "/fapi/v1/allOpenOrders", "params": {"symbol": "BTCUSDT"}},
    ]

    assert scene.rules() == []
    for request in requests:
        assert replace(scene, deleted=frozenset(deleted([request]))).rules() == ["foreign_touched"]


def test_a_stop_without_position_is_found() -> None:
    scene = Scene(algos=[stop(FIRST)], journal=Journal()).born()

    assert scene.wrote("post", 1, FIRST).rules() == ["orphan_stop"]


def test_a_stop_of_a_dead_life_may_stay_with_its_position() -> None:
    scene = Scene(algos=[stop(FIRST)], positions={"BTCUSDT": Decimal(1)}, journal=Journal())
    scene.born().wrote("post", 1, FIRST).born(second=10, life=2).wrote("position", 10, "1")

    assert scene.rules() == []


def test_an_order_of_a_life_that_was_over_is_found() -> None:
    assert replace(resting(), forbidden=frozenset({FIRST})).rules() == ["fencing"]


def test_a_post_without_an_end_is_found() -> None:
    scene = resting()
    scene.orders[0] = order(FIRST, status="CANCELED")
    scene.journal = Journal({FIRST: "CANCELED"})

    assert scene.rules() == ["unended"]


def test_a_lost_fill_is_found() -> None:
    scene = traded()
    scene.fills.append(fill(FIRST, 8))
    assert scene.journal is not None
    scene.journal.fills[fill(FIRST, 8).key] = 1

    assert scene.rules() == ["fill_lost"]


def test_a_fill_with_other_numbers_is_found() -> None:
    scene = traded()
    scene.fills[0] = fill(FIRST, price=Decimal(101))

    assert scene.rules() == ["fill_wrong"]


def test_an_invented_fill_is_found() -> None:
    assert traded().told_fill(3, fill(FIRST, 9)).rules() == ["fill_invented"]


def test_a_fill_that_came_twice_in_a_life_is_found() -> None:
    assert traded().told_fill(3, fill(FIRST)).rules() == ["fill_twice"]


def test_a_settled_fill_that_comes_again_is_found() -> None:
    scene = traded().wrote("balance", 20, "1000").born(second=21, life=2)

    assert scene.wrote("position", 21, "1").told_fill(22, fill(FIRST)).rules() == ["fill_again"]


def test_a_fill_whose_life_ended_at_once_may_come_again() -> None:
    scene = traded().born(second=4, life=2).wrote("position", 4, "1")

    assert scene.told_fill(5, fill(FIRST)).rules() == []


def test_a_position_may_be_ahead_of_the_fills_that_were_told_but_not_behind() -> None:
    scene = traded()
    later = fill(FIRST, number=8, step=4)
    scene.fills.append(later)
    scene.positions["BTCUSDT"] = Decimal(2)
    scene.journal = Journal({FIRST: "FILLED"}, Counter({fill(FIRST).key: 1, later.key: 1}))

    assert "position" not in scene.rules()
    assert "position" not in scene.wrote("position", 3, "2").rules()
    scene.told_fill(4, later)
    assert "position" in scene.wrote("position", 5, "1").rules()


def test_a_wrong_position_is_found() -> None:
    assert traded().wrote("position", 3, "0").rules() == ["position"]


def test_a_balance_may_be_some_fills_behind_but_not_wrong() -> None:
    assert traded().wrote("balance", 3, "1000.02").rules() == []
    assert traded().wrote("balance", 3, "999").rules() == ["balance"]


def test_orders_beyond_the_limits_are_found() -> None:
    assert replace(resting(), limits=Limits(max_order_usd=Decimal(50))).rules() == ["risk_order"]
    assert replace(resting(), limits=Limits(max_order_qty=Decimal(2))).rules() == []
    assert replace(resting(), limits=Limits(max_position_usd=Decimal(50))).rules() == [
        "risk_position"
    ]


def test_more_open_orders_than_allowed_are_found() -> None:
    second = client_id(2)
    scene = resting().wrote("post", 2, second).wrote("order", 2, second, "NEW", None)
    scene.orders.append(order(second, id=2))
    scene.journal = Journal({FIRST: "NEW", second: "NEW"})

    assert replace(scene, limits=Limits(max_open_orders=1)).rules() == ["risk_open_orders"]
    assert replace(scene, limits=Limits(max_open_orders=2)).rules() == []


def test_an_order_without_an_intent_in_the_journal_is_found() -> None:
    assert replace(resting(), journal=Journal()).rules() == ["unjournaled"]


def test_an_order_that_only_a_later_life_wrote_down_is_found() -> None:
    written = Journal({FIRST: "NEW"}, found=frozenset({FIRST}))

    assert replace(resting(), journal=written).rules() == ["unjournaled"]


def test_a_journal_that_believes_something_else_is_found() -> None:
    assert replace(resting(), journal=Journal({FIRST: "CANCELED"})).rules() == ["journal_status"]


def test_a_fill_that_the_journal_lacks_or_invents_is_found() -> None:
    lacking = replace(traded(), journal=Journal({FIRST: "FILLED"}))
    known = Counter({fill(FIRST).key: 1, fill(FIRST, 99).key: 1})

    assert lacking.rules() == ["journal_fill"]
    assert replace(traded(), journal=Journal({FIRST: "FILLED"}, known)).rules() == [
        "journal_invented"
    ]


def test_the_oracle_shares_no_code_with_the_order_logic() -> None:
    for path in (ROOT / "lib" / "chaos").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for module in ("lib.oms", "lib.journal", "lib.exchange", "lib.venue"):
            assert f"import {module}" not in text
            assert f"from {module}" not in text
