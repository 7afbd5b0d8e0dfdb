import itertools

from lib.exchange.bus_cancels import FIRST_NS, LONGEST_NS, UNSENT_NS, Wishes


def test_a_wish_is_repeated_ever_more_rarely_until_it_is_fulfilled() -> None:
    wishes = Wishes()
    wishes.add(["a"], 0)
    times = []
    for _ in range(6):
        due_ns = wishes.deadline()
        assert due_ns is not None
        assert wishes.due(due_ns) == ("a",)
        times.append(due_ns)
        wishes.sent(["a"], due_ns)

    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert gaps == [FIRST_NS, 2 * FIRST_NS, 4 * FIRST_NS, LONGEST_NS, LONGEST_NS]
    wishes.fulfil("a")
    assert len(wishes) == 0
    assert wishes.deadline() is None


def test_a_cancel_that_nobody_took_is_tried_again_soon() -> None:
    wishes = Wishes()
    wishes.add(["a"], 0)
    wishes.unsent(["a"], 0)

    assert wishes.due(UNSENT_NS - 1) == ()
    assert wishes.due(UNSENT_NS) == ("a",)


def test_wishing_again_sends_nothing_sooner() -> None:
    wishes = Wishes()
    wishes.add(["a"], 0)
    wishes.sent(["a"], 0)
    wishes.add(["a"], 1)

    assert wishes.due(FIRST_NS - 1) == ()


def test_a_new_exchange_worker_is_told_every_wish_at_once() -> None:
    wishes = Wishes()
    wishes.add(["a", "b"], 0)
    wishes.sent(["a", "b"], 0)
    wishes.repeat(1)

    assert wishes.due(1) == ("a", "b")
