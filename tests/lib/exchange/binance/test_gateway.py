"""The gateway against the embedded exchange, over real HTTP."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND, Status
from lib.errors import (
    ExchangeError,
    ExchangeUnavailable,
    OrderRejected,
    OrderUnknown,
    RateLimited,
)
from lib.exchange.binance.gateway import BinanceGateway
from lib.oms.outcomes import DUPLICATE_ID
from lib.timer import LiveTimer, VirtualTimer
from lib.venue.server import VenueServer
from tests.lib.exchange.binance.gateway_tools import (
    SYMBOL,
    Answers,
    fault,
    intent,
    placed,
    price,
)


async def test_rules_limits_and_mode_are_read(gateway: BinanceGateway) -> None:
    rules, limits = await gateway.exchange_info()
    assert rules[SYMBOL].tick == Decimal("0.1")
    assert {limit.name for limit in limits} == {"weight", "orders_1m", "orders_10s"}
    assert not await gateway.is_hedge_mode()


async def test_an_order_lives_and_dies(gateway: BinanceGateway, venue: VenueServer) -> None:
    order = intent(price(venue, "0.98"))
    report = await gateway.place(order)
    assert (report.id, report.status) == (order.id, Status.NEW)
    found = await gateway.query(SYMBOL, order.id, conditional=False)
    assert found is not None
    assert found.exchange_id == report.exchange_id
    assert [row.id for row in await gateway.open_orders([SYMBOL])] == [order.id]
    gone = await gateway.cancel(SYMBOL, order.id, conditional=False)
    assert gone is not None
    assert gone.status is Status.CANCELED
    assert await gateway.open_orders() == []


async def test_a_market_order_is_done_at_its_reply(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    report = await gateway.place(intent())
    assert (report.status, report.filled_qty) == (Status.FILLED, Decimal("0.002"))
    (fill,) = await gateway.user_trades(SYMBOL, order_id=report.exchange_id)
    assert fill.qty == Decimal("0.002")
    (position,) = await gateway.positions()
    assert (position.qty, position.price) == (Decimal("0.002"), fill.price)
    balances = await gateway.balances()
    assert next(row for row in balances if row.asset == "USDT").balance < 10_000


async def test_a_stop_keeps_our_id_and_is_found_in_the_lists(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    await gateway.place(intent())
    stop = intent(price(venue, "0.9"), side="SELL", stop=True, reduce_only=True)
    report = await gateway.place(stop)
    assert (report.id, report.status, report.algo) == (stop.id, Status.NEW, True)
    fault(venue, "algo_get_not_found")
    for conditional in (True, None):
        found = await gateway.query(SYMBOL, stop.id, conditional=conditional)
        assert found is not None
        assert found.algo
    assert [row.id for row in await gateway.open_orders([SYMBOL])] == [stop.id]
    assert await gateway.cancel(SYMBOL, stop.id, conditional=True) is None
    found = await gateway.query(SYMBOL, stop.id, conditional=True)
    assert found is not None
    assert found.status is Status.CANCELED


async def test_a_batch_has_one_outcome_each(gateway: BinanceGateway, venue: VenueServer) -> None:
    good = intent(price(venue, "0.98"))
    taker = intent(price(venue, "1.01"), post_only=True)
    other = intent(price(venue, "0.97"))
    first, second, third = await gateway.place_batch([good, taker, other])
    assert getattr(first, "id", None) == good.id
    assert isinstance(second, OrderRejected)
    assert second.code == -5022
    assert getattr(third, "id", None) == other.id


async def test_refusals_for_cause_are_definite(gateway: BinanceGateway) -> None:
    with pytest.raises(OrderRejected, match="-2022") as caught:
        await gateway.place(intent(reduce_only=True))
    assert caught.value.code == -2022


async def test_a_missing_order_is_none_to_a_query_and_a_question_to_a_cancel(
    gateway: BinanceGateway,
) -> None:
    client_id = intent().id
    assert await gateway.query(SYMBOL, client_id, conditional=False) is None
    assert await gateway.query(SYMBOL, client_id, conditional=None) is None
    with pytest.raises(OrderUnknown) as caught:
        await gateway.cancel(SYMBOL, client_id, conditional=False)
    assert caught.value.code == -2011


async def test_a_duplicate_id_says_that_the_first_exists(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    order = intent(price(venue, "0.98"))
    await gateway.place(order)
    with pytest.raises(OrderUnknown) as caught:
        await gateway.place(order)
    assert caught.value.code == DUPLICATE_ID


@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("name", ["unknown_rest", "hang_rest", "reset_rest"])
async def test_a_lost_answer_is_unknown_whether_executed_or_not(
    gateway: BinanceGateway, venue: VenueServer, name: str, *, executed: bool
) -> None:
    fault(venue, name, method="POST", executed=executed, count=1)
    order = intent(price(venue, "0.98"))
    with pytest.raises(OrderUnknown):
        await gateway.place(order)
    assert (order.id in placed(venue)) is executed
    assert placed(venue).count(order.id) <= 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 503}, ExchangeUnavailable),
        ({"status": 502, "html": True}, OrderUnknown),
        ({"status": 503, "code": -1008, "msg": "throttled"}, OrderUnknown),
        ({"status": 408, "code": -1007, "msg": "Timeout"}, OrderUnknown),
        ({"status": 400, "code": -2019, "msg": "Margin is insufficient."}, OrderRejected),
    ],
)
async def test_answers_mean_what_the_table_says(
    gateway: BinanceGateway, venue: VenueServer, answer: dict[str, Any], error: type[ExchangeError]
) -> None:
    fault(venue, "reject_rest", method="POST", count=1, **answer)
    with pytest.raises(error):
        await gateway.place(intent(price(venue, "0.98")))
    assert placed(venue) == []


async def test_a_ban_stops_every_request_until_its_end(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    fault(venue, "rate_limit", status=429, retry_after=7)
    with pytest.raises(RateLimited) as caught:
        await gateway.positions()
    assert caught.value.retry_after == pytest.approx(7, abs=1)
    sent = len(venue.venue.ledger()["requests"])
    with pytest.raises(RateLimited):
        await gateway.place(intent(price(venue, "0.98")))
    with pytest.raises(RateLimited):
        await gateway.cancel(SYMBOL, "x", conditional=False)
    assert len(venue.venue.ledger()["requests"]) == sent
    assert gateway.budget.trouble(gateway.now_ns())


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ({"status": 403}, 60),
        ({"status": 418}, 120),
        ({"status": 429}, 1),
        ({"status": 403, "retry_after": 7}, 7),
        ({"status": 429, "retry_after": 7}, 7),
        ({"status": 418, "retry_after": 7, "html": False, "msg": "banned"}, 7),
    ],
)
async def test_a_page_that_holds_us_off_stops_every_request_and_leaves_the_order_open(
    gateway: BinanceGateway, venue: VenueServer, answer: dict[str, Any], seconds: float
) -> None:
    fault(venue, "reject_rest", method="POST", executed=True, **{"html": True, **answer})
    order = intent(price(venue, "0.98"))
    with pytest.raises(OrderUnknown, match=f"HTTP {answer['status']}"):
        await gateway.place(order)
    assert placed(venue) == [order.id]
    sent = len(venue.venue.ledger()["requests"])
    for request in (gateway.query(SYMBOL, order.id, conditional=False), gateway.server_ns()):
        with pytest.raises(RateLimited) as caught:
            await request
        assert caught.value.retry_after == pytest.approx(seconds, abs=0.5)
    assert len(venue.venue.ledger()["requests"]) == sent
    firewall = "firewall" in gateway.budget.trouble(gateway.now_ns())
    assert firewall is (answer["status"] == 403)


async def test_a_read_that_a_firewall_refuses_is_none_and_the_last_for_a_while(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    fault(venue, "reject_rest", status=403, html=True)
    with pytest.raises(ExchangeUnavailable, match="HTTP 403"):
        await gateway.positions()
    with pytest.raises(RateLimited, match=r"firewall \(HTTP 403\)"):
        await gateway.positions()


async def test_a_refused_connection_is_definitely_not_executed(venue: VenueServer) -> None:
    config = {"rest_url": "http://127.0.0.1:1", "key": "k", "secret": "s"}
    closed = BinanceGateway(config, LiveTimer())
    with pytest.raises(ExchangeUnavailable, match="cannot connect"):
        await closed.place(intent("100"))
    await closed.close()


async def test_our_timestamp_and_window_are_on_the_wire(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    await gateway.place(intent(price(venue, "0.98")))
    row = next(row for row in venue.venue.ledger()["requests"] if row["method"] == "POST")
    assert row["params"]["recvWindow"] == "3000"
    assert abs(int(row["params"]["timestamp"]) - venue.now() // 1_000_000) < 1_000
    assert row["signature"] == "valid"


async def test_a_clock_that_is_off_is_set_right_and_a_read_sent_once_more(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    fault(venue, "clock_offset", ms=30_000)
    assert await gateway.positions() == []
    assert abs(gateway.now_ns() - venue.now()) < NS_PER_SECOND


async def test_an_order_refused_for_our_clock_is_left_to_who_chose_its_timestamp(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    fault(venue, "clock_offset", ms=30_000)
    with pytest.raises(ExchangeUnavailable, match="-1021"):
        await gateway.place(intent(price(venue, "0.98")))
    assert placed(venue) == []


async def test_an_order_has_the_timestamp_that_was_chosen_for_it(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    chosen_ns = gateway.now_ns() - NS_PER_SECOND
    await gateway.place(intent(price(venue, "0.98")), chosen_ns)
    row = next(row for row in venue.venue.ledger()["requests"] if row["method"] == "POST")
    assert row["params"]["timestamp"] == str(chosen_ns // 1_000_000)


async def test_a_step_of_the_hosts_clock_moves_no_request(venue: VenueServer) -> None:
    class Stepped(LiveTimer):
        step_ns = 0

        def Timestamp(self) -> int:
            return super().Timestamp() + self.step_ns

    timer = Stepped()
    config = {"rest_url": venue.rest_url, "key": venue.key, "secret": venue.secret}
    gateway = BinanceGateway(config, timer)
    await gateway.sync_clock()
    timer.step_ns = 3_600 * NS_PER_SECOND
    assert abs(gateway.now_ns() - venue.now()) < NS_PER_SECOND
    assert await gateway.positions() == []
    await gateway.close()


async def test_used_weight_is_metered(gateway: BinanceGateway) -> None:
    await gateway.positions()
    assert gateway.budget.share("weight", gateway.now_ns()) > 0


async def test_book_and_candles_are_read(gateway: BinanceGateway) -> None:
    book = await gateway.book(SYMBOL)
    assert Decimal(book.ask_price) > Decimal(book.bid_price) > 0
    end_ns = gateway.now_ns() // NS_PER_MINUTE * NS_PER_MINUTE
    rows = await gateway.candles(SYMBOL, end_ns - 10 * NS_PER_MINUTE, end_ns)
    assert [row[0] for row in rows] == [
        end_ns - minute * NS_PER_MINUTE for minute in range(10, 0, -1)
    ]
    assert all(len(row) == 6 for row in rows)


async def test_listen_keys_are_given_and_prolonged(gateway: BinanceGateway) -> None:
    key = await gateway.listen_key()
    assert len(key) == 64
    await gateway.keep_listen_key(key)
    assert await gateway.listen_key() == key


async def test_a_virtual_clock_serves_as_well(venue: VenueServer) -> None:
    config = {"rest_url": venue.rest_url, "key": venue.key, "secret": venue.secret}
    gateway = BinanceGateway(config, VirtualTimer(5))
    await gateway.sync_clock()
    assert abs(gateway.now_ns() - venue.now()) < NS_PER_SECOND
    await gateway.close()


async def test_nothing_is_sent_once_the_connections_are_closed(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    await gateway.close()
    for request in (gateway.open_orders(), gateway.place(intent(price(venue, "0.98")))):
        # said before the first byte: the order does not exist
        with pytest.raises(ExchangeUnavailable, match="the connections are closed"):
            await request
    assert placed(venue) == []


async def test_a_request_under_way_when_they_are_closed_is_of_unknown_fate(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    fault(venue, "hang_rest", method="POST", path="order", executed=True)
    under_way = asyncio.create_task(gateway.place(intent(price(venue, "0.98"))))
    async with asyncio.timeout(5.0):
        while not placed(venue):
            await asyncio.sleep(0.005)
    await gateway.close()
    with pytest.raises(OrderUnknown):
        await under_way


async def test_a_symbol_that_is_not_listed_any_more_has_no_orders_and_no_trades(
    gateway: BinanceGateway, venue: VenueServer
) -> None:
    gone = {"status": 400, "code": -1121, "msg": "Invalid symbol."}
    for path in ("openOrders", "order", "openAlgoOrders", "allAlgoOrders", "userTrades"):
        fault(venue, "reject_rest", path=path, **gone)
    assert await gateway.open_orders([SYMBOL]) == []
    for conditional in (False, True, None):
        assert await gateway.query(SYMBOL, "a", conditional=conditional) is None
    assert await gateway.user_trades(SYMBOL, start_ns=0) == []
    # of the whole account it would be no answer
    with pytest.raises(OrderRejected):
        await gateway.open_orders()


async def resting_rows(
    gateway: BinanceGateway, venue: VenueServer
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the row of an open regular order and the row of an open conditional one."""
    await gateway.place(intent(price(venue, "0.98")))
    await gateway.place(intent(price(venue, "0.9"), side="SELL", stop=True))
    (regular,) = await gateway.client.futures_get_open_orders(symbol=SYMBOL)
    (conditional,) = await gateway.client.futures_get_open_algo_orders(symbol=SYMBOL)
    return regular, conditional


async def test_an_odd_row_of_a_foreign_order_is_left_out_of_the_lists(
    gateway: BinanceGateway, venue: VenueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    regular, conditional = await resting_rows(gateway, venue)
    odd = [{**regular, "clientOrderId": "web_1", "status": "FROZEN"}, regular]
    odd_algo = [{**conditional, "clientAlgoId": "x-1", "triggerPrice": ""}, conditional]
    monkeypatch.setattr(gateway.client, "futures_get_open_orders", Answers(odd))
    monkeypatch.setattr(gateway.client, "futures_get_open_algo_orders", Answers(odd_algo))
    found = await gateway.open_orders([SYMBOL])
    ours = [regular["clientOrderId"], conditional["clientAlgoId"]]
    assert [row.id for row in found] == ours
    stop = await gateway.query(SYMBOL, ours[1], conditional=True)
    assert stop is not None


@pytest.mark.parametrize("change", [{"status": "FROZEN"}, {"price": ""}, {"clientOrderId": None}])
async def test_an_odd_row_that_may_be_ours_makes_the_read_void(
    gateway: BinanceGateway,
    venue: VenueServer,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:
    regular, _ = await resting_rows(gateway, venue)
    row = {**regular, "status": "FROZEN", **change}
    monkeypatch.setattr(gateway.client, "futures_get_open_orders", Answers([row]))
    with pytest.raises(ExchangeUnavailable, match="of another shape"):
        await gateway.open_orders([SYMBOL])


@pytest.mark.parametrize("answer", [[{"odd": 1}], ["odd"], {"odd": 1}, {}, 5])
async def test_lists_of_another_shape_prove_nothing(
    gateway: BinanceGateway, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    for name in (
        "futures_get_open_orders",
        "futures_get_open_algo_orders",
        "futures_account_trades",
        "futures_position_information",
        "futures_account_balance",
    ):
        monkeypatch.setattr(gateway.client, name, Answers(answer))
    for request in (
        gateway.open_orders(),
        gateway.query(SYMBOL, "x", conditional=True),
        gateway.user_trades(SYMBOL),
        gateway.positions(),
        gateway.balances(),
    ):
        with pytest.raises(ExchangeUnavailable, match="of another shape"):
            await request


async def test_a_page_that_is_no_text_is_no_answer() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(body=b"<html>\xff\xfe</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    async with TestServer(app) as server:
        gateway = BinanceGateway({"rest_url": str(server.make_url("/"))}, LiveTimer())
        try:
            with pytest.raises(ExchangeError, match="not JSON"):
                await gateway.reach()
        finally:
            await gateway.close()
