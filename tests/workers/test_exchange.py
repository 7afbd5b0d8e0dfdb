"""The exchange worker as bots see it, against a real venue."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.bus.protocol import Balance, Health, Method, incarnation
from lib.constants import NS_PER_MINUTE
from lib.exchange.replies import Cursor, pack_cursor, pack_intents, unpack_snapshot
from lib.oms.ids import ClientIds
from tests.workers.exchange_bench import LIFE, OWNER, PROJECT, SYMBOL, Bench, until
from workers.exchange import ALONE

STOP_FACTS = {"owner": OWNER, "symbol": SYMBOL, "side": "SELL"}


@pytest.fixture
async def bench(run_dir: Path) -> AsyncIterator[Bench]:
    """A worker that is ready, and one living bot."""
    async with Bench(run_dir) as made:
        await made.ready()
        await made.hello()
        yield made


def venue_status(bench: Bench, client_id: str) -> str | None:
    ledger = bench.ledger()
    rows = [
        row for row in ledger["orders"] + ledger["algo_orders"] if row["client_id"] == client_id
    ]
    return rows[-1]["status"] if rows else None


def fault(bench: Bench, name: str, **args: Any) -> None:
    bench.venue.venue.add_fault({"name": name, **args}, bench.venue.now())


# --- what a bot asks


async def test_hello_tells_all_that_a_bot_needs(bench: Bench) -> None:
    hello = await bench.hello()
    assert hello.rules.symbol == SYMBOL
    assert hello.rules.tick == Decimal("0.1")
    assert hello.highest_id == ""
    snapshot = hello.snapshot
    assert (snapshot.position.qty, snapshot.orders, snapshot.online) == ("0", [], True)
    assert snapshot.balance is not None
    assert snapshot.balance[:2] == ("USDT", "10000.00000000")


async def test_an_order_is_placed_told_and_cancelled(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    assert [outcome.status for outcome in await bench.post(order)] == ["ok"]
    new = await bench.status(order.id, "NEW")
    assert (new.price, new.qty, new.side) == (order.price, "0.002", "BUY")
    assert await bench.ask(Method.CANCEL, [order.id]) == ("ok", [1])
    await bench.status(order.id, "CANCELED")
    assert [update.status for update in bench.of(order.id)] == ["NEW", "CANCELED"]


async def test_a_fill_is_told_once_with_position_and_balance(bench: Bench) -> None:
    order = bench.intent()
    await bench.post(order)
    filled = await bench.status(order.id, "FILLED")
    assert (filled.fill_qty, filled.filled_qty) == ("0.002", "0.002")
    assert filled.average_price == filled.fill_price
    await until(lambda: any(getattr(row, "qty", "") == "0.002" for row in bench.messages))
    await until(lambda: sum(isinstance(row, Balance) for row in bench.messages))
    trades = [update.trade_id for update in bench.of(order.id) if update.trade_id]
    assert len(trades) == len(set(trades))
    status, position = await bench.ask(Method.POSITIONS)
    assert (status, position[2]) == ("ok", "0.002")


async def test_a_list_goes_out_in_batches_and_each_has_its_outcome(bench: Bench) -> None:
    orders = [bench.intent(price=bench.price(f"0.9{digit}")) for digit in range(1, 8)]
    taker = bench.intent(price=bench.price("1.01"), post_only=True)
    outcomes = await bench.post(*orders, taker)
    assert [outcome.status for outcome in outcomes] == ["ok"] * 7 + ["rejected"]
    assert outcomes[-1].code == -5022
    paths = [row["path"] for row in bench.venue.venue.ledger()["requests"]]
    assert paths.count("/fapi/v1/batchOrders") == 2
    await bench.status(taker.id, "REJECTED")
    assert await bench.ask(Method.CANCEL, []) == ("ok", [7])
    for order in orders:
        await bench.status(order.id, "CANCELED")


async def test_what_the_exchange_would_refuse_never_leaves(bench: Bench) -> None:
    small = bench.intent(qty="0.0005", price=bench.price("0.98"))
    (outcome,) = await bench.post(small)
    assert outcome.status == "rejected"
    assert "quantity 0.0005 is below 0.001" in outcome.message
    refused = await bench.status(small.id, "REJECTED")
    assert refused.reason == outcome.message
    assert bench.ledger()["orders"] == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"id": "web_abc"}, "is not an id of"),
        ({"id": ClientIds(PROJECT, "other:BTCUSDT").next(10**18)}, "is not an id of"),
        ({"symbol": "ETHUSDT"}, "does not trade ETHUSDT"),
        ({"side": "buy"}, "neither BUY nor SELL"),
        ({"qty": "a lot"}, "is no number"),
        ({"price": "Infinity"}, "is no number"),
    ],
)
async def test_nonsense_is_refused_in_words(
    bench: Bench, changes: dict[str, str], text: str
) -> None:
    (outcome,) = await bench.post(bench.intent()._replace(**changes))
    assert outcome.status == "rejected"
    assert text in outcome.message


async def test_book_balance_and_candles_are_answered(bench: Bench) -> None:
    status, book = await bench.ask(Method.BOOK)
    assert status == "ok"
    assert Decimal(book[0]) > Decimal(book[2])
    assert (await bench.ask(Method.BALANCE))[1][:2] == ["USDT", "10000.00000000"]
    end_ns = bench.timer.Timestamp() // NS_PER_MINUTE * NS_PER_MINUTE
    status, values = await bench.ask(Method.CANDLES, end_ns - 5 * NS_PER_MINUTE, end_ns)
    assert status == "ok"
    assert len(values[0]) == 5


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("dance", []),
        (Method.POST, [1]),
        (Method.CANDLES, ["a"]),
        (Method.CANDLES, [0, 10**18]),
        (Method.CANCEL, ["all"]),
        (Method.HELLO, [1]),
    ],
)
async def test_requests_of_another_shape_get_one_clear_line(
    bench: Bench, method: str, args: list[Any]
) -> None:
    status, values = await bench.ask(method, *args)
    assert status == "error"
    assert values[1]


# --- who may act


async def test_an_ended_life_may_not_act(bench: Bench) -> None:
    status, _ = await bench.ask(
        Method.POST, *pack_intents([bench.intent()]), life=incarnation(0, 9)
    )
    assert status == "fenced"
    status, _ = await bench.ask(Method.HELLO, owner="nobody:BTCUSDT")
    assert status == "fenced"


async def test_an_expired_request_is_answered_and_not_executed(bench: Bench) -> None:
    status, _ = await bench.ask(Method.POST, *pack_intents([bench.intent()]), seconds=-1)
    assert status == "expired"
    assert bench.ledger()["orders"] == []


async def test_the_same_order_twice_is_sent_once(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    assert [outcome.status for outcome in await bench.post(order)] == ["ok"]
    assert [outcome.status for outcome in await bench.post(order)] == ["ok"]
    assert len(bench.ledger()["orders"]) == 1


async def test_a_halted_bot_may_only_reduce(bench: Bench) -> None:
    await bench.post(bench.intent())
    bench.tell_roster(halted=(OWNER,))
    await until(lambda: bench.worker.roster.halted)
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.98")))
    assert (outcome.status, outcome.message) == ("unavailable", "halted")
    (outcome,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
    assert outcome.status == "ok"


async def test_a_dead_bots_orders_go_and_its_stop_stays(bench: Bench) -> None:
    await bench.post(bench.intent())
    quote = bench.intent(price=bench.price("0.98"))
    stop = bench.intent(side="SELL", price=bench.price("0.9"), stop=True, reduce_only=True)
    await bench.post(quote, stop)
    bench.lives[OWNER] = (LIFE, "hung")
    bench.tell_roster()
    told_ns = bench.timer.Monotonic()
    await until(lambda: venue_status(bench, quote.id) == "CANCELED")
    assert bench.timer.Monotonic() - told_ns < 500_000_000
    assert venue_status(bench, stop.id) == "NEW"


async def test_an_order_in_flight_at_its_bots_death_is_cancelled_when_it_surfaces(
    bench: Bench,
) -> None:
    fault(bench, "delay_rest", method="POST", path="/fapi/v1/order", delay=0.3, count=1)
    order = bench.intent(price=bench.price("0.98"))
    await bench.send(Method.POST, *pack_intents([order]))
    await until(lambda: venue_status(bench, order.id) == "NEW")
    bench.lives[OWNER] = (incarnation(1, 2), "starting")
    bench.tell_roster()
    await until(lambda: venue_status(bench, order.id) == "CANCELED")


# --- what may go wrong


async def test_a_busy_exchange_gets_a_market_order_again(bench: Bench) -> None:
    fault(bench, "reject_rest", method="POST", path="/fapi/v1/order", count=2)
    order = bench.intent()
    (outcome,) = await bench.post(order)
    assert outcome.status == "ok"
    filled = await bench.status(order.id, "FILLED")
    assert filled.filled_qty == "0.002"
    assert [row["client_id"] for row in bench.ledger()["orders"]] == [f"{order.id}.3"]


async def test_a_limit_order_is_not_sent_again(bench: Bench) -> None:
    fault(bench, "reject_rest", method="POST", path="/fapi/v1/order", count=1)
    order = bench.intent(price=bench.price("0.98"))
    (outcome,) = await bench.post(order)
    assert outcome.status == "unavailable"
    await bench.status(order.id, "NOT_SENT")
    assert bench.ledger()["orders"] == []


async def test_a_lost_answer_is_unknown_until_the_stream_tells(bench: Bench) -> None:
    fault(bench, "reset_rest", method="POST", path="/fapi/v1/order", executed=True, count=1)
    order = bench.intent(price=bench.price("0.98"))
    (outcome,) = await bench.post(order)
    assert outcome.status in ("ok", "unknown")
    await bench.status(order.id, "NEW")
    assert len(bench.ledger()["orders"]) == 1


async def test_a_lost_answer_is_found_out_by_asking_when_the_stream_is_mute(bench: Bench) -> None:
    fault(bench, "mute_user", seconds=1.0)
    fault(bench, "reset_rest", method="POST", path="/fapi/v1/order", executed=True, count=1)
    order = bench.intent(price=bench.price("0.98"))
    (outcome,) = await bench.post(order)
    assert outcome.status == "unknown"
    await bench.status(order.id, "NEW")
    assert [update.status for update in bench.of(order.id)] == ["UNKNOWN", "NEW"]


async def test_a_cancel_is_repeated_until_it_got_through(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    fault(bench, "reject_rest", method="DELETE", count=2)
    await bench.ask(Method.CANCEL, [order.id])
    await bench.status(order.id, "CANCELED")


async def test_fills_during_an_outage_of_the_stream_are_told_after_it(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.999"))
    await bench.post(order)
    await bench.status(order.id, "NEW")
    fault(bench, "mute_user", existing_only=True)
    close_price = Decimal(order.price) - 10
    bench.venue.engine.fault("manual_trade", symbol=SYMBOL, qty="0.001", price=str(close_price))
    fault(bench, "close_all", route="private")
    await bench.connected(2)
    await until(lambda: any(getattr(row, "qty", "") == "0.001" for row in bench.messages))


async def test_a_deaf_stream_is_noticed_and_connected_anew(bench: Bench) -> None:
    fault(bench, "mute_user", existing_only=True)
    deaf = bench.intent(price=bench.price("0.98"))
    await bench.post(deaf)
    await bench.connected(2)
    heard = bench.intent(price=bench.price("0.97"))
    await bench.post(heard)
    await until(
        lambda: bench.worker._authority.hearing.age(bench.timer.Monotonic()) < 1_000_000_000
    )
    assert not bench.worker._authority.hearing.is_deaf


async def test_a_stream_that_stays_deaf_shows_by_its_age(run_dir: Path) -> None:
    async with Bench(run_dir, {"limits": {"account": 2.0}}) as bench:
        await bench.ready()
        await bench.hello()
        fault(bench, "mute_user")
        for connects in range(2, 5):
            await bench.post(bench.intent(price=bench.price("0.98")))
            await bench.connected(connects)
        assert bench.worker._authority.stream.connects >= 4
        assert bench.worker._authority.hearing.age(bench.timer.Monotonic()) > 2_000_000_000


async def test_health_follows_the_rate_limit(bench: Bench) -> None:
    fault(bench, "rate_limit", status=429, retry_after=1)
    await bench.ask(Method.BOOK)
    await until(lambda: any(isinstance(row, Health) and not row.healthy for row in bench.messages))
    bench.messages.clear()
    bench.venue.venue.clear_faults("", bench.venue.now())
    await until(lambda: any(isinstance(row, Health) and row.healthy for row in bench.messages))


async def test_who_asked_in_a_bad_moment_is_told_that_it_is_over(bench: Bench) -> None:
    # it may begin and end between two looks of the worker at its own health
    synced = bench.worker._authority.sync.synced
    synced.clear()
    hello = await bench.hello()
    synced.set()
    assert not hello.snapshot.online
    bench.messages.clear()
    await until(lambda: any(isinstance(row, Health) and row.healthy for row in bench.messages))


async def test_the_reconnect_command_replaces_the_connection(bench: Bench) -> None:
    bench.tell_roster()
    bench.command("reconnect")
    await bench.connected(2)
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.status(order.id, "NEW")


async def test_a_bot_that_missed_messages_gets_them_with_a_snapshot(bench: Bench) -> None:
    order = bench.intent()
    await bench.post(order)
    await bench.status(order.id, "FILLED")
    mine = bench.worker.start.incarnation
    status, values = await bench.ask(Method.SNAPSHOT, [mine, 1], [])
    assert status == "ok"
    snapshot = unpack_snapshot(values)
    assert [(row.status, row.fill_qty) for row in snapshot.missed] == [("FILLED", "0.002")]
    topic = f"order.{OWNER}.".encode()
    assert snapshot.sequences[topic] == (mine, len(bench.of(order.id)))


# --- lives of the worker itself


async def test_a_new_life_keeps_what_its_bot_still_holds(bench: Bench) -> None:
    first, second = (bench.intent(price=bench.price(factor)) for factor in ("0.98", "0.97"))
    await bench.post(first, second)
    await bench.kill()
    bench.beats.clear()
    bench.start_worker()
    await bench.ready()
    hello = await bench.hello([0, 0], [first.id])
    assert hello.highest_id == second.id
    assert {order.id for order in hello.snapshot.orders} == {first.id, second.id}
    # the journal knows whose they are, also of the one that the bot did not name
    assert (venue_status(bench, first.id), venue_status(bench, second.id)) == ("NEW", "NEW")


async def test_a_fill_while_the_worker_was_dead_reaches_its_bot(bench: Bench) -> None:
    order = bench.intent(price=bench.price("1.0005"))
    resting = bench.intent(price=bench.price("0.98"))
    await bench.post(resting)
    await bench.status(resting.id, "NEW")
    # sent, and the worker dies before it hears of the fill
    fault(bench, "mute_user", existing_only=True)
    fault(bench, "hang_rest", method="POST", executed=True, count=1)
    await bench.send(Method.POST, *pack_intents([order]))
    await until(lambda: venue_status(bench, order.id) == "FILLED")
    await bench.kill()
    bench.updates.clear()
    bench.beats.clear()
    bench.start_worker()
    await bench.ready()
    await bench.hello(*pack_cursor(Cursor((0, 0), [order.id, resting.id])))
    filled = await bench.status(order.id, "FILLED")
    fills = [update for update in bench.of(order.id) if update.trade_id]
    assert sum(Decimal(update.fill_qty) for update in fills) == Decimal("0.002")
    assert filled.average_price != "0"
    assert venue_status(bench, resting.id) == "NEW"


async def test_orders_of_bots_that_are_gone_are_cancelled_at_start(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    await bench.kill()
    bench.lives.clear()
    bench.start_worker()
    await until(lambda: venue_status(bench, order.id) == "CANCELED")


async def test_a_requested_stop_leaves_only_stops_with_a_position_and_says_so(
    bench: Bench,
) -> None:
    await bench.post(bench.intent())
    quote = bench.intent(price=bench.price("0.98"))
    stop = bench.intent(side="SELL", price=bench.price("0.9"), stop=True, reduce_only=True)
    await bench.post(quote, stop)
    assert await bench.stop() == 0
    assert venue_status(bench, quote.id) == "CANCELED"
    assert venue_status(bench, stop.id) == "NEW"
    (kept,) = await until(lambda: [row for row in bench.reports if row.kind == "kept"])
    await until(lambda: "clean" in [row.kind for row in bench.reports])
    (facts,) = kept.facts["orders"]
    assert facts == {"id": stop.id, "qty": "0.002", "price": stop.price, **STOP_FACTS}


async def test_a_stop_without_a_position_goes_too(bench: Bench) -> None:
    await bench.post(bench.intent())
    stop = bench.intent(side="SELL", price=bench.price("0.9"), stop=True, reduce_only=True)
    await bench.post(stop)
    close = bench.intent(side="SELL", reduce_only=True)
    await bench.post(close)
    await bench.status(close.id, "FILLED")
    await until(lambda: bench.worker._authority.book.is_flat(SYMBOL))
    assert await bench.stop() == 0
    assert venue_status(bench, stop.id) == "CANCELED"
    assert not [row for row in bench.reports if row.kind == "kept"]


async def test_foreign_orders_are_never_touched(bench: Bench) -> None:
    bench.venue.engine.fault(
        "foreign_order", symbol=SYMBOL, qty="0.002", price=bench.price("0.95"), client_id="web_1"
    )
    assert await bench.stop() == 0
    assert venue_status(bench, "web_1") == "NEW"


async def test_without_supervisor_bots_are_served_until_they_say_bye(bench: Bench) -> None:
    order = bench.intent(price=bench.price("0.98"))
    left = bench.intent(price=bench.price("0.97"))
    await bench.post(order, left)
    lost_ns = bench.timer.Monotonic()
    bench.cut_lifeline()
    await until(lambda: bench.worker._reason == ALONE)
    (outcome,) = await bench.post(bench.intent(price=bench.price("0.96")))
    assert outcome.status == "unavailable"
    assert await bench.ask(Method.CANCEL, [order.id]) == ("ok", [1])
    assert (await bench.ask("bye"))[0] == "ok"
    assert await bench.running == 1
    assert bench.timer.Monotonic() - lost_ns < 2_000_000_000
    assert venue_status(bench, left.id) == "CANCELED"


async def test_without_supervisor_and_with_silent_bots_it_ends_within_three_seconds(
    bench: Bench,
) -> None:
    order = bench.intent(price=bench.price("0.98"))
    await bench.post(order)
    lost_ns = bench.timer.Monotonic()
    bench.cut_lifeline()
    assert await bench.running == 1
    assert bench.timer.Monotonic() - lost_ns < 3_000_000_000
    assert venue_status(bench, order.id) == "CANCELED"


# --- what is wrong in the config


@pytest.mark.parametrize(
    ("exchange", "text"),
    [
        ({"symbols": ["BTCUSD"]}, "symbol BTCUSD is not listed by http://127.0.0.1"),
        ({"key": "x" * 64}, "refuses the API key"),
        ({"secret": "wrong"}, "refuses the API key"),
        ({"key": ""}, "secret 'key' of BINANCE.FUTURES is missing"),
    ],
)
async def test_a_wrong_config_is_one_clear_line_and_exit_code_2(
    run_dir: Path, exchange: dict[str, Any], text: str
) -> None:
    async with Bench(run_dir, exchange) as bench:
        assert await bench.ended() == 2
        (report,) = await until(lambda: [row for row in bench.reports if row.kind == "refused"])
        assert text in report.facts["message"]
        assert "\n" not in report.facts["message"]


async def test_hedge_mode_is_refused(run_dir: Path) -> None:
    async with Bench(run_dir, {"symbols": ["BTCUSDT"]}, hedge=True) as bench:
        assert await bench.ended() == 2
        (report,) = await until(lambda: [row for row in bench.reports if row.kind == "refused"])
        assert "one-way mode" in report.facts["message"]


async def test_an_exchange_that_comes_late_is_waited_for(run_dir: Path) -> None:
    async with Bench(run_dir, late=True) as bench:
        await until(lambda: bench.beats)
        assert bench.beats[-1].state == "starting"
        await bench.venue.start()
        await bench.ready()


async def test_a_burst_of_requests_is_answered_without_an_end_of_the_stack(bench: Bench) -> None:
    # a stall of the worker: all of them wait when it looks
    numbers = [await bench.send(Method.POSITIONS) for _ in range(600)]
    await until(lambda: bench.replies.keys() >= set(numbers))
