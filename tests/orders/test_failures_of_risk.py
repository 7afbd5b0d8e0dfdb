"""Bots that run wild, and positions that others change: who is stopped, and by what."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import OrderIntent
from lib.constants import NS_PER_SECOND
from lib.exchange.replies import Outcome
from lib.oms.day import SURE_NS
from lib.oms.latches import CUT_AFTER
from tests.orders.benches import FREE, clear_faults, fault, free_bench, requests
from tests.workers.exchange_bench import LIFE, OWNER, SYMBOL, Bench, until

ORDERS = "/fapi/v1/order"
BATCHES = "/fapi/v1/batchOrders"
BORNE = 3
"""Refusals."""
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker with a breaker and a daily loss, and one living bot."""
    account = {**FREE, "max_daily_loss_usd": 0}
    risk = {**FREE, "max_refusals": BORNE, "max_daily_loss_usd": 100, "account": account}
    async with free_bench(run_dir, risk=risk) as made:
        await made.ready()
        await made.hello()
        yield made


def refuse(bench: Bench, code: int) -> None:
    """Have the exchange refuse whatever is placed."""
    fault(bench, "reject_rest", method="POST", path="order", status=400, code=code, msg="no")


def bid(bench: Bench, number: int = 0, **kind: Any) -> OrderIntent:
    """Return a bid that rests; another number, another price."""
    price = Decimal(bench.price("0.98")) - number
    return bench.intent(price=str(price), **kind)


def exit_of(bench: Bench, qty: str = "0.002") -> OrderIntent:
    return bench.intent(qty, side="SELL", reduce_only=True)


async def loop(bench: Bench, times: int) -> list[Outcome]:
    """Send the same exit in a loop."""
    return [(await bench.post(exit_of(bench)))[0] for _ in range(times)]


# --- the circuit breaker


@pytest.mark.parametrize("code", [-2019, -4164])
async def test_what_the_exchange_refuses_again_and_again_pauses_a_bot(
    bench: Bench, code: int
) -> None:
    refuse(bench, code)
    outcomes = [(await bench.post(bid(bench, number)))[0] for number in range(BORNE + 2)]
    assert [outcome.code for outcome in outcomes] == [code] * (BORNE + 1) + [0]
    assert "paused" in outcomes[-1].message
    assert len(requests(bench, "POST", ORDERS)) == BORNE + 1


async def test_what_is_against_the_rules_pauses_a_bot(bench: Bench) -> None:
    wrong = [bid(bench)._replace(qty="0.0000001") for _ in range(BORNE + 1)]
    assert [outcome.code for outcome in await bench.post(*wrong)] == [-1111] * len(wrong)
    (paused,) = await bench.post(bid(bench))
    assert "paused" in paused.message


async def test_post_only_orders_that_would_match_pause_nobody(bench: Bench) -> None:
    too_high = Decimal(bench.price("1.01"))
    for number in range(3 * BORNE):
        crossing = bench.intent(price=str(too_high + number), post_only=True)
        (outcome,) = await bench.post(crossing)
        assert outcome.code == -5022
    (fine,) = await bench.post(bid(bench, post_only=True))
    assert fine.status == "ok"


async def test_neither_an_unknown_outcome_nor_a_busy_exchange_is_the_bot_s_fault(
    bench: Bench,
) -> None:
    fault(bench, "reject_rest", method="POST", path="order", status=502, html=True)
    for number in range(2 * BORNE):
        await bench.post(bid(bench, number))
    clear_faults(bench)
    busy = {"status": 503, "code": 0, "msg": "Service Unavailable."}
    fault(bench, "reject_rest", method="POST", path="order", **busy)
    for number in range(2 * BORNE):
        await bench.post(bid(bench, number))
    clear_faults(bench)
    (fine,) = await bench.post(bid(bench))
    assert fine.status == "ok"


# --- exits in a loop


async def test_an_exit_in_a_loop_is_cut_and_any_other_goes_out(bench: Bench) -> None:
    begun_ns = bench.timer.Monotonic()
    outcomes = await loop(bench, 40)
    seconds = (bench.timer.Monotonic() - begun_ns) // NS_PER_SECOND
    assert {outcome.code for outcome in outcomes} == {-2022}
    assert len(requests(bench, "POST", ORDERS)) <= CUT_AFTER + 1 + seconds
    assert "again and again" in outcomes[-1].message
    await bench.post(exit_of(bench, "0.003"))
    assert len(requests(bench, "POST", ORDERS)) <= CUT_AFTER + 2 + seconds


async def test_an_exit_that_was_cut_goes_out_within_a_second(bench: Bench) -> None:
    await bench.post(bench.intent("0.010"))
    refuse(bench, -2022)
    cut = await loop(bench, 2 * CUT_AFTER)
    assert "again and again" in cut[-1].message
    clear_faults(bench)
    begun_ns = bench.timer.Monotonic()
    while (await bench.post(exit_of(bench)))[0].status != "ok":
        assert bench.timer.Monotonic() - begun_ns < 2 * NS_PER_SECOND
    # one has come through: so do those behind it
    assert {outcome.status for outcome in await loop(bench, 3)} == {"ok"}


async def test_exits_side_by_side_are_all_tried_the_first_time(bench: Bench) -> None:
    await bench.post(bench.intent("0.010"))
    outcomes = await bench.post(*(exit_of(bench, "0.001") for _ in range(10)))
    assert {outcome.status for outcome in outcomes} == {"ok"}


async def test_closing_a_position_for_somebody_is_never_cut_nor_held_against_a_bot(
    bench: Bench,
) -> None:
    posting, tries = bench.worker._authority.posting, 2 * CUT_AFTER
    for _ in range(tries):
        closed = await posting.close_position(OWNER, LIFE, exit_of(bench))
        assert closed.code == -2022
    assert len(requests(bench, "POST", ORDERS)) == tries
    (fine,) = await bench.post(bid(bench))
    assert fine.status == "ok"


# --- the day's result


async def begin_day(bench: Bench) -> None:
    """Wait until the owner's day has begun, flat."""
    price = Decimal(bench.price("1"))
    bench.worker._authority.warden.on_quote(SYMBOL, price, price)
    await until(lambda: counted(bench) == "0")


def crash(bench: Bench) -> list[str]:
    """Have the price fall to nothing; return whom that halts, by what is held."""
    warden = bench.worker._authority.warden
    warden.on_quote(SYMBOL, Decimal(1), Decimal(1))
    return warden.check_day(bench.venue.now())


def counted(bench: Bench) -> str:
    """Return the quantity by which the owner's day goes on winning or losing."""
    tally = bench.worker._authority.warden._day._tallies.get(OWNER)
    return "" if tally is None else str(tally.qty.normalize())


@pytest.mark.parametrize("name", ["manual_trade", "liquidate", "adl"])
async def test_a_position_that_others_have_closed_loses_no_more(bench: Bench, name: str) -> None:
    await begin_day(bench)
    await bench.post(bench.intent("0.010"))
    await until(lambda: counted(bench) == "0.01")
    facts = {"qty": "-0.010"} if name == "manual_trade" else {}
    fault(bench, name, symbol=SYMBOL, **facts)
    await until(lambda: counted(bench) == "0")
    assert crash(bench) == []


async def test_a_position_that_is_there_loses(bench: Bench) -> None:
    await begin_day(bench)
    fault(bench, "manual_trade", symbol=SYMBOL, qty="0.010")
    await until(lambda: counted(bench) == "0.01")
    assert crash(bench) == [OWNER]


async def test_while_the_account_is_not_synchronised_its_word_is_not_taken(bench: Bench) -> None:
    await begin_day(bench)
    warden, book = bench.worker._authority.warden, bench.worker._authority.book
    warden.is_settled = lambda: False
    fault(bench, "manual_trade", symbol=SYMBOL, qty="0.010")
    await until(lambda: not book.is_flat(SYMBOL))
    now_ns = bench.venue.now()
    for times in range(3):
        warden.check_day(now_ns + times * SURE_NS)
    assert counted(bench) == "0"


async def test_no_word_is_taken_in_a_gap_of_the_account_stream(bench: Bench) -> None:
    authority = bench.worker._authority
    assert authority.warden.is_settled()
    fault(bench, "close_all")
    await until(lambda: not authority.warden.is_settled())
    await until(lambda: authority.warden.is_settled())
    assert authority.sync.synced.is_set()
