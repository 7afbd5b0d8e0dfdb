import json

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.oms.budget import Budget, Limit, Priority

NOW = 1_000 * NS_PER_MINUTE


def test_use_counts_within_its_window_only() -> None:
    budget = Budget()
    budget.on_used("weight", 1_200, NOW)
    assert budget.share("weight", NOW + NS_PER_SECOND) == 0.5
    assert budget.share("weight", NOW + NS_PER_MINUTE) == 0.0


def test_an_answer_that_was_overtaken_changes_nothing() -> None:
    budget = Budget()
    budget.on_used("weight", 100, NOW)
    budget.on_used("weight", 90, NOW)
    assert budget.share("weight", NOW) == 100 / 2_400
    budget.on_used("weight", 5, NOW + NS_PER_MINUTE)
    budget.on_used("weight", 2_000, NOW + NS_PER_MINUTE - 1)
    assert budget.share("weight", NOW + NS_PER_MINUTE) == 5 / 2_400


def test_trouble_starts_at_the_soft_limit_and_ends_with_the_window() -> None:
    budget = Budget()
    budget.on_used("orders_10s", 239, NOW)
    assert budget.trouble(NOW) == ""
    budget.on_used("orders_10s", 240, NOW)
    assert "orders_10s" in budget.trouble(NOW)
    assert budget.trouble(NOW + 10 * NS_PER_SECOND) == ""


def test_a_weight_limit_stops_everything_an_order_limit_only_orders() -> None:
    budget = Budget()
    budget.block("orders_10s", NOW + 5)
    assert budget.wait_ns(NOW, Priority.LIMIT) == 5
    assert budget.wait_ns(NOW, Priority.READ) == 0
    assert budget.wait_ns(NOW, Priority.CANCEL) == 0
    budget.block("weight", NOW + 9)
    assert budget.wait_ns(NOW, Priority.CANCEL) == 9
    budget.block("weight", NOW + 3)
    assert budget.wait_ns(NOW, Priority.READ) == 9
    assert budget.trouble(NOW) == "rate limited by the exchange"
    assert budget.wait_ns(NOW + 9, Priority.LIMIT) == 0


def test_what_is_less_urgent_waits_first_for_the_next_window() -> None:
    budget = Budget()
    budget.on_used("weight", 1_500, NOW)
    assert budget.wait_ns(NOW + NS_PER_SECOND, Priority.READ) == 59 * NS_PER_SECOND
    assert budget.wait_ns(NOW, Priority.QUERY) == 0
    budget.on_used("weight", 2_399, NOW)
    waits = [budget.wait_ns(NOW, each) > 0 for each in Priority]
    assert waits == [False, False, True, True, True, True, True, True]
    assert budget.wait_ns(NOW + NS_PER_MINUTE, Priority.READ) == 0


def test_a_new_life_goes_on_with_use_and_bans() -> None:
    budget = Budget()
    budget.on_used("weight", 1_900, NOW)
    budget.block("weight", NOW + 7)
    kept = budget.keep()
    reborn = Budget()
    reborn.restore({kept.name: json.loads(kept.value)})
    assert reborn.wait_ns(NOW, Priority.CANCEL) == 7
    assert reborn.share("weight", NOW) == 1_900 / 2_400


def test_why_nothing_is_sent_is_told_while_it_lasts_and_to_the_next_life() -> None:
    budget = Budget()
    assert budget.blocked(NOW) == ""
    budget.block("weight", NOW + 9, "a firewall")
    # a shorter one changes neither the time nor the reason
    budget.block("weight", NOW + 3)
    budget.block("orders_10s", NOW + 5)
    kept, reborn = budget.keep(), Budget()
    reborn.restore({kept.name: json.loads(kept.value)})
    for each in (budget, reborn):
        assert each.blocked(NOW) == each.trouble(NOW) == "a firewall"
        assert each.blocked(NOW + 9) == each.trouble(NOW + 9) == ""


def test_the_exchanges_own_limits_are_taken_over_and_survive() -> None:
    budget = Budget()
    budget.set_limits([Limit("weight", 6_000, NS_PER_MINUTE)])
    budget.on_used("weight", 3_000, NOW)
    assert budget.share("weight", NOW) == 0.5

    kept, reborn = budget.keep(), Budget()
    reborn.restore({kept.name: json.loads(kept.value)})
    assert reborn.share("weight", NOW) == 0.5
