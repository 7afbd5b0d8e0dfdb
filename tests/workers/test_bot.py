"""The bot worker as a real process, on real sockets, with every peer played by the test."""

import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import zmq

from lib.bus.protocol import Account, Candle, Health, Roster, Trade, encode_reply
from lib.errors import ConfigError
from tests.lib.exchange.fake_worker import LIFE, OWNER, fill, order, position
from tests.workers.bot_rig import NAME, Rig
from workers.bot import check_bot_class

pytestmark = pytest.mark.process


@pytest.fixture
def rig(zmq_context: "zmq.Context[zmq.Socket[bytes]]", run_dir: Path) -> Iterator[Rig]:
    rig = Rig(zmq_context, run_dir, streams=2)
    yield rig
    rig.close()


@pytest.fixture
def talking(rig: Rig) -> Rig:
    """A bot that does what it is told, ready."""
    rig.start("TalkingBot")
    rig.until_ready()
    return rig


def until_called(rig: Rig, name: str, count: int = 1) -> None:
    rig.until(lambda: len(rig.calls(name)) >= count)


# --- events ---


def test_every_kind_of_event_reaches_its_handler_with_exact_values(rig: Rig) -> None:
    rig.start()
    rig.until_ready()
    until_called(rig, "onOrderbook")
    rig.market[0].send(Trade("BTCUSDT", "50000.1", "0.5", "SELL", "BINANCE.FUTURES", 77, 1, 9))
    for finished in (False, True):
        rig.market[0].send(
            Candle("BTCUSDT", 60, "1", "4", "0.5", "2", "10", finished, "BINANCE.FUTURES", 99, 9)
        )
    rig.publish(position("-0.5", "49000"))
    rig.publish(order("a", "CANCELED"))
    rig.lifecycle.send(Health("stream-1", healthy=False, reason="stale"))
    for name in ("onTrade", "onCandle", "onOrder", "onTime"):
        until_called(rig, name)
    until_called(rig, "onAccount", 2)
    rig.until(lambda: ["onStatus", "stream-1", False, "stale"] in rig.calls("onStatus"))

    book = rig.calls("onOrderbook")[0]
    assert book[1:7] == ["50001", "2", "50000", "3", "BTCUSDT", "BINANCE.FUTURES"]
    assert book[8] >= 1000
    trade = rig.calls("onTrade")[0]
    assert trade[1:7] == ["50000.1", "0.5", "SELL", "BTCUSDT", "BINANCE.FUTURES", 77]
    assert rig.calls("onCandle") == [
        ["onCandle", "1", "4", "0.5", "2", "10", "BTCUSDT", "BINANCE.FUTURES", 60, True]
    ]
    assert [call[1:3] for call in rig.calls("onAccount")] == [["0", "0"], ["49000", "-0.5"]]
    assert rig.calls("onOrder")[0][1:3] == ["a", "CANCELED"]


def test_position_and_open_orders_are_told_before_the_first_market_event(rig: Rig) -> None:
    rig.start()
    rig.until(lambda: rig.update_id > 20)
    assert rig.calls() == []
    rig.until_ready()
    until_called(rig, "onOrderbook")

    names = [call[0] for call in rig.calls()]
    assert names[0] == "made"
    assert names.index("onAccount") < names.index("onOrderbook")
    assert rig.beats[-1].note == "recording"


def test_unfinished_candles_come_where_they_are_wanted(rig: Rig) -> None:
    rig.start(live_candles=True)
    rig.until_ready()
    candle = Candle("BTCUSDT", 60, "1", "4", "0.5", "2", "10", False, "X", 99, 9)
    rig.market[0].send(candle)
    until_called(rig, "onCandle")

    assert rig.calls("onCandle")[0][-1] is False


def test_a_second_replica_brings_nothing_twice(rig: Rig) -> None:
    rig.start()
    rig.until_ready()
    until_called(rig, "onOrderbook")
    rig.quoting = False
    for _ in range(20):
        book = rig.book(0)
        rig.market[1].send(book)
    last = str(book.event_ns)
    rig.until(lambda: any(str(call[7]) == last for call in rig.calls("onOrderbook")))
    rig.market[0].send(Trade("BTCUSDT", "1", "1", "BUY", "X", 1, 1, 0))
    until_called(rig, "onTrade")

    times = [call[7] for call in rig.calls("onOrderbook")]
    assert len(times) == len(set(times))


def test_time_is_told_every_second_and_missed_seconds_are_not_made_up_for(rig: Rig) -> None:
    rig.start()
    rig.until_ready()
    until_called(rig, "onTime")
    rig.signal(signal.SIGSTOP)
    end = time.monotonic() + 2.5
    rig.until(lambda: time.monotonic() > end)
    rig.signal(signal.SIGCONT)
    until_called(rig, "onTime", 3)

    times = [call[1] for call in rig.calls("onTime")]
    gaps_ms = [(later - time) // 1_000_000 for time, later in pairwise(times)]
    # A tick that comes late leaves less than a second to the next one, but never none.
    assert max(gaps_ms) > 1_900
    assert min(gaps_ms) > 400


def test_a_frozen_bot_skips_the_backlog_of_books(rig: Rig) -> None:
    rig.start()
    rig.until_ready()
    until_called(rig, "onOrderbook")
    rig.quoting = False
    rig.signal(signal.SIGSTOP)
    for _ in range(500):
        rig.book()
    end = time.monotonic() + 0.3
    rig.until(lambda: time.monotonic() > end)
    rig.signal(signal.SIGCONT)
    rig.until(lambda: rig.beats[-1].counts["book:BTCUSDT"] >= 500)
    rig.until(lambda: rig.beats[-1].dropped >= 450)

    assert len(rig.calls("onOrderbook")) < 200


# --- heartbeat ---


def test_the_heartbeat_tells_ages_counts_and_readiness(rig: Rig) -> None:
    rig.open_exchange()
    rig.quoting = False
    rig.start(limits={"book": 3.0})
    rig.until(lambda: rig.calls("made"))
    rig.until(lambda: len(rig.beats) > 3)
    assert {beat.state for beat in rig.beats} == {"starting"}
    rig.quoting = True
    rig.until_ready()
    rig.until(lambda: rig.beats[-1].counts["book:BTCUSDT"] > 5)

    beat = rig.beats[-1]
    assert beat.worker == NAME
    assert beat.ages["book"]["BTCUSDT"] < 3_000_000_000
    assert set(beat.links) == {"market", "account"}
    assert beat.events > 0


def test_the_heart_beats_while_a_post_waits_for_its_reply(talking: Rig) -> None:
    talking.replies["post"] = lambda request: None
    talking.talk("wait", "50000")
    talking.until(lambda: talking.made_requests("post"))
    before = len(talking.beats)
    until_called(talking, "raised")

    assert len(talking.beats) - before >= 20
    assert talking.calls("raised")[0][1] == "OrderUnknown"
    talking.until(lambda: any(call[2] == "UNKNOWN" for call in talking.calls("onOrder")))


def test_lost_subscriptions_age_and_a_resubscription_heals_them(talking: Rig) -> None:
    talking.tell("deafen")
    talking.until(lambda: talking.beats[-1].ages["book"]["BTCUSDT"] > 300_000_000)
    talking.tell("resubscribe")
    talking.until(lambda: talking.beats[-1].ages["book"]["BTCUSDT"] < 200_000_000)


# --- orders ---


def test_a_posted_order_is_followed_to_its_fill(talking: Rig) -> None:
    talking.talk("post", "50000.19")
    until_called(talking, "posted")
    client_id = talking.calls("posted")[0][1]
    talking.until(lambda: talking.made_requests("post"))
    talking.publish(order(client_id))
    talking.publish(fill(client_id, 9, "0.01", "FILLED"))
    until_called(talking, "onOrder", 2)

    request = talking.made_requests("post")[0]
    assert (request.owner, request.incarnation) == (OWNER, LIFE)
    assert request.args[0][0][0] == client_id
    assert request.args[0][0][4] == "50000.1"
    assert request.args[0][0][-1] > 0
    assert [call[1:4] for call in talking.calls("onOrder")] == [
        [client_id, "NEW", 0],
        [client_id, "FILLED", 9],
    ]


def test_a_list_is_one_request(talking: Rig) -> None:
    talking.talk("list", "50000")
    talking.until(lambda: talking.made_requests("post"))

    assert len(talking.made_requests("post")[0].args[0]) == 2


def test_a_post_without_an_exchange_worker_was_not_sent(talking: Rig) -> None:
    talking.close_exchange()
    talking.until(lambda: ["onStatus", "online", False] in [c[:3] for c in talking.calls()])
    talking.talk("post", "50000")
    until_called(talking, "onOrder")

    assert talking.calls("onOrder")[0][2] == "NOT_SENT"


def test_a_cancel_outlives_the_exchange_worker(talking: Rig) -> None:
    talking.talk("post", "50000")
    until_called(talking, "posted")
    client_id = talking.calls("posted")[0][1]
    talking.until(lambda: talking.made_requests("post"))
    talking.publish(order(client_id))
    until_called(talking, "onOrder")
    talking.close_exchange()
    talking.talk("cancel", client_id)
    until_called(talking, "onMessage", 2)
    talking.open_exchange()
    talking.until(lambda: [client_id] in [r.args[0] for r in talking.made_requests("cancel")])


def test_a_gap_in_the_account_channel_is_closed_by_a_snapshot(talking: Rig) -> None:
    talking.publish(order("a"))
    until_called(talking, "onOrder")
    assert talking.account is not None
    name = b"order.%s." % OWNER.encode()
    talking.account.sequences[name] += 1
    talking.publish(fill("a", 2, "0.002", "PARTIALLY_FILLED"))
    talking.until(lambda: talking.made_requests("snapshot"))
    talking.publish(fill("a", 3, "0.003", "PARTIALLY_FILLED"))
    until_called(talking, "onOrder", 2)

    assert talking.made_requests("snapshot")[0].args == [[1, 1], ["a"], [0, 0]]
    assert talking.calls("onOrder")[-1][3] == 3


def test_a_new_life_of_the_exchange_worker_is_met_with_a_snapshot(talking: Rig) -> None:
    talking.close_exchange()
    talking.open_exchange()
    talking.publish(Account("BTCUSDT", "1", "0.1", "BINANCE.FUTURES", 1))
    talking.until(lambda: talking.made_requests("snapshot"))
    talking.publish(order("b"))
    until_called(talking, "onOrder")


def test_candles_are_asked_of_the_exchange_worker(talking: Rig) -> None:
    rows = [[0, "1", "2", "0.5", "1.5", "10"]]
    talking.replies["candles"] = lambda request: encode_reply("ok", rows)
    talking.talk("candles")
    until_called(talking, "candles")

    assert talking.calls("candles") == [["candles", 1]]


# --- the end ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_cleans_once_says_goodbye_and_exits_with_0(rig: Rig, number: int) -> None:
    rig.start()
    rig.until_ready()
    rig.signal(number)
    rig.signal(number)

    assert rig.exit_code() == 0
    assert len(rig.calls("Clean")) == 1
    assert [request.method for request in rig.requests][-1] == "bye"
    rig.play()
    assert rig.beats[-1].state == "stopping"


def test_cancels_of_clean_are_seen_through(rig: Rig) -> None:
    rig.start("CleaningBot")
    rig.until_ready()
    rig.talk("post", "50000")
    until_called(rig, "posted")
    rig.until(lambda: rig.made_requests("post"))
    client_id = rig.calls("posted")[0][1]
    rig.publish(order(client_id))
    until_called(rig, "onOrder")
    rig.signal(signal.SIGTERM)
    rig.until(lambda: rig.made_requests("cancel"))
    assert not rig.made_requests("bye")
    rig.publish(order(client_id, "CANCELED"))

    assert rig.exit_code() == 0
    assert rig.made_requests("bye")


def test_an_exception_is_logged_cleaned_up_after_and_exits_with_1(talking: Rig) -> None:
    talking.talk("raise", "boom")

    assert talking.exit_code() == 1
    assert len(talking.calls("Clean")) == 1
    assert "ValueError: boom" in talking.log
    assert "Traceback" in talking.log


def test_an_exception_does_not_end_a_bot_that_goes_on(rig: Rig) -> None:
    rig.start("TalkingBot", on_error="continue")
    rig.until_ready()
    rig.talk("raise", "boom")
    rig.talk("post", "50000")
    until_called(rig, "posted")

    assert "ValueError: boom" in rig.log
    assert rig.calls("Clean") == []


def test_a_fill_that_a_handler_choked_on_does_not_hold_up_acknowledgements(rig: Rig) -> None:
    rig.start("ChokingBot", on_error="continue")
    rig.until_ready()
    for number in (1, 2):
        made = fill("a", number, f"0.00{number}", "PARTIALLY_FILLED")
        rig.publish(made._replace(fill_epoch=1, fill_sequence=number))
    rig.until(lambda: [1, 2] in [request.args for request in rig.made_requests("ack")])

    assert "ValueError: choked" in rig.log


def test_a_clean_that_never_returns_is_bounded(rig: Rig) -> None:
    rig.start("StubbornBot")
    rig.until_ready()
    rig.signal(signal.SIGTERM)

    assert rig.exit_code(4.0) == 1
    assert "Clean did not return in time" in rig.log
    assert rig.made_requests("bye")


def test_a_clean_that_fails_is_logged_and_exits_with_1(rig: Rig) -> None:
    rig.start("FailingCleanBot")
    rig.until_ready()
    rig.signal(signal.SIGTERM)

    assert rig.exit_code() == 1
    assert "unclean" in rig.log
    assert rig.made_requests("bye")


def test_a_handler_that_never_returns_is_interrupted_when_the_end_is_asked_for(
    talking: Rig,
) -> None:
    talking.talk("hang")
    until_called(talking, "hanging")
    beats = len(talking.beats)
    talking.signal(signal.SIGTERM)

    assert talking.exit_code() == 0
    assert len(talking.calls("Clean")) == 1
    assert len(talking.beats) - beats < 5


@pytest.mark.parametrize("is_hung", [False, True])
def test_without_a_supervisor_it_cleans_adds_no_risk_and_is_gone_within_two_seconds(
    rig: Rig, is_hung: bool
) -> None:
    rig.start("CleaningBot")
    rig.until_ready()
    if is_hung:
        rig.talk("hang")
        until_called(rig, "hanging")
    rig.cut_lifeline()

    rig.exit_code(2.0)
    assert len(rig.calls("Clean")) == 1
    assert rig.made_requests("post") == []
    assert rig.made_requests("bye")


def test_a_life_that_left_the_roster_ends(talking: Rig) -> None:
    talking.roster = Roster("running", [[NAME, LIFE + 1, "starting"]], [])

    assert talking.exit_code() == 0
    assert len(talking.calls("Clean")) == 1


def test_a_bot_may_ask_for_a_restart_of_itself_or_of_another(talking: Rig) -> None:
    talking.talk("restart")
    talking.talk("restart", "stream")
    talking.until(lambda: len(talking.asks) == 2)

    assert talking.asks == [(NAME, "", "no new data"), (NAME, "stream", "no new data")]


@pytest.mark.parametrize(
    ("bot", "message"),
    [
        ("PickyBot", "width 7 must lie between 0 and 1"),
        ("IncompleteBot", "lacks Clean"),
        ("no.such:Bot", "cannot be loaded"),
    ],
)
def test_a_config_error_is_reported_and_exits_with_2_without_clean(
    rig: Rig, bot: str, message: str
) -> None:
    rig.open_exchange()
    rig.start(bot)

    assert rig.exit_code() == 2
    rig.until(lambda: rig.reports)
    assert rig.reports[0].kind == "refused"
    assert message in rig.reports[0].facts["message"]
    assert rig.calls("Clean") == []
    assert "Traceback" not in rig.log


def test_a_constructor_that_fails_exits_with_1(rig: Rig) -> None:
    rig.open_exchange()
    rig.start("BrokenBot")

    assert rig.exit_code() == 1
    assert "broken constructor" in rig.log
    assert rig.calls("Clean") == []


@pytest.mark.long
def test_an_exchange_worker_that_is_away_for_long_ends_no_bot(rig: Rig) -> None:
    rig.start("EagerBot")
    rig.until(lambda: "waits for the exchange worker" in rig.log, 30.0)

    rig.open_exchange()
    rig.until_ready()

    assert "crashed" not in rig.log


def test_a_stop_while_it_still_waits_for_the_exchange_is_quick(rig: Rig) -> None:
    rig.start()
    rig.until(lambda: rig.update_id > 30)
    rig.signal(signal.SIGTERM)

    rig.exit_code(3.0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("NoSuchBot", "unknown bot 'NoSuchBot'"),
        ("no/such/file.py", "no file"),
        ("lib.models:Order", "not a AbstractBot"),
        ("tests.workers.recording_bots:IncompleteBot", "lacks Clean"),
    ],
)
def test_a_bot_class_that_cannot_be_run_is_refused_in_one_line(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        check_bot_class(name)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["SandboxBot", "QuoterBot", "bot/quoter_bot.py"])
def test_the_bots_that_ship_can_be_run(name: str) -> None:
    check_bot_class(name)
