from lib.oms.history import KEPT, History
from tests.lib.oms.order_tools import NOW, OWNER, intent, new_orders


def history_of(count: int) -> History:
    update = new_orders().accept(OWNER, 1, intent(), NOW).update()
    history = History(incarnation=7)
    for sequence in range(1, count + 1):
        history.add(sequence, update._replace(trade_id=sequence))
    return history


def test_what_came_after_the_cursor_is_told_in_order() -> None:
    missed = history_of(5).after(OWNER, 7, 3)
    assert [update.trade_id for update in missed] == [4, 5]


def test_a_cursor_of_another_life_gets_all_of_this_one() -> None:
    assert len(history_of(5).after(OWNER, 6, 999)) == 5


def test_other_owners_get_nothing() -> None:
    assert history_of(5).after("other:BTCUSDT", 7, 0) == []


def test_memory_is_bounded() -> None:
    assert len(history_of(KEPT + 10).after(OWNER, 7, 0)) == KEPT
