import pytest

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.venue.limits import FIRST_BAN_NS, Limits, Quotas
from lib.venue.refusals import Refusal

START_NS = 1_790_000_040 * NS_PER_SECOND  # a whole minute
QUOTAS = Quotas(weight=100, orders_10s=5, orders_1m=8, funding=3, patience=4)


def refused(limits: Limits, weight: int, now_ns: int) -> Refusal:
    with pytest.raises(Refusal) as caught:
        limits.count_weight(weight, now_ns)
    return caught.value


def test_weight_adds_up_and_starts_anew_each_minute() -> None:
    limits = Limits(QUOTAS)
    assert limits.count_weight(60, START_NS) == 60
    assert limits.count_weight(40, START_NS + 1) == 100
    refusal = refused(limits, 1, START_NS + 20 * NS_PER_SECOND)
    assert (refusal.status, refusal.code) == (429, -1003)
    assert refusal.headers["Retry-After"] == "40"
    assert limits.count_weight(1, START_NS + NS_PER_MINUTE) == 1


def test_ignored_refusals_lead_to_a_ban_that_grows() -> None:
    limits = Limits(QUOTAS)
    limits.count_weight(100, START_NS)
    for _ in range(QUOTAS.patience):
        assert refused(limits, 1, START_NS).status == 429
    banned = refused(limits, 1, START_NS)
    assert (banned.status, banned.headers["Retry-After"]) == (418, "120")
    assert str((START_NS + FIRST_BAN_NS) // 1_000_000) in banned.text
    with pytest.raises(Refusal, match="banned until"):
        limits.check_ban(START_NS + FIRST_BAN_NS - 1)
    limits.check_ban(START_NS + FIRST_BAN_NS)
    later_ns = START_NS + 10 * NS_PER_MINUTE
    limits.count_weight(100, later_ns)
    for _ in range(QUOTAS.patience):
        refused(limits, 1, later_ns)
    assert refused(limits, 1, later_ns).headers["Retry-After"] == "480"


def test_orders_are_limited_per_account_in_both_windows() -> None:
    limits = Limits(QUOTAS)
    assert limits.count_orders("a", (5, 1), START_NS) == (5, 1)
    with pytest.raises(Refusal, match="5 orders per TEN_SECONDS") as caught:
        limits.count_orders("a", (1, 1), START_NS)
    assert (caught.value.status, caught.value.code) == (429, -1015)
    assert limits.used_orders("a", START_NS) == (5, 1), "a refused order is not counted"
    assert limits.count_orders("b", (1, 1), START_NS) == (1, 1)
    later_ns = START_NS + 10 * NS_PER_SECOND
    for count in range(2, 7):
        limits.count_orders("a", (1, 1), later_ns)
        assert limits.used_orders("a", later_ns)[1] == count
    latest_ns = START_NS + 20 * NS_PER_SECOND
    for _ in range(2):
        limits.count_orders("a", (1, 1), latest_ns)
    with pytest.raises(Refusal, match="per MINUTE"):
        limits.count_orders("a", (1, 1), latest_ns)


def test_funding_pool_has_its_own_window() -> None:
    limits = Limits(QUOTAS)
    for _ in range(3):
        limits.count_funding(START_NS)
    with pytest.raises(Refusal, match="per 5 minutes"):
        limits.count_funding(START_NS + NS_PER_MINUTE)
    limits.count_funding(START_NS + 6 * NS_PER_MINUTE)
    assert limits.weight.count(0, START_NS) == 0


def test_rows_of_the_websocket_api_show_what_is_used() -> None:
    limits = Limits(QUOTAS)
    limits.count_weight(7, START_NS)
    limits.count_orders("a", (1, 1), START_NS)
    assert [row["count"] for row in limits.rows("a", START_NS)] == [7, 1, 1]
    assert [row["count"] for row in limits.rows(None, START_NS)] == [7]
