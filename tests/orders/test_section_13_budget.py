"""The rate budget: cancels are never starved, a ban is silence, a restart forgets nothing."""

import json
from pathlib import Path

import pytest

from lib.bus.protocol import Health, Method
from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.errors import RateLimited
from lib.oms.actions import QueryOrder
from lib.oms.budget import Budget, Priority
from lib.oms.countdowns import WEIGHT, Countdowns, period_of
from tests.orders.benches import clear_faults, fault, free_bench, placed
from tests.workers.exchange_bench import Bench, until

NOW = 1_000 * NS_PER_MINUTE
START = 1 + 5 + 30 + 2 * 40 + 5 + 5
"""Weight of a start with the lists of all symbols: rules, clock, mode, open orders, account."""
pytestmark = pytest.mark.timeout(120)


def silence(bench: Bench) -> int:
    return len(bench.venue.venue.ledger()["requests"])


def reasons(bench: Bench) -> str:
    """Return why the account was told to be offline, all in one."""
    return " ".join(each.reason for each in bench.messages if isinstance(each, Health))


def test_a_hundred_symbols_refreshed_stay_within_a_quarter_of_the_weight() -> None:
    symbols = [f"S{number}" for number in range(100)]
    switch = Countdowns(60, symbols)
    per_minute = 60 / period_of(60, len(symbols)) * len(symbols) * WEIGHT
    assert per_minute <= 0.25 * 2_400
    assert switch.seconds == 300


def test_a_crash_loop_stops_asking_before_the_limit() -> None:
    facts: dict[str, object] = {}
    used, starts = 0, 0
    for number in range(30):
        now_ns = NOW + number * 2 * NS_PER_SECOND
        budget = Budget()
        budget.restore(facts)
        if budget.wait_ns(now_ns, Priority.OPEN) == 0:
            used, starts = used + START, starts + 1
            budget.on_used("weight", used, now_ns)
        row = budget.keep()
        facts = {row.name: json.loads(row.value)}
    assert starts > 10
    assert used < 0.8 * 2_400


def test_orders_and_reads_never_take_the_last_of_the_weight() -> None:
    budget = Budget()
    budget.on_used("weight", 2_399, NOW)
    assert budget.wait_ns(NOW, Priority.CANCEL) == 0
    assert budget.wait_ns(NOW, Priority.REDUCE) == 0
    assert budget.wait_ns(NOW, Priority.LIMIT) > 0


async def test_in_a_ban_nothing_is_sent_and_the_switch_does_the_rest(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=3.0) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        fault(bench, "rate_limit", status=418, retry_after=6, method="POST", path="order", count=1)
        await bench.post(bench.intent(price=bench.price("0.97")))
        clear_faults(bench)
        before = silence(bench)
        (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
        assert refused.status == "unavailable"
        assert "rate limited" in refused.message
        await bench.ask(Method.CANCEL, [order.id])
        # the venue's own countdown is the only cancel left
        await until(lambda: placed(bench, order.id) == ["CANCELED"])
        assert silence(bench) == before
        await until(lambda: not bench.worker._authority.trouble())
        (again,) = await bench.post(bench.intent(price=bench.price("0.97")))
        assert again.status == "ok"


async def test_a_firewall_is_left_alone_and_named(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        page = {"status": 403, "html": True, "retry_after": 3}
        fault(bench, "reject_rest", method="POST", path="order", count=1, **page)
        order = bench.intent(price=bench.price("0.98"))
        (lost,) = await bench.post(order)
        assert lost.status == "unknown"
        before = silence(bench)
        (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
        assert refused.status == "unavailable"
        assert "firewall (HTTP 403)" in refused.message
        # the same words are the worker's line in the log, and what bots are told
        await until(lambda: "firewall (HTTP 403)" in reasons(bench))
        assert silence(bench) == before
        # what became of the order is asked afterwards
        await bench.status(order.id, "NOT_PLACED")
        assert silence(bench) > before


async def test_cancels_of_what_the_exchange_denies_leave_the_weight_to_others(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        lost, kept = (bench.intent(price=bench.price("0.98")) for _ in range(2))
        await bench.post(lost, kept)
        authority = bench.worker._authority
        # any later sign of life would end the doubt
        await until(lambda: authority.stream.events >= 2)
        denied = authority.orders.get(lost.id)
        assert denied is not None
        denied.missing_ns = 1
        _use_for_ever(bench, 2_000)

        await bench.ask(Method.CANCEL, [lost.id, kept.id])
        await until(lambda: placed(bench, kept.id) == ["CANCELED"])

        assert placed(bench, lost.id) == ["NEW"]


async def test_a_start_may_read_where_others_must_wait(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        authority = bench.worker._authority
        _use_for_ever(bench, 1_600)
        with pytest.raises(RateLimited):
            await authority.gateway.positions()

        authority.sync.is_behind = True
        assert await authority.gateway.positions() is not None
        authority.stream.reconnect()
        await until(lambda: not authority.sync.is_behind)


async def test_questions_about_what_the_exchange_denies_wait_first(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        authority = bench.worker._authority
        tracked = authority.orders.get(order.id)
        assert tracked is not None
        question = QueryOrder(order.id, order.symbol, conditional=False)
        _use_for_ever(bench, 1_000)
        # any later sign of life would end the doubt
        await until(lambda: authority.stream.events >= 1)
        before = _questions(bench)

        tracked.missing_ns = 1
        await authority.desk.ask(question)
        assert _questions(bench) == before
        tracked.missing_ns = 0
        await authority.desk.ask(question)
        assert _questions(bench) == before + 1

        # one that could not be put is planned again
        tracked.query_due_ns = 0
        _use_for_ever(bench, 2_000)
        await authority.desk.ask(question)
        assert _questions(bench) == before + 1
        assert tracked.query_due_ns > authority.gateway.now_ns()


def _questions(bench: Bench) -> int:
    rows = bench.venue.venue.ledger()["requests"]
    return sum((row["method"], row["path"]) == ("GET", "/fapi/v1/order") for row in rows)


def _use_for_ever(bench: Bench, weight: int) -> None:
    # no window may end while a test runs
    long_ns = 1_000_000 * NS_PER_MINUTE
    authority = bench.worker._authority
    used = {"weight": [authority.gateway.now_ns() // long_ns, weight]}
    authority.gateway.budget.restore(
        {"budget": {"used": used, "limits": [["weight", 2_400, long_ns]]}}
    )


async def test_a_new_life_under_a_ban_sends_nothing(run_dir: Path) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "rate_limit", status=418, retry_after=4, method="POST", path="order", count=1)
        await bench.post(bench.intent(price=bench.price("0.97")))
        clear_faults(bench)
        patrol = bench.worker._authority.patrol
        patrol.keep_budget()
        await bench.kill()
        before = silence(bench)
        bench.beats.clear()
        bench.start_worker()
        await until(lambda: bench.beats)
        assert silence(bench) == before
        await bench.ready()
        assert silence(bench) > before
