import pytest

from lib.constants import Status
from lib.oms.custody import ADOPT_NS, FLAT_NS, Custody
from lib.oms.ids import ClientIds
from lib.oms.orders import Orders
from tests.lib.oms.order_tools import NOW, OWNER, SECOND, intent, new_orders, report

FIRST, SECOND_LIFE = 4, 5


def name(number: int) -> str:
    return ClientIds("test", OWNER).next(NOW + number * SECOND)


def with_orders() -> Orders:
    """Return a quote and a protective stop of the first life."""
    orders = new_orders()
    orders.accept(OWNER, FIRST, intent(name(1)), NOW)
    orders.accept(OWNER, FIRST, intent(name(2), stop=True, reduce=True), NOW)
    return orders


def ids(found: list) -> list[str]:
    return [order.id for order in found]


def test_quotes_of_a_dead_life_go_and_its_stop_stays() -> None:
    custody = Custody({OWNER: "cancel"}, with_orders())
    assert ids(custody.ended(OWNER, FIRST, 0)) == [name(1)]


def test_an_owner_without_a_bot_keeps_nothing_but_its_stop() -> None:
    assert ids(Custody({}, with_orders()).start({}, 0)) == [name(1)]


def test_a_living_bot_keeps_its_orders_when_this_process_is_reborn() -> None:
    custody = Custody({OWNER: "cancel"}, with_orders())
    assert custody.start({OWNER: FIRST}, 0) == []
    assert ids(custody.start({OWNER: SECOND_LIFE}, 0)) == [name(1)]


def test_what_nobody_adopts_in_time_goes() -> None:
    custody = Custody({OWNER: "adopt"}, with_orders())
    assert custody.ended(OWNER, FIRST, 0) == []
    assert custody.due({}, lambda _symbol: False, ADOPT_NS - 1) == []
    assert ids(custody.due({}, lambda _symbol: False, ADOPT_NS)) == [name(1)]


@pytest.mark.parametrize("policy", ["adopt", "leave"])
def test_the_next_life_gets_what_was_left_to_it(policy: str) -> None:
    orders = with_orders()
    custody = Custody({OWNER: policy}, orders)
    custody.ended(OWNER, FIRST, 0)
    assert custody.greeted(OWNER, SECOND_LIFE, []) == []
    assert {order.incarnation for order in orders.open_orders()} == {SECOND_LIFE}
    assert custody.due({OWNER: SECOND_LIFE}, lambda _symbol: False, ADOPT_NS * 2) == []


def test_found_orders_belong_to_the_life_that_asks_for_them() -> None:
    orders = new_orders()
    orders.on_report(report(Status.NEW, client_id=name(1)), NOW)
    orders.on_report(report(Status.NEW, client_id=name(2)), NOW)
    orders.on_report(report(Status.NEW, client_id=name(3), algo=True, reduce=True), NOW)
    custody = Custody({OWNER: "cancel"}, orders)
    assert custody.start({OWNER: SECOND_LIFE}, 0) == []
    assert ids(custody.greeted(OWNER, SECOND_LIFE, {name(1)})) == [name(2)]
    assert ids(custody.greeted(OWNER, SECOND_LIFE, set())) == [name(2)]


def test_a_stop_goes_when_its_position_has_been_flat_for_a_while() -> None:
    custody = Custody({OWNER: "cancel"}, with_orders())
    custody.ended(OWNER, FIRST, 0)
    flat = {"BTCUSDT": False}
    assert custody.due({}, flat.__getitem__, 0) == []
    flat["BTCUSDT"] = True
    assert custody.due({}, flat.__getitem__, 0) == []
    assert ids(custody.due({}, flat.__getitem__, FLAT_NS)) == [name(2)]


def test_a_later_stop_gets_its_own_while_before_it_goes() -> None:
    custody = Custody({OWNER: "cancel"}, with_orders())
    custody.ended(OWNER, FIRST, 0)
    assert custody.due({}, lambda _symbol: True, 0) == []
    # a next life takes the stop over, and dies much later, right after it has entered again
    assert custody.due({OWNER: FIRST}, lambda _symbol: True, FLAT_NS) == []
    late_ns = 1_000 * FLAT_NS
    assert custody.due({}, lambda _symbol: True, late_ns) == []
    assert ids(custody.due({}, lambda _symbol: True, late_ns + FLAT_NS)) == [name(2)]


def test_a_living_bot_looks_after_its_own_stop() -> None:
    custody = Custody({OWNER: "cancel"}, with_orders())
    for now_ns in (0, FLAT_NS * 2):
        assert custody.due({OWNER: FIRST}, lambda _symbol: True, now_ns) == []
