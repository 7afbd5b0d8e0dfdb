from decimal import Decimal

import pytest

from lib.constants import Status
from lib.oms import known
from lib.oms.actions import CancelOrder, FetchFills, Publish, QueryOrder
from lib.oms.ids import ClientIds
from lib.oms.orders import Orders
from lib.oms.rows import NOTHING
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
    wishes,
)


@pytest.fixture
def orders() -> Orders:
    """An order book of ours with one order just handed over for sending."""
    made = new_orders()
    made.accept(OWNER, 1, intent(), NOW)
    return made


def test_acknowledgement_and_its_event_are_told_once(orders: Orders) -> None:
    first = told(orders.on_report(report(Status.NEW), NOW))
    assert [update.status for update in first] == ["NEW"]
    assert first[0].exchange_id == 77
    assert told(orders.on_report(report(Status.NEW), NOW)) == []


def test_fills_add_up_and_end_the_order(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    part = told(orders.on_report(report(Status.PARTIALLY_FILLED, "0.4", fill=fill("0.4", 1)), NOW))
    assert [(row.status, row.fill_qty, row.filled_qty) for row in part] == [
        ("PARTIALLY_FILLED", "0.4", "0.4")
    ]
    rest = told(orders.on_report(report(Status.FILLED, "1", fill=fill("0.6", 2, "110")), NOW))
    assert [(row.status, Decimal(row.filled_qty), row.average_price) for row in rest] == [
        ("FILLED", 1, "106")
    ]
    assert list(orders.open_orders()) == []


def test_a_fill_that_comes_twice_is_booked_once(orders: Orders) -> None:
    event = report(Status.PARTIALLY_FILLED, "0.4", fill=fill("0.4", 1))
    assert len(told(orders.on_report(event, NOW))) == 1
    assert told(orders.on_report(event, NOW)) == []
    assert orders.counts["repeated fill"] == 1


@pytest.mark.parametrize("is_reborn", [False, True])
def test_an_open_order_knows_its_fills_however_many_others_have_had(
    orders: Orders, monkeypatch: pytest.MonkeyPatch, is_reborn: bool
) -> None:
    monkeypatch.setattr(known, "REMEMBERED", 1)
    events = [
        report(Status.PARTIALLY_FILLED, "0.4", fill=fill("0.4", 1)),
        report(Status.PARTIALLY_FILLED, "0.7", fill=fill("0.3", 2)),
    ]
    seen = [action for event in events for action in orders.on_report(event, NOW)]
    if is_reborn:
        published = [action for action in seen if isinstance(action, Publish)]
        rows = [action.order for action in published if action.order is not None]
        fills = [action.fill for action in published if action.fill is not None]
        orders = new_orders()
        orders.restore(NOTHING._replace(orders=rows[-1:], fills=fills), NOW)
    assert [told(orders.on_report(event, NOW)) for event in events] == [[], []]
    assert told(orders.on_fill(ID, fill("0.4", 1), NOW)) == []


def test_a_fill_may_come_before_the_acknowledgement(orders: Orders) -> None:
    orders.on_report(report(Status.FILLED, "1", fill=fill("1", 1)), NOW)
    assert told(orders.on_report(report(Status.NEW), NOW)) == []
    order = orders.get(ID)
    assert order is not None
    assert order.status is Status.FILLED


def test_a_final_reply_waits_for_the_fills_it_speaks_of(orders: Orders) -> None:
    assert [row.status for row in told(orders.on_report(report(Status.FILLED, "1"), NOW))] == [
        "NEW"
    ]
    assert [order.id for order in orders.open_orders()] == [ID]
    late = told(orders.on_report(report(Status.FILLED, "1", fill=fill("1", 5)), NOW))
    assert [(row.status, row.fill_qty) for row in late] == [("FILLED", "1")]


def test_missing_fills_are_fetched_until_they_are_there(orders: Orders) -> None:
    orders.on_report(report(Status.CANCELED, "0.5"), NOW)
    assert orders.due(NOW) == []
    assert orders.due(NOW + SECOND) == [FetchFills(ID, "BTCUSDT", 77)]
    assert orders.due(NOW + SECOND) == []
    assert orders.due(NOW + 2 * SECOND) == [FetchFills(ID, "BTCUSDT", 77)]
    done = told(orders.on_fill(ID, fill("0.5", 9), NOW + 3 * SECOND))
    assert [(row.status, row.fill_qty, row.filled_qty) for row in done] == [
        ("CANCELED", "0.5", "0.5")
    ]
    assert orders.due(NOW + 60 * SECOND) == []


def test_a_late_fill_of_a_closed_order_is_told(orders: Orders) -> None:
    orders.on_report(report(Status.CANCELED), NOW)
    late = told(orders.on_report(report(Status.PARTIALLY_FILLED, "0.3", fill=fill("0.3", 4)), NOW))
    assert [(row.status, row.fill_qty) for row in late] == [("CANCELED", "0.3")]


def test_what_contradicts_the_table_is_counted_and_ignored(orders: Orders) -> None:
    orders.on_report(report(Status.CANCELED), NOW)
    assert told(orders.on_report(report(Status.NEW), NOW)) == []
    assert orders.counts["stale"] == 1


def test_a_refusal_ends_the_order_with_its_reason(orders: Orders) -> None:
    (update,) = told(orders.end(ID, Status.REJECTED, "Margin is insufficient.", NOW))
    assert (update.status, update.reason) == ("REJECTED", "Margin is insufficient.")
    assert orders.end(ID, Status.REJECTED, "again", NOW) == []


def test_a_refusal_after_an_event_changes_nothing(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    assert orders.end(ID, Status.NOT_SENT, "cannot connect", NOW) == []
    assert orders.counts["late refusal"] == 1


def test_foreign_orders_are_counted_only(orders: Orders) -> None:
    assert orders.on_report(report(Status.NEW, client_id="web_abc"), NOW) == []
    assert orders.counts["foreign"] == 1


# --- unknown outcomes


def test_unknown_is_told_and_asked_for_until_an_event_solves_it(orders: Orders) -> None:
    (update,) = told(orders.on_unknown(ID, "no answer", NOW))
    assert update.status == "UNKNOWN"
    assert orders.due(NOW) == []
    assert orders.due(NOW + SECOND) == [QueryOrder(ID, "BTCUSDT", False)]
    assert [row.status for row in told(orders.on_report(report(Status.NEW), NOW))] == ["NEW"]
    assert orders.due(NOW + 60 * SECOND) == []


def test_an_event_before_the_lost_reply_leaves_no_doubt(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    assert orders.on_unknown(ID, "no answer", NOW) == []


def test_absence_is_proven_only_after_the_window_and_twice(orders: Orders) -> None:
    orders.on_unknown(ID, "no answer", NOW)
    for at in (0.2, 1, 3, 4.9):
        assert orders.on_absent(ID, NOW + round(at * SECOND)) == []
    assert orders.on_absent(ID, NOW + round(5.1 * SECOND)) == []
    assert orders.on_absent(ID, NOW + round(5.9 * SECOND)) == []
    (update,) = told(orders.on_absent(ID, NOW + round(6.2 * SECOND)))
    assert update.status == "NOT_PLACED"


def test_a_conditional_order_needs_a_minute_more() -> None:
    orders = new_orders()
    orders.accept(OWNER, 1, intent(stop=True), NOW)
    orders.on_unknown(ID, "no answer", NOW)
    orders.on_absent(ID, NOW + 60 * SECOND)
    assert orders.on_absent(ID, NOW + 62 * SECOND) == []
    orders.on_absent(ID, NOW + 64 * SECOND)
    assert [row.status for row in told(orders.on_absent(ID, NOW + 66 * SECOND))] == ["NOT_PLACED"]


def test_what_was_called_absent_and_appears_is_cancelled(orders: Orders) -> None:
    orders.on_unknown(ID, "no answer", NOW)
    orders.on_absent(ID, NOW + 6 * SECOND)
    orders.on_absent(ID, NOW + 8 * SECOND)
    actions = orders.on_report(report(Status.NEW), NOW + 9 * SECOND)
    assert kinds(actions) == ["Publish", "CancelOrder"]
    assert orders.counts["reappeared"] == 1


def denied(orders: Orders, seconds: float, *, heard: bool = True) -> list[int]:
    """Look for the order whenever it is due, and say that it is not there; return when, ms."""
    asked = []
    for tick in range(round(seconds * 10)):
        now_ns = NOW + tick * SECOND // 10
        if any(isinstance(action, QueryOrder) for action in orders.due(now_ns)):
            asked.append(tick * 100)
            if orders.on_missing(ID, now_ns, heard=heard):
                break
    return asked


def test_what_the_exchange_had_is_lost_only_after_a_minute_of_denials(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_missing(ID, NOW, heard=True)

    asked = denied(orders, 300)

    assert 60_000 <= asked[-1] < 80_000
    assert len(asked) < 12
    (update,) = told(orders.on_lost(ID, NOW + 70 * SECOND))
    assert (update.status, update.reason) == ("NOT_PLACED", "the exchange no longer has it")


def test_loss_takes_more_denials_where_the_account_was_not_heard(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_missing(ID, NOW, heard=False)

    assert len(denied(orders, 300, heard=False)) >= 9


def test_a_question_about_what_is_missing_that_cannot_be_put_is_planned_again(
    orders: Orders,
) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_missing(ID, NOW, heard=True)

    # no answer: the exchange wants to be asked later
    asked = [
        second for second in range(120) if "QueryOrder" in kinds(orders.due(NOW + second * SECOND))
    ]

    assert len(asked) >= 6


def test_any_sign_of_life_ends_the_doubt(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    for second in range(59):
        assert not orders.on_missing(ID, NOW + second * SECOND, heard=True)

    orders.on_report(report(Status.NEW), NOW + 59 * SECOND)

    assert not orders.on_missing(ID, NOW + 61 * SECOND, heard=True)


def test_what_was_lost_and_appears_is_cancelled(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_lost(ID, NOW + 70 * SECOND)

    orders.on_report(report(Status.NEW), NOW + 80 * SECOND)

    assert orders.counts["reappeared"] == 1
    [order] = orders.open_orders()
    assert order.cancel_wanted


def test_repeated_questions_do_not_put_off_the_answer(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_missing(ID, NOW, heard=True)
    asked = []
    for tick in range(1, 800):
        now_ns = NOW + tick * SECOND // 10
        for action in (*orders.on_question(ID, now_ns), *orders.due(now_ns)):
            if isinstance(action, QueryOrder):
                asked.append(tick / 10)
                orders.on_missing(ID, now_ns, heard=True)

    assert 6 <= len(asked) <= 9


def test_cancels_of_what_is_missing_become_rare(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.want_cancel(orders.open_orders(), NOW)
    requests = 0
    for tick in range(600):
        now_ns = NOW + tick * SECOND // 10
        for action in orders.due(now_ns):
            requests += 1
            if isinstance(action, CancelOrder):
                orders.on_question(ID, now_ns)
            elif isinstance(action, QueryOrder):
                orders.on_missing(ID, now_ns, heard=True)

    assert requests <= 16


def test_absence_never_ends_an_order_that_was_seen(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    for second in range(5, 60):
        assert orders.on_absent(ID, NOW + second * SECOND) == []
    assert orders.counts["absent though known"] == 55


# --- cancels


def test_a_cancel_is_repeated_until_final(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    cancel = CancelOrder(ID, "BTCUSDT", False, False)
    assert wishes(orders.want_cancel(orders.open_orders(), NOW)) == [cancel]
    assert wishes(orders.want_cancel(orders.open_orders(), NOW)) == []
    assert orders.due(NOW + SECOND) == [cancel]
    orders.on_report(report(Status.CANCELED), NOW + SECOND)
    assert orders.due(NOW + 60 * SECOND) == []


def test_a_cancel_waits_for_an_order_in_flight(orders: Orders) -> None:
    assert wishes(orders.want_cancel(orders.open_orders(), NOW)) == []
    assert orders.due(NOW + SECOND) == []
    actions = orders.on_report(report(Status.NEW), NOW + SECOND)
    assert kinds(actions) == ["Publish", "CancelOrder"]


def test_a_cancel_goes_out_for_an_order_of_unknown_fate(orders: Orders) -> None:
    orders.want_cancel(orders.open_orders(), NOW)
    assert kinds(orders.on_unknown(ID, "no answer", NOW)) == ["Publish", "CancelOrder"]


def test_a_cancel_that_finds_nothing_is_a_question(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.want_cancel(orders.open_orders(), NOW)
    assert orders.on_question(ID, NOW) == [QueryOrder(ID, "BTCUSDT", False)]


def test_a_later_attempt_is_the_same_order(orders: Orders) -> None:
    orders.resend(ID, f"{ID}.2", NOW)
    orders.on_report(report(Status.NEW, client_id=f"{ID}.2"), NOW)
    assert wishes(orders.want_cancel(orders.open_orders(), NOW)) == [
        CancelOrder(f"{ID}.2", "BTCUSDT", False, False)
    ]


# --- conditional orders


@pytest.fixture
def stops() -> Orders:
    """One resting protective stop."""
    made = new_orders()
    made.accept(OWNER, 1, intent(stop=True, reduce=True), NOW)
    made.on_report(report(Status.NEW, algo=True, reduce=True, exchange_id=4_000), NOW)
    return made


def test_child_and_conditional_order_are_one(stops: Orders) -> None:
    algo = {"algo": True, "reduce": True, "exchange_id": 4_000}
    seen = told(stops.on_report(report(Status.TRIGGERING, **algo), NOW))
    seen += told(stops.on_report(report(Status.NEW, exchange_id=9), NOW))
    seen += told(
        stops.on_report(
            report(Status.FILLED, "1", fill=fill("1", 1, exchange_id=9), exchange_id=9), NOW
        )
    )
    seen += told(stops.on_report(report(Status.TRIGGERING, child_id=9, **algo), NOW))
    seen += told(stops.on_report(report(Status.FILLED, "1", child_id=9, **algo), NOW))
    assert [(row.status, row.fill_qty) for row in seen] == [("TRIGGERING", "0"), ("FILLED", "1")]


def test_a_finished_conditional_order_waits_for_its_childs_fill(stops: Orders) -> None:
    algo = {"algo": True, "reduce": True, "exchange_id": 4_000}
    stops.on_report(report(Status.FILLED, "1", child_id=9, **algo), NOW)
    assert stops.due(NOW + SECOND) == [FetchFills(ID, "BTCUSDT", 9)]


def test_a_triggered_order_is_cancelled_in_both_places(stops: Orders) -> None:
    stops.on_report(report(Status.NEW, exchange_id=9), NOW)
    assert wishes(stops.want_cancel(stops.open_orders(), NOW)) == [
        CancelOrder(ID, "BTCUSDT", True, True)
    ]


# --- lives


def test_an_ended_life_leaves_its_stops_and_nothing_else(stops: Orders) -> None:
    other = ClientIds("test", OWNER).next(NOW + SECOND)
    newer = ClientIds("test", OWNER).next(NOW + 2 * SECOND)
    stops.accept(OWNER, 1, intent(other), NOW)
    stops.accept(OWNER, 2, intent(newer), NOW)
    assert [order.id for order in stops.ended(OWNER, 1)] == [other]


def test_an_order_that_only_its_owner_knows_is_asked_for() -> None:
    orders = new_orders()
    orders.adopt(OWNER, ID, 5, NOW)
    assert orders.due(NOW) == [QueryOrder(ID, "BTCUSDT", None)]
    (found,) = told(orders.on_report(report(Status.FILLED, "1"), NOW))
    assert found.status == "NEW"
    assert kinds(orders.due(NOW + SECOND)) == ["FetchFills"]
    (update,) = told(orders.on_fill(ID, fill("1", 3), NOW + SECOND))
    assert (update.status, update.qty, update.price, update.type) == ("FILLED", "1", "100", "LIMIT")


def test_ids_of_others_are_not_adopted() -> None:
    orders = new_orders()
    orders.adopt(OWNER, "web_abc", 5, NOW)
    orders.adopt(OWNER, ClientIds("test", "other:BTCUSDT").next(NOW), 5, NOW)
    assert list(orders.open_orders()) == []


def test_a_shrunk_reduce_only_order_shows_its_new_quantity(orders: Orders) -> None:
    orders.on_report(report(Status.NEW), NOW)
    orders.on_report(report(Status.NEW)._replace(qty=Decimal("0.4")), NOW)
    order = orders.get(ID)
    assert order is not None
    assert order.qty == Decimal("0.4")
