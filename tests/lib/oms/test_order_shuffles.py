"""Whatever order and number events come in, the same is believed and told in the end."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lib.constants import FINAL, Status
from lib.helpers import decimal
from lib.oms.events import OrderReport
from tests.lib.oms.order_tools import ID, NOW, OWNER, SECOND, fill, intent, new_orders, report, told


def story(parts: list[int], ending: Status) -> tuple[list[OrderReport], str]:
    """Return the events of one order filled in parts (tenths), and its filled quantity."""
    events = [report(Status.NEW)]
    filled = 0
    for number, part in enumerate(parts, start=1):
        filled += part
        status = Status.FILLED if filled == 10 else Status.PARTIALLY_FILLED
        events.append(
            report(status, str(filled / 10), fill=fill(str(part / 10), number), at=NOW + number)
        )
    if filled < 10:
        events.append(report(ending, str(filled / 10), at=NOW + 99))
    return events, str(filled / 10)


parts_of_ten = st.lists(st.integers(1, 5), max_size=4).filter(lambda parts: sum(parts) <= 10)
endings = st.sampled_from([Status.CANCELED, Status.EXPIRED])


@given(parts_of_ten, endings, st.randoms(use_true_random=False), st.integers(0, 5))
def test_any_order_and_repetition_ends_the_same(
    parts: list[int], ending: Status, rng: random.Random, repeats: int
) -> None:
    events, filled = story(parts, ending)
    events += [rng.choice(events) for _ in range(repeats)]
    rng.shuffle(events)
    orders = new_orders()
    orders.accept(OWNER, 1, intent(), NOW)
    updates = [update for event in events for update in told(orders.on_report(event, NOW + SECOND))]
    order = orders.get(ID)
    assert order is not None
    assert order.status is (Status.FILLED if sum(parts) == 10 else ending)
    assert order.filled_qty == decimal(filled)
    assert sum(decimal(update.fill_qty) for update in updates) == decimal(filled)
    finals = [update for update in updates if Status(update.status) in FINAL]
    assert finals[-1:] == updates[-1:]
    assert finals[-1].filled_qty == finals[-1].filled_qty
    assert [update.status for update in finals if update.fill_qty == "0"] in (
        [],
        [order.status.value],
    )
    assert orders.due(NOW + 3_600 * SECOND) == []


@given(parts_of_ten, endings, st.data())
def test_lost_events_are_made_up_for_by_reads(
    parts: list[int], ending: Status, data: st.DataObject
) -> None:
    events, filled = story(parts, ending)
    heard = [event for event in events if data.draw(st.booleans())]
    orders = new_orders()
    orders.accept(OWNER, 1, intent(), NOW)
    updates = [update for event in heard for update in told(orders.on_report(event, NOW))]
    last = events[-1]._replace(fill=None)
    updates += told(orders.on_report(last, NOW))
    for event in events:
        if event.fill is not None:
            updates += told(orders.on_fill(ID, event.fill, NOW))
    order = orders.get(ID)
    assert order is not None
    assert sum(decimal(update.fill_qty) for update in updates) == decimal(filled)
    assert order.status is last.status
