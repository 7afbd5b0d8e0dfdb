"""What exchanges and people do to an account in mid-run: rules, modes, closings, forced trades."""

from decimal import Decimal
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from lib.bus.protocol import Account, Health
from lib.oms.day import date_of
from tests.orders.benches import QUICK, fault, free_bench, placed, requests
from tests.workers.exchange_bench import SYMBOL, Bench, until

SECONDS = 20.0
pytestmark = pytest.mark.timeout(90)


def positions(bench: Bench) -> list[str]:
    """Return what the bot was told of its position, oldest first."""
    return [row.qty for row in bench.messages if isinstance(row, Account) and row.symbol == SYMBOL]


async def test_other_rules_in_mid_run_cost_one_refusal_and_are_told_to_who_asks(
    bench: Bench,
) -> None:
    fault(bench, "change_filters", symbol=SYMBOL, step="0.01", min_qty="0.01")
    (refused,) = await bench.post(bench.intent(qty="0.012", price=bench.price("0.98")))
    assert refused.status == "rejected"
    rules = bench.worker._authority.belief.rules
    await until(lambda: rules[SYMBOL].step == Decimal("0.01"))
    # what the exchange would refuse does not even leave, and its bot is told to ask for the rules
    sent = len(requests(bench, "POST", "/fapi/v1/order"))
    (again,) = await bench.post(bench.intent(qty="0.012", price=bench.price("0.98")))
    assert (again.status, again.code) == ("rejected", -1111)
    assert len(requests(bench, "POST", "/fapi/v1/order")) == sent
    hello = await bench.hello()
    assert hello.rules.step == rules[SYMBOL].step
    (good,) = await bench.post(bench.intent(qty="0.01", price=bench.price("0.98")))
    assert good.status == "ok", good


async def test_a_delisted_symbol_ends_flat_without_orders_and_is_not_asked_for_ever(
    bench: Bench,
) -> None:
    await bench.post(bench.intent(qty="0.004"))
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    fault(bench, "delist", symbol=SYMBOL)
    await bench.status(resting.id, "EXPIRED", "CANCELED")
    await until(lambda: positions(bench)[-1:] == ["0"], SECONDS)
    (refused,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert refused.status == "rejected"
    assert not any(bench.worker._authority.orders.open_orders())


async def test_hedge_mode_in_mid_run_stops_new_risk_until_it_is_undone(bench: Bench) -> None:
    fault(bench, "mode_flip")
    (first,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert first.code == -4061
    blocks = bench.worker._authority.warden.blocks
    await until(lambda: "hedge mode" in blocks.reason("*"))
    sent = len(requests(bench, "POST", "/fapi/v1/order"))
    (second,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert second.status == "unavailable"
    assert len(requests(bench, "POST", "/fapi/v1/order")) == sent
    fault(bench, "mode_flip")
    await until(lambda: not blocks, SECONDS)
    (third,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert third.status == "ok"


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("liquidate", {}),
        ("adl", {"qty": "0.006"}),
        ("manual_trade", {"qty": "-0.006"}),
    ],
)
@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
async def test_a_position_that_others_change_is_believed_and_told(
    bench: Bench, name: str, facts: dict[str, Any], told: bool
) -> None:
    await bench.post(bench.intent(qty="0.010"))
    await until(lambda: positions(bench)[-1:] == ["0.01"])
    if not told:
        # no event tells of it: the reads of positions do while something rests
        await bench.post(bench.intent(price=bench.price("0.98")))
        fault(bench, "mute_user", seconds=SECONDS)
    fault(bench, name, symbol=SYMBOL, **facts)
    left = "0" if name == "liquidate" else "0.004"
    await until(lambda: positions(bench)[-1:] == [left], SECONDS)
    if told:
        words = {"liquidate": "liquidation", "adl": "auto-deleveraging"}
        why = words.get(name, "somebody else's trade")
        await until(lambda: any(why in row.reason for row in bench.messages if is_health(row)))


def is_health(row: object) -> TypeGuard[Health]:
    return isinstance(row, Health)


async def test_whatever_flaps_comes_back_and_loses_no_fill(bench: Bench) -> None:
    authority, flaps = bench.worker._authority, 4
    for number in range(flaps):
        await bench.connected(number + 1)
        await until(lambda: authority.sync.synced.is_set() and not authority.trouble(), SECONDS)
        fault(bench, "mute_user", existing_only=True)
        (taken,) = await bench.post(bench.intent(side="BUY" if number % 2 else "SELL"))
        assert taken.status == "ok", taken
        fault(bench, "close_all", hard=bool(number % 2))
    await until(lambda: len(told_all(bench)) >= flaps, SECONDS)
    await until(lambda: authority.sync.synced.is_set() and not authority.trouble(), SECONDS)
    assert told_all(bench) == executed(bench)


def executed(bench: Bench) -> list[int]:
    """Return the trades that the venue has of the account, oldest first."""
    return sorted(row["id"] for row in bench.ledger()["fills"])


def told_all(bench: Bench) -> list[int]:
    """Return the trades that the bot was told, each as often as it was told."""
    return sorted(update.trade_id for update in bench.updates if update.trade_id)


async def test_reads_that_lag_twenty_seconds_undo_nothing(run_dir: Path) -> None:
    async with free_bench(run_dir, **QUICK) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "read_lag", lag=20.0)
        resting = bench.intent(price=bench.price("0.98"))
        await bench.post(resting, bench.intent())
        sync = bench.worker._authority.sync
        for _ in range(3):
            checks = sync.checks
            sync.request()
            await until(lambda checks=checks: sync.checks > checks, SECONDS)
        assert placed(bench, resting.id) == ["NEW"]
        assert bench.of(resting.id)[-1].status == "NEW"
        assert bench.worker._authority.book.position(SYMBOL).qty == "0.002"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_the_day_is_utc_wherever_the_host_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    midnight = 1_793_491_200 * 10**9
    assert date_of(midnight - 1) == "2026-10-31"
    assert date_of(midnight) == "2026-11-01"
