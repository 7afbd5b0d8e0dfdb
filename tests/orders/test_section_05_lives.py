"""Who may act: nothing leaves for a life that is over, asleep, or blind."""

import os
import random
import time

import pytest

from lib.bus.protocol import Book, Method, incarnation
from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.exchange.replies import pack_intents
from lib.oms.leases import GREETING_NS, LEASE_NS, Leases
from tests.orders.benches import placed
from tests.workers.exchange_bench import LIFE, OWNER, SYMBOL, Bench, until

LIMIT = 3 * NS_PER_SECOND
DEATHS = 1_000 if os.environ.get("TICKVISOR_LONG") else 40
pytestmark = pytest.mark.timeout(120)


# --- leases, pure


def test_a_lease_ends_a_second_after_it_was_sent() -> None:
    leases = Leases(LIMIT, 0, watches_books=False)
    leases.renew(OWNER, 4, 10)
    assert leases.lapse(OWNER, 4, 10 + LEASE_NS) == ""
    assert "lease" in leases.lapse(OWNER, 4, 11 + LEASE_NS)


def test_another_life_has_no_part_in_a_lease() -> None:
    leases = Leases(LIMIT, 0, watches_books=False)
    leases.renew(OWNER, 4, 10)
    assert leases.lapse(OWNER, 5, 10) != ""


def test_a_newborn_may_take_longer_until_its_first_lease() -> None:
    leases = Leases(LIMIT, 0, watches_books=False)
    leases.greet(OWNER, 4, 0)
    assert leases.lapse(OWNER, 4, GREETING_NS) == ""
    leases.renew(OWNER, 4, NS_PER_SECOND)
    assert leases.lapse(OWNER, 4, 3 * NS_PER_SECOND) != ""


def test_a_book_that_is_too_old_stops_new_risk() -> None:
    leases = Leases(LIMIT, 0)
    assert leases.staleness(SYMBOL, 1) == f"no book of {SYMBOL} yet"
    assert leases.staleness(SYMBOL, LIMIT, patient=True) == ""
    assert leases.staleness(SYMBOL, LIMIT + 1, patient=True) != ""
    leases.on_book(SYMBOL, 500, 5)
    assert leases.staleness(SYMBOL, 5 + LIMIT) == ""
    assert "old" in leases.staleness(SYMBOL, 6 + LIMIT)


def test_an_order_must_rest_on_what_is_new() -> None:
    leases = Leases(LIMIT, 0)
    leases.on_book(SYMBOL, 100 * NS_PER_SECOND, 5)
    assert leases.outdated(SYMBOL, 97 * NS_PER_SECOND) == ""
    assert "behind" in leases.outdated(SYMBOL, 97 * NS_PER_SECOND - 1)
    assert leases.outdated(SYMBOL, 0) == ""


# --- against the venue


async def test_nothing_is_sent_for_lives_that_were_killed_right_after_posting(
    bench: Bench,
) -> None:
    dice = random.Random(5)
    sent_after = 0
    for number in range(2, DEATHS + 2):
        life = incarnation(1, number)
        bench.lives[OWNER] = (life, "ready")
        bench.tell_roster()
        await until(lambda life=life: bench.worker._authority.lives.alive(OWNER) == life)
        bench._lease_due_ns = 0
        await bench.hello(life=life)
        orders = [bench.intent(price=bench.price(f"0.9{dice.randrange(1, 9)}")) for _ in range(20)]
        for order in orders:
            await bench.send(Method.POST, *pack_intents([order]), life=life)
        del bench.lives[OWNER]
        bench.tell_roster()
        await until(lambda: bench.worker._authority.lives.alive(OWNER) is None)
        ended_ns = bench.venue.now()
        ids = {order.id for order in orders}
        rows = [row for row in bench.ledger()["orders"] if row["client_id"] in ids]
        # in flight when the death was heard is not sent after it
        sent_after += sum(row["created_ns"] > ended_ns + 20 * NS_PER_MS for row in rows)
    assert sent_after == 0
    await until(lambda: all(row["status"] != "NEW" for row in bench.ledger()["orders"]), 20.0)


async def test_an_older_life_is_fenced(bench: Bench) -> None:
    bench.lives[OWNER] = (incarnation(1, 2), "ready")
    bench.tell_roster()
    await until(lambda: bench.worker._authority.lives.alive(OWNER) == incarnation(1, 2))
    order = bench.intent(price=bench.price("0.98"))
    status, _ = await bench.ask(Method.POST, *pack_intents([order]), life=LIFE)
    assert status == "fenced"
    assert placed(bench, order.id) == []


async def test_quotes_of_a_bot_that_sleeps_are_gone_in_time(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    stop = bench.intent(side="SELL", price=bench.price("0.95"), stop=True, reduce_only=True)
    await bench.post(bench.intent())
    await bench.post(order, stop)
    leases = bench.worker._authority.leases
    assert leases is not None
    await until(lambda: leases._leased.get(OWNER))
    bench.awake = False
    asleep_ns = bench.timer.Monotonic()
    await until(lambda: placed(bench, order.id) == ["CANCELED"])
    assert bench.timer.Monotonic() - asleep_ns < LEASE_NS + 1_000 * NS_PER_MS
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert "lease" in refused.message
    # its stop protects the position while it sleeps, and exits pass
    assert placed(bench, stop.id) == ["NEW"]
    (reducing,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
    assert reducing.status == "ok"
    bench.awake = True
    await until(lambda: not bench.worker._authority.warden.lapsed())
    (again,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert again.status == "ok"


async def test_quotes_go_when_the_market_is_not_seen(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    authority = bench.worker._authority
    assert authority.leases is not None
    authority.leases._limit_ns = NS_PER_SECOND // 2
    authority.leases.watches_books = True
    book = Book(SYMBOL, "2", "1", "1", "1", "X", bench.venue.now(), 1, 0)
    authority.warden.on_book(book, time.time_ns())
    await until(lambda: placed(bench, order.id) == ["CANCELED"], 2.0)
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert refused.message.startswith(f"the book of {SYMBOL} is")


async def test_an_order_that_rests_on_old_data_is_refused(bench: Bench) -> None:
    authority = bench.worker._authority
    assert authority.leases is not None
    authority.leases._limit_ns = NS_PER_SECOND
    bid = bench.price("1")
    book = Book(SYMBOL, bid, "1", bid, "1", "X", 100 * NS_PER_SECOND, 1, 0)
    authority.warden.on_book(book, time.time_ns())
    old = bench.intent(price=bench.price("0.97"))._replace(market_ns=98 * NS_PER_SECOND)
    (refused,) = await bench.post(old)
    assert "behind" in refused.message
    (fresh,) = await bench.post(
        bench.intent(price=bench.price("0.97"))._replace(market_ns=100 * NS_PER_SECOND)
    )
    assert fresh.status == "ok"
