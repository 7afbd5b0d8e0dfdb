"""The journal fails, stalls, vanishes, or lies: new risk stops, cancels and exits go on."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from lib import failpoints
from lib.bus.protocol import Method
from lib.constants import ExitCode
from lib.exchange.replies import pack_intents
from lib.journal.locks import JOURNAL_LOCK, Lock
from lib.oms.rows import fact
from tests.lib.journal.journals import damage
from tests.orders.benches import placed
from tests.workers.exchange_bench import OWNER, Bench, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    """Leave no rule behind."""
    yield
    failpoints.arm("")


def change(bench: Bench, sql: str, *values: str) -> None:
    """Change the journal of a dead worker by hand."""
    with closing(sqlite3.connect(bench.journal)) as journal:
        journal.execute(sql, values)
        journal.commit()


async def reborn(bench: Bench) -> None:
    """Bring up the next life of the worker."""
    bench.beats.clear()
    bench.start_worker()
    await bench.ready()


@pytest.mark.parametrize(("rule", "why"), [("full", "No space left"), ("broken", "Input/output")])
async def test_a_disk_that_fails_stops_new_risk_only(bench: Bench, rule: str, why: str) -> None:
    await bench.post(bench.intent())
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    failpoints.arm(f"journal.write={rule}")
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert refused.status == "unavailable"
    assert why in refused.message
    assert len(bench.ledger()["orders"]) == 2
    # what only reduces, and cancels, wait for no disk
    (reducing,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
    assert reducing.status == "ok"
    await bench.ask(Method.CANCEL, [resting.id])
    await until(lambda: placed(bench, resting.id) == ["CANCELED"])
    await bench.status(resting.id, "CANCELED")
    failpoints.arm("")
    await until(lambda: not bench.worker._authority.journal.trouble)
    (again,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert again.status == "ok"


async def test_what_could_not_be_written_is_written_later(bench: Bench) -> None:
    failpoints.arm("journal.write=broken")
    await bench.post(bench.intent(side="SELL", reduce_only=True))
    order = bench.intent()
    await bench.post(order)
    failpoints.arm("")
    await until(lambda: not bench.worker._authority.journal.trouble)
    await bench.kill()
    with closing(sqlite3.connect(bench.journal)) as journal:
        found = journal.execute("SELECT status FROM orders WHERE id = ?", [order.id]).fetchall()
    assert found == [("NOT_SENT",)]


async def test_a_disk_that_stalls_is_not_waited_for(bench: Bench) -> None:
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    failpoints.arm("journal.write=stall")
    async with asyncio.timeout(1.0):
        (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert (refused.status, refused.message) == (
        "unavailable",
        "the orders' journal does not answer",
    )
    await bench.ask(Method.CANCEL, [resting.id])
    await until(lambda: placed(bench, resting.id) == ["CANCELED"])


async def test_a_journal_that_cannot_be_opened_leaves_cancels(bench: Bench) -> None:
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    await bench.kill()
    failpoints.arm("journal.open=broken")
    await reborn(bench)
    hello = await bench.hello([0, 0], [resting.id])
    assert [order.id for order in hello.snapshot.orders] == [resting.id]
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert "cannot be opened" in refused.message
    await bench.ask(Method.CANCEL, [])
    await until(lambda: placed(bench, resting.id) == ["CANCELED"])
    assert any(report.kind == "alarm" for report in bench.reports)


async def test_a_journal_that_was_deleted_makes_its_orders_ours_all_the_same(bench: Bench) -> None:
    held, lost = (bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97"))
    await bench.post(held, lost)
    await bench.kill()
    bench.journal.unlink()
    await reborn(bench)
    # nobody can tell whose life they are of: what its bot does not claim goes
    await bench.hello([0, 0], [held.id])
    await until(lambda: placed(bench, lost.id) == ["CANCELED"])
    assert placed(bench, held.id) == ["NEW"]


async def test_the_last_words_of_a_machine_may_be_missing(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.kill()
    change(bench, "DELETE FROM orders WHERE id = ?", order.id)
    change(bench, "UPDATE facts SET value = '\"another boot\"' WHERE name = 'boot'")
    await reborn(bench)
    await bench.hello()
    await until(lambda: placed(bench, order.id) == ["CANCELED"])


async def test_our_name_on_an_order_that_we_never_made_means_a_twin(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.kill()
    change(bench, "DELETE FROM orders WHERE id = ?", order.id)
    await reborn(bench)
    await bench.hello()
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert "another instance" in refused.message
    assert placed(bench, order.id) == ["NEW"]
    await until(lambda: any(report.kind == "alarm" for report in bench.reports))


async def test_orders_of_a_bot_that_was_removed_go_at_the_start(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.kill()
    bench.lives.clear()
    bench.exchange["owners"] = ["other:BTCUSDT"]
    await reborn(bench)
    await until(lambda: placed(bench, order.id) == ["CANCELED"])


async def test_a_file_that_is_no_journal_is_put_aside(bench: Bench) -> None:
    await bench.kill()
    bench.journal.write_bytes(b"this is not a database, whatever its name says" * 100)
    await reborn(bench)
    assert (bench.journal.parent / "broken-journal.sqlite").exists()
    alarms = [report.facts["message"] for report in bench.reports if report.kind == "alarm"]
    assert any("journal was torn" in text for text in alarms)
    await bench.hello()
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert outcome.status == "ok"


async def test_a_newer_format_is_refused_in_words(bench: Bench) -> None:
    await bench.kill()
    change(bench, "PRAGMA user_version = 99")
    bench.start_worker()
    assert await bench.ended() == ExitCode.USAGE
    await until(lambda: any(report.kind == "refused" for report in bench.reports))
    (refused,) = [report for report in bench.reports if report.kind == "refused"]
    assert "format 99" in refused.facts["message"]


async def test_latches_outlive_the_worker(bench: Bench) -> None:
    bench.worker._authority.warden.halt([OWNER], "lunch")
    await bench.kill()
    await reborn(bench)
    await bench.hello()
    (refused,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert refused.message == "halted: lunch"


async def test_two_processes_never_share_a_journal(bench: Bench) -> None:
    assert len(bench.worker._memory._locks) == 3
    with pytest.raises(BlockingIOError, match="is held by process"):
        Lock(bench.journal.parent / JOURNAL_LOCK)


async def test_a_journal_that_can_be_opened_again_is_taken_up_by_a_new_life(bench: Bench) -> None:
    gone, resting = (bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97"))
    await bench.post(gone, resting)
    bench.worker._authority.warden.halt([OWNER], "lunch")
    await bench.kill()
    away = bench.journal.rename(bench.journal.with_name("away"))
    bench.journal.mkdir()
    await reborn(bench)
    await bench.hello([0, 0], [gone.id, resting.id])
    (refused,) = await bench.post(bench.intent(price=bench.price("0.96")))
    assert "cannot be opened" in refused.message
    await bench.ask(Method.CANCEL, [gone.id])
    await until(lambda: placed(bench, gone.id) == ["CANCELED"])

    bench.journal.rmdir()
    away.rename(bench.journal)

    assert await bench.ended() == ExitCode.ERROR
    assert placed(bench, resting.id) == ["NEW"]
    await reborn(bench)
    hello = await bench.hello([0, 0], [resting.id])
    assert [order.id for order in hello.snapshot.orders] == [resting.id]
    # what it was told in a former life, it knows again
    (refused,) = await bench.post(bench.intent(price=bench.price("0.96")))
    assert refused.message == "halted: lunch"
    await bench.ask(Method.CANCEL, [resting.id])
    await until(lambda: placed(bench, resting.id) == ["CANCELED"])


async def test_a_fill_of_a_life_without_a_journal_is_booked_by_the_next(bench: Bench) -> None:
    await bench.post(bench.intent())
    await bench.kill()
    away = bench.journal.rename(bench.journal.with_name("away"))
    bench.journal.mkdir()
    await reborn(bench)
    await bench.hello()
    exit_order = bench.intent(side="SELL", reduce_only=True)
    await bench.post(exit_order)
    await bench.status(exit_order.id, "FILLED")
    bench.journal.rmdir()
    away.rename(bench.journal)
    assert await bench.ended() == ExitCode.ERROR

    await reborn(bench)
    await bench.hello()

    with closing(sqlite3.connect(bench.journal)) as journal:
        await until(
            lambda: journal.execute(
                "SELECT count(*) FROM fills WHERE id = ?", [exit_order.id]
            ).fetchone() == (1,)
        )  # fmt: skip


async def test_a_journal_with_a_torn_page_is_put_aside(bench: Bench) -> None:
    held, lost = (bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97"))
    await bench.post(held, lost)
    await bench.kill()
    damage(bench.journal)
    await reborn(bench)
    assert (bench.journal.parent / "broken-journal.sqlite").exists()
    await bench.hello([0, 0], [held.id])
    await until(lambda: placed(bench, lost.id) == ["CANCELED"])
    assert placed(bench, held.id) == ["NEW"]
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.96")))
    assert outcome.status == "ok"


async def test_a_page_found_torn_while_it_runs_ends_the_life_for_another(bench: Bench) -> None:
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    damage(bench.journal)
    wanted = bench.intent(price=bench.price("0.97"))
    await bench.send(Method.POST, *pack_intents([wanted]))
    assert await bench.ended() == ExitCode.ERROR
    assert (placed(bench, resting.id), placed(bench, wanted.id)) == (["NEW"], [])
    await reborn(bench)
    hello = await bench.hello([0, 0], [resting.id])
    assert [order.id for order in hello.snapshot.orders] == [resting.id]
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert outcome.status == "ok"


async def test_a_row_that_no_disk_can_take_stops_nobody(bench: Bench) -> None:
    journal = bench.worker._memory.journal
    assert journal is not None
    journal.put([fact("odd", 1)._replace(value="\udcff")])
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert outcome.status == "ok"
    assert journal.refused == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_journal_whose_thread_ends_ends_the_life_for_another(bench: Bench) -> None:
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    journal = bench.worker._memory.journal
    assert journal is not None
    journal.put([None])  # type: ignore[list-item]
    assert await bench.ended() == ExitCode.ERROR
    assert placed(bench, resting.id) == ["NEW"]
    await reborn(bench)
    await bench.hello([0, 0], [resting.id])
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.97")))
    assert outcome.status == "ok"
