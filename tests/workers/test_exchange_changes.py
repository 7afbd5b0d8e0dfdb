"""The exchange worker while the configuration changes: it learns, and it hands over."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Method, OrderIntent, incarnation, topic
from lib.constants import Channel
from lib.exchange.replies import pack_intents, unpack_outcomes
from lib.oms.ids import ClientIds
from tests.workers.exchange_bench import LIFE, OWNER, PROJECT, Bench, until

NEW = "quoter:ETHUSDT"
SECTION: dict[str, Any] = {
    "symbols": ["BTCUSDT", "ETHUSDT"],
    "owners": [OWNER, NEW],
    "on_crash": {OWNER: "cancel", NEW: "adopt"},
    "risk": {"max_order_usd": "50"},
}


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    async with Bench(run_dir) as made:
        await made.ready()
        yield made


async def learn(bench: Bench, number: str, section: dict[str, Any]) -> dict[str, Any]:
    bench.command("learn", number, section)
    return await until(
        lambda: next(
            (
                report.facts
                for report in bench.reports
                if report.kind == "answer" and report.facts["id"] == number
            ),
            None,
        )
    )


async def test_a_symbol_that_is_learned_is_traded_and_the_others_go_on(bench: Bench) -> None:
    status, values = await bench.ask(Method.HELLO, owner=NEW)
    assert status != "ok"
    await bench.hello()
    [resting] = await bench.post(bench.intent(price=bench.price("0.9")))
    assert resting.status == "ok"

    answer = await learn(bench, "1", SECTION)

    assert answer["ok"], answer
    bench.lives[NEW] = (LIFE, "ready")
    bench.tell_roster()
    await until(lambda: NEW in bench.worker._authority.lives.owners())
    status, values = await bench.ask(Method.HELLO, owner=NEW)
    assert status == "ok", values
    ids = ClientIds(PROJECT, NEW)
    intent = OrderIntent(
        ids.next(bench.timer.Timestamp()), "ETHUSDT", "BUY", "1", "", False, False, False, "", 0
    )
    status, values = await bench.ask(Method.POST, *pack_intents([intent]), owner=NEW)
    assert status == "ok", values
    # the new limits hold
    [refused] = unpack_outcomes(values)
    assert (refused.status, "max_order_usd" in refused.message) == ("rejected", True), refused
    [first] = [row for row in bench.ledger()["orders"] if row["status"] == "NEW"]
    assert first["symbol"] == "BTCUSDT"


async def test_a_symbol_that_returns_has_its_book_again(bench: Bench) -> None:
    # former orders keep a symbol's rules known, but nobody has asked for its books
    authority = bench.worker._authority
    rules, _ = await authority.gateway.exchange_info()
    authority.belief.rules["ETHUSDT"] = rules["ETHUSDT"]

    for number in ("1", "2"):
        assert (await learn(bench, number, SECTION))["ok"]

    books = [topic(Channel.BOOK, symbol) for symbol in SECTION["symbols"]]
    assert bench.worker._market._subscriber._topics == books


async def test_a_symbol_that_is_not_listed_is_refused_and_nothing_changes(bench: Bench) -> None:
    wrong = {**SECTION, "symbols": ["BTCUSDT", "NOSUCHUSDT"], "owners": [OWNER]}

    answer = await learn(bench, "1", wrong)

    assert answer["exit"] == 2
    assert "NOSUCHUSDT" in answer["error"]
    await bench.hello()
    [outcome] = await bench.post(bench.intent(price=bench.price("0.9")))
    assert outcome.status == "ok"


async def test_at_a_handover_orders_rest_and_the_next_life_has_them(bench: Bench) -> None:
    await bench.hello()
    intent = bench.intent(price=bench.price("0.9"))
    [placed] = await bench.post(intent)
    assert placed.status == "ok"

    bench.worker._finish(0, "handover")
    assert await bench.ended() == 0
    assert [row["status"] for row in bench.ledger()["orders"]] == ["NEW"]

    bench.beats.clear()
    bench.start_worker()
    await bench.ready()
    hello = await bench.hello([0, 0], [intent.id])
    assert [order.id for order in hello.snapshot.orders] == [intent.id]
    assert [row["status"] for row in bench.ledger()["orders"]] == ["NEW"]
    assert incarnation(1, 3) == bench.worker.start.incarnation
