"""Somebody trades the account in our name: what it makes is never touched, and never ours."""

from decimal import Decimal

import pytest

from tests.orders.benches import fault, placed
from tests.orders.test_section_14_journal import change, reborn
from tests.workers.exchange_bench import SYMBOL, Bench, until

pytestmark = pytest.mark.timeout(60)


async def beside_a_twin(bench: Bench, *ids: str) -> None:
    """Forget in the journal what was made, so that it is a twin's, and go on."""
    await bench.kill()
    bench.updates.clear()
    for client_id in ids:
        change(bench, "DELETE FROM orders WHERE id = ?", client_id)
        change(bench, "DELETE FROM fills WHERE id = ?", client_id)
    await reborn(bench)
    await bench.hello()


async def test_a_stop_leaves_its_orders(bench: Bench) -> None:
    theirs = bench.intent(price=bench.price("0.98"))
    await bench.post(theirs)
    await beside_a_twin(bench, theirs.id)
    assert await bench.stop() == 0
    assert placed(bench, theirs.id) == ["NEW"]


async def test_new_risk_stays_stopped_though_another_trouble_passes(bench: Bench) -> None:
    theirs = bench.intent(price=bench.price("0.98"))
    await bench.post(theirs)
    await beside_a_twin(bench, theirs.id)
    authority = bench.worker._authority
    authority.settings.request()
    await until(lambda: not authority.settings._is_looking)
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert "another instance" in refused.message


async def test_its_fills_are_not_told_to_our_bots(bench: Bench) -> None:
    theirs = bench.intent(qty="0.010")
    await bench.post(theirs)
    fault(bench, "mute_user", seconds=60)
    await beside_a_twin(bench, theirs.id)
    authority = bench.worker._authority
    await until(lambda: authority.sync.synced.is_set())
    assert await authority.sweeping.sweep(SYMBOL)
    assert bench.of(theirs.id) == []
    assert authority.orders.get(theirs.id) is None
    assert Decimal(authority.book.position(SYMBOL).qty) == Decimal("0.010")
