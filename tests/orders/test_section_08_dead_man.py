"""The dead-man switch: armed before the first resting order, stopped only when nothing rests."""

import asyncio
from pathlib import Path

import pytest

from lib.bus.protocol import Method
from lib.constants import NS_PER_SECOND, ExitCode
from lib.exchange.replies import pack_intents
from lib.oms.countdowns import Countdowns, period_of, timeout_of
from supervisor.cli import main
from tests.orders.benches import clear_faults, fault, free_bench, placed, requests
from tests.orders.process_bench import KILLED, ProcessBench
from tests.workers.exchange_bench import SYMBOL, Bench, until

PATH = "/fapi/v1/countdownCancelAll"
pytestmark = pytest.mark.timeout(150)


def countdowns(bench: Bench) -> dict[str, int]:
    (account,) = bench.ledger()["accounts"].values()
    return dict(account["countdowns"])


# --- pure


def test_the_timeout_stretches_with_the_number_of_symbols() -> None:
    assert (timeout_of(60, 3), period_of(60, 3)) == (60, 20)
    assert (timeout_of(60, 50), period_of(60, 50)) == (150, 50)


def test_nothing_leaves_before_the_answer_and_after_the_end() -> None:
    switch = Countdowns(60, [SYMBOL])
    assert not switch.is_armed(SYMBOL, 0)
    switch.sent(SYMBOL)
    assert not switch.is_armed(SYMBOL, 0)
    switch.answered(SYMBOL, 0)
    assert switch.is_armed(SYMBOL, 59 * NS_PER_SECOND)
    assert not switch.is_armed(SYMBOL, 60 * NS_PER_SECOND)


def test_a_refresh_is_due_three_times_within_the_timeout_and_once_at_a_time() -> None:
    switch = Countdowns(60, [SYMBOL])
    switch.sent(SYMBOL)
    assert switch.due({SYMBOL}, 0) == []
    switch.answered(SYMBOL, 0)
    assert switch.due({SYMBOL}, 20 * NS_PER_SECOND - 1) == []
    assert switch.due({SYMBOL}, 20 * NS_PER_SECOND) == [SYMBOL]
    assert switch.due(set(), 20 * NS_PER_SECOND) == []


def test_it_can_be_off_for_all_or_for_one() -> None:
    assert Countdowns(0, [SYMBOL]).is_armed(SYMBOL, 0)
    switch = Countdowns(60, [SYMBOL, "ETHUSDT"], ["ETHUSDT"])
    assert switch.is_armed("ETHUSDT", 0)
    assert not switch.is_armed(SYMBOL, 0)


@pytest.mark.parametrize(("count", "code"), [(20, ExitCode.DONE), (101, ExitCode.USAGE)])
def test_check_prints_its_arithmetic_and_refuses_what_is_too_long(
    count: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    symbols = [f"X{number}USDT" for number in range(count)]
    path = tmp_path / "config.yaml"
    path.write_text(
        "project: p\n"
        "BINANCE.FUTURES: {rest_url: 'https://fapi.binance.com', "
        "ws_url: 'wss://fstream.binance.com', key: k, secret: s}\n"
        f"bots: [{{name: b, bot: SandboxBot, symbols: {symbols}}}]\n"
    )
    assert main(["check", str(path)]) == code
    said = capsys.readouterr()
    if code == ExitCode.DONE:
        assert "dead-man switch: 60 s, refreshed every 20 s for 20 symbols" in said.out
    else:
        assert "trade at most 100 symbols with one account" in said.err


# --- against the venue


async def test_the_first_resting_order_waits_for_the_switch(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=60.0) as bench:
        await bench.ready()
        await bench.hello()
        await bench.post(bench.intent())
        assert requests(bench, "POST", PATH) == []
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        paths = [row["path"] for row in bench.venue.venue.ledger()["requests"]]
        assert paths.index(PATH) < len(paths) - paths[::-1].index("/fapi/v1/order") - 1
        assert list(countdowns(bench)) == [SYMBOL]
        assert await bench.stop() == 0
        assert placed(bench, order.id) == ["CANCELED"]
        assert countdowns(bench) == {}


async def test_without_an_answer_no_resting_order_leaves(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=60.0) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "unknown_rest", path="countdownCancelAll", executed=False)
        (refused,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert refused.status == "unavailable"
        assert "dead-man" in refused.message
        assert bench.ledger()["orders"] == []
        clear_faults(bench)
        (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
        assert outcome.status == "ok"


async def test_delayed_countdowns_never_overtake_each_other(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=1.5) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "delay_rest", path="countdownCancelAll", delay=0.3, jitter=0.3, before=True)
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        await until(lambda: len(requests(bench, "POST", PATH)) >= 4)
        assert placed(bench, order.id) == ["NEW"]
        assert countdowns(bench)
        clear_faults(bench)


async def test_it_runs_out_for_a_bot_that_sleeps(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=2.0) as bench:
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.post(order)
        # our own cancels do not get through: the switch is the only one left
        fault(bench, "reject_rest", method="DELETE", status=502, html=True)
        bench.awake = False
        await until(lambda: placed(bench, order.id) == ["CANCELED"])
        clear_faults(bench)


async def test_a_stop_with_an_order_in_doubt_leaves_it_armed(run_dir: Path) -> None:
    async with free_bench(run_dir, dead_man=60.0) as bench:
        await bench.ready()
        await bench.hello()
        await bench.post(bench.intent(price=bench.price("0.98")))
        fault(bench, "hang_rest", method="POST", path="order", hang=60.0)
        await bench.send(Method.POST, *pack_intents([bench.intent(price=bench.price("0.97"))]))
        fault(bench, "reject_rest", method="GET", path="openOrders", status=502, html=True)
        await until(lambda: len(requests(bench, "POST", "/fapi/v1/order")) >= 2)
        await bench.stop()
        assert list(countdowns(bench)) == [SYMBOL]
        assert any(report.kind in ("armed", "stuck") for report in bench.reports)


@pytest.mark.process
@pytest.mark.parametrize(
    "step", ["post.before_journal", "post.after_journal", "post.after_send", "post.after_ack"]
)
async def test_everything_killed_around_the_first_order_leaves_nothing(
    run_dir: Path, step: str
) -> None:
    async with ProcessBench(run_dir, {"dead_man": 2.0}) as bench:
        await bench.ready()
        await bench.kill()
        bench.rules = f"{step}=kill"
        bench.start_worker()
        await bench.ready()
        await bench.hello()
        order = bench.intent(price=bench.price("0.98"))
        await bench.send(Method.POST, *pack_intents([order]))
        assert await bench.running == KILLED
        # nobody is left: the venue does it
        await until(lambda: placed(bench, order.id) in ([], ["CANCELED"]))
        await asyncio.sleep(0)
        assert "NEW" not in placed(bench, order.id)


async def test_an_order_that_leaves_while_a_countdown_is_stopped_gets_one_of_its_own(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with free_bench(run_dir, dead_man=30.0) as bench:
        await bench.ready()
        await bench.hello()
        first = bench.intent(price=bench.price("0.98"))
        await bench.post(first)
        await bench.ask(Method.CANCEL, [first.id])
        await bench.status(first.id, "CANCELED")
        fault(bench, "delay_rest", path="countdownCancelAll", delay=0.5, before=True)
        dead_man = bench.worker._authority.dead_man
        stopping, ask = asyncio.Event(), dead_man._gateway.countdown

        async def countdown(symbol: str, milliseconds: int) -> None:
            if not milliseconds:
                stopping.set()
            await ask(symbol, milliseconds)

        monkeypatch.setattr(dead_man._gateway, "countdown", countdown)
        releasing = asyncio.create_task(dead_man.release([SYMBOL]))
        await stopping.wait()

        (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))

        assert outcome.status == "ok"
        assert await releasing == []
        assert dead_man.is_armed(SYMBOL)
        assert list(countdowns(bench)) == [SYMBOL]
