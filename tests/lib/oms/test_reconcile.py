from lib.constants import Status
from lib.oms.actions import QueryOrder
from lib.oms.ids import ClientIds
from lib.oms.reconcile import Kind, compare, correct
from tests.lib.oms.order_tools import (
    ID,
    NOW,
    OWNER,
    SECOND,
    fill,
    intent,
    kinds,
    new_orders,
    report,
    told,
)

OTHER = ClientIds("test", OWNER).next(NOW + SECOND)


def test_agreement_is_no_difference() -> None:
    orders = new_orders()
    orders.on_report(report(Status.NEW), NOW)
    foreign = report(Status.NEW, client_id="web_abc")
    assert compare(orders, [report(Status.NEW), foreign], NOW + 9 * SECOND) == []


def test_a_vanished_order_is_asked_for_and_not_dropped() -> None:
    orders = new_orders()
    orders.on_report(report(Status.NEW), NOW)
    differences = compare(orders, [], NOW + 9 * SECOND)
    assert [difference.kind for difference in differences] == [Kind.VANISHED]
    assert correct(orders, differences, NOW) == [QueryOrder(ID, "BTCUSDT", False)]
    assert [order.id for order in orders.open_orders()] == [ID]


def test_a_young_order_may_be_missing() -> None:
    orders = new_orders()
    orders.on_report(report(Status.NEW), NOW)
    assert compare(orders, [], NOW + SECOND // 2) == []


def test_an_order_in_flight_or_unknown_is_not_called_vanished() -> None:
    orders = new_orders()
    orders.accept(OWNER, 1, intent(), NOW)
    assert compare(orders, [], NOW + 9 * SECOND) == []
    orders.on_unknown(ID, "no answer", NOW)
    assert compare(orders, [], NOW + 9 * SECOND) == []


def test_an_order_of_ours_that_surfaces_is_followed() -> None:
    orders = new_orders()
    differences = compare(orders, [report(Status.NEW, client_id=OTHER)], NOW)
    assert [difference.kind for difference in differences] == [Kind.SURFACED]
    assert [row.status for row in told(correct(orders, differences, NOW))] == ["NEW"]
    assert [order.id for order in orders.open_orders()] == [OTHER]


def test_an_unknown_order_is_found_by_the_list() -> None:
    orders = new_orders()
    orders.accept(OWNER, 1, intent(), NOW)
    orders.on_unknown(ID, "no answer", NOW)
    differences = compare(orders, [report(Status.NEW)], NOW)
    assert [row.status for row in told(correct(orders, differences, NOW))] == ["NEW"]


def test_an_execution_that_was_not_told_is_fetched() -> None:
    orders = new_orders()
    orders.on_report(report(Status.NEW), NOW)
    differences = compare(orders, [report(Status.PARTIALLY_FILLED, "0.3")], NOW)
    assert [difference.kind for difference in differences] == [Kind.CHANGED]
    assert correct(orders, differences, NOW) == []
    assert kinds(orders.due(NOW + SECOND)) == ["FetchFills"]
    assert [row.fill_qty for row in told(orders.on_fill(ID, fill("0.3", 1), NOW))] == ["0.3"]


def test_a_list_that_lags_behind_revives_nothing() -> None:
    orders = new_orders()
    orders.on_report(report(Status.CANCELED), NOW)
    differences = compare(orders, [report(Status.NEW)], NOW)
    assert correct(orders, differences, NOW) == []
    assert list(orders.open_orders()) == []
