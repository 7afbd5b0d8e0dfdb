import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.bus.protocol import OrderUpdate
from lib.constants import Status
from lib.errors import ProtocolError
from lib.exchange.bus_orders import OwnOrders, to_update
from tests.lib.exchange.fake_worker import fill, order


def statuses(orders: OwnOrders, *messages: OrderUpdate) -> list[Status]:
    told = [orders.see(to_update(message)) for message in messages]
    return [update.status for update in told if update is not None]


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (["NEW", "NEW"], ["NEW"]),
        (["NEW", "CANCELED", "NEW"], ["NEW", "CANCELED"]),
        (["CANCELED", "CANCELED", "NEW"], ["CANCELED"]),
        (["UNKNOWN", "NEW", "UNKNOWN"], ["UNKNOWN", "NEW"]),
        (["NOT_PLACED", "NEW"], ["NOT_PLACED", "NEW"]),
        (["REJECTED", "UNKNOWN", "NOT_SENT"], ["REJECTED"]),
        (["NEW", "TRIGGERING", "FILLED", "EXPIRED"], ["NEW", "TRIGGERING", "FILLED"]),
    ],
)
def test_each_state_is_told_once_and_never_taken_back(seen: list[str], told: list[str]) -> None:
    assert statuses(OwnOrders(), *(order(status=status) for status in seen)) == told


def test_a_repeated_fill_is_told_once() -> None:
    orders = OwnOrders()
    message = fill("a", 9, "0.001", "PARTIALLY_FILLED")

    assert statuses(orders, message, message) == ["PARTIALLY_FILLED"]


def test_a_fill_that_comes_after_the_end_is_told_without_reopening_the_order() -> None:
    orders = OwnOrders()

    assert statuses(orders, order(), order(status="CANCELED", filled_qty="0.001")) == [
        "NEW",
        "CANCELED",
    ]
    late = orders.see(to_update(fill("a", 9, "0.001", "PARTIALLY_FILLED")))

    assert late is not None
    assert late.status is Status.CANCELED
    assert late.trade_id == 9
    assert orders.open_ids() == []


def test_conclusions_of_ours_do_not_overrule_the_exchange() -> None:
    orders = OwnOrders()
    orders.see(to_update(order()))

    assert orders.conclude("a", Status.UNKNOWN, "no reply") is None
    assert orders.conclude("a", Status.NOT_SENT, "expired") is None
    assert orders.conclude("stranger", Status.NOT_SENT, "expired") is None
    assert orders.open_ids() == ["a"]


def test_an_unknown_order_may_turn_out_as_not_sent() -> None:
    orders = OwnOrders()
    orders.add(to_update(order(status="PENDING")))

    assert orders.conclude("a", Status.UNKNOWN, "no reply") is not None
    ended = orders.conclude("a", Status.NOT_SENT, "expired")

    assert ended is not None
    assert ended.reason == "expired"
    assert orders.open_ids() == []


@pytest.mark.parametrize(
    "changes",
    [{"side": "UP"}, {"status": "LOST"}, {"type": "ICEBERG"}, {"qty": "many"}, {"price": None}],
)
def test_an_update_of_another_shape_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProtocolError):
        to_update(order(**changes))


def test_final_orders_and_fills_are_kept_within_the_bound() -> None:
    orders = OwnOrders(remembered=3)
    for number in range(10):
        orders.see(to_update(fill(f"order {number}", number + 1, "0.01", "FILLED")))

    assert orders.get("order 6") is None
    assert orders.get("order 9") is not None


LIFE = [
    order(),
    *(fill("a", n, f"0.00{n}", "PARTIALLY_FILLED") for n in range(1, 9)),
    fill("a", 9, "0.01", "FILLED"),
]


@given(st.lists(st.sampled_from(LIFE), max_size=30), st.permutations(LIFE))
def test_any_order_and_any_repeats_end_alike(
    repeats: list[OrderUpdate], events: list[OrderUpdate]
) -> None:
    orders = OwnOrders()
    told = [orders.see(to_update(message)) for message in (*events, *repeats)]

    trades = [update.trade_id for update in told if update and update.trade_id]
    assert sorted(trades) == list(range(1, 10))
    final = orders.get("a")
    assert final is not None
    assert final.status is Status.FILLED
    assert str(final.filled_qty) == "0.01"
    ends = [update for update in told if update and update.status.is_final]
    assert told.index(ends[0]) <= max(index for index, one in enumerate(told) if one)
