"""What a bot is told in a backtest, when, and what becomes of its orders."""

import os
import signal
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.backtest.exchange import BacktestExchange
from lib.backtest.market import EVERYTHING, NOTHING, Market
from lib.constants import KEY, Status
from lib.errors import ConfigError, OrderRejected
from tests.lib.backtest.markets import (
    MS,
    START_NS,
    NotingBot,
    run_noting,
    settings_for,
    steady,
    told,
    write_market,
)

D = Decimal


@pytest.fixture
def market(tmp_path: Path) -> Path:
    return write_market(tmp_path / "m.tvr", steady(5))


def once(action: Any) -> Any:
    """Return a script that acts at its first call only."""
    done: list[int] = []

    def script(bot: NotingBot, *values: Any) -> None:
        if not done:
            done.append(1)
            action(bot)

    return script


def test_events_reach_the_bot_after_the_market_latency(tmp_path: Path, market: Path) -> None:
    run_noting(settings_for(tmp_path, [market]))

    books = told("book")
    assert len(books) == 50
    assert books[3] == (
        START_NS + 302 * MS, "BTCUSDT", D("60000.0"), D("60000.1"), START_NS + 300 * MS, 2 * MS,
    )  # fmt: skip


def test_the_clock_strikes_every_second(tmp_path: Path, market: Path) -> None:
    run_noting(settings_for(tmp_path, [market]))

    assert [time for time, _ in told("time")][:5] == [
        START_NS + second * 1000 * MS + 2 * MS for second in range(5)
    ]


def test_time_never_goes_back(tmp_path: Path, market: Path) -> None:
    run_noting(settings_for(tmp_path, [market]), book=once(lambda bot: bot.timer.Sleep(1.5)))

    times = [note[1] for note in NotingBot.notes]
    assert times == sorted(times)


def test_several_symbols_come_in_the_order_of_their_times(tmp_path: Path, market: Path) -> None:
    rows = [("quote", 0.05 + number / 7, "3000.00", "3000.01") for number in range(30)]
    other = write_market(tmp_path / "e.tvr", rows, "ETHUSDT")

    run_noting(settings_for(tmp_path, [market, other], ("BTCUSDT", "ETHUSDT")))

    times = [note[4] for note in told("book")]
    assert times == sorted(times)
    assert {note[1] for note in told("book")} == {"BTCUSDT", "ETHUSDT"}


def test_a_candle_comes_when_its_minute_is_over(tmp_path: Path) -> None:
    rows = [
        *steady(130),
        ("trade", 10.01, "60000.1", "0.5", "BUY"),
        ("trade", 20.01, "60000.0", "0.25", "SELL"),
    ]
    path = write_market(tmp_path / "m.tvr", sorted(rows, key=lambda row: row[1]))

    run_noting(settings_for(tmp_path, [path]))

    first, second = told("candle")
    assert first[0] == START_NS + 60_002 * MS
    prices = D("60000.1"), D("60000.1"), D("60000.0"), D("60000.0"), D("0.75")
    assert first[1:] == ("BTCUSDT", prices, START_NS, True)
    assert second[2] == (*[D("60000.0")] * 4, D(0)), "a minute without trades is flat"


def test_the_bot_is_told_that_it_is_flat_and_then_online(tmp_path: Path, market: Path) -> None:
    run_noting(settings_for(tmp_path, [market]))

    assert [note[0] for note in NotingBot.notes][:2] == ["account", "time"]
    assert told("account")[0][2:] == (D(0), D(0))
    assert told("status")[0][1:] == ("online", True, "")


def test_a_gap_in_the_book_takes_the_bot_offline(tmp_path: Path) -> None:
    rows = [*steady(2), ("quote", 10.0, "60000.0", "60000.1"), ("quote", 12, "60000", "60000.1")]
    path = write_market(tmp_path / "m.tvr", rows)

    run_noting(replace(settings_for(tmp_path, [path]), book_limit_ns=3_000 * MS))

    assert [note[2:] for note in told("status")][:3] == [
        (True, ""), (False, "book is stale"), (True, ""),
    ]  # fmt: skip


def test_a_bot_is_told_at_once_that_its_book_is_stale(tmp_path: Path) -> None:
    rows = [*steady(2), ("quote", 10.0, "60000.0", "60000.1"), ("quote", 12, "60000", "60000.1")]
    path = write_market(tmp_path / "m.tvr", rows)

    run_noting(replace(settings_for(tmp_path, [path]), book_limit_ns=3_300 * MS))

    time_ns, *status = told("status")[1]
    assert status == ["online", False, "book is stale"]
    assert time_ns == START_NS + (1_900 + 2 + 3_300) * MS + 1


def test_an_order_takes_its_time_there_and_back(tmp_path: Path, market: Path) -> None:
    settings = settings_for(tmp_path, [market])

    run_noting(settings, book=once(lambda bot: bot.exchange.Post(D("0.01"))))

    new, filled = told("order")
    # Posted at 2 ms, there at 7 ms; the news takes 5 ms from there, 3 more than the market's.
    assert new[0] == filled[0] == START_NS + 12 * MS
    assert [update.status for _, update in told("order")] == [Status.NEW, Status.FILLED]
    fill = filled[1]
    assert (fill.fill_price, fill.fill_qty) == (D("60000.1"), D("0.01"))
    assert fill.fee == D("60000.1") * D("0.01") * D("0.0005")
    assert told("account")[-1][2:] == (D("60000.1"), D("0.01"))


def test_waiting_for_the_reply_puts_off_the_handlers(tmp_path: Path, market: Path) -> None:
    settings = settings_for(tmp_path, [market])
    settings = replace(settings, latency={"order": 0.5, "cancel": 0.0, "account": 0.25})
    seen: list[Any] = []

    def post(bot: NotingBot) -> None:
        seen.append(bot.exchange.Post(D("0.01"), wait=True))
        seen.append(bot.timer.Timestamp())
        seen.append(len(told("book")))

    run_noting(settings, book=once(post))

    assert seen[1:] == [START_NS + 752 * MS, 1]
    assert len(told("book")) == 50, "what came meanwhile was told afterwards"
    assert told("book")[1][-1] == 652 * MS, "and its latency says so"


def test_a_refusal_comes_by_on_order(tmp_path: Path, market: Path) -> None:
    def post(bot: NotingBot) -> None:
        bot.exchange.Post(D("0.01"), D("60000.1"), post_only=True)

    run_noting(settings_for(tmp_path, [market]), book=once(post))

    ((_, update),) = told("order")
    assert update.status is Status.REJECTED
    assert "maker" in update.reason


def test_a_refusal_is_raised_to_who_waits(tmp_path: Path, market: Path) -> None:
    caught: list[OrderRejected] = []

    def post(bot: NotingBot) -> None:
        try:
            bot.exchange.Post(D("0.01"), D("60000.1"), wait=True, post_only=True)
        except OrderRejected as error:
            caught.append(error)

    run_noting(settings_for(tmp_path, [market]), book=once(post))

    assert caught[0].code == -5022


def test_what_is_too_small_is_refused_at_once(tmp_path: Path, market: Path) -> None:
    def post(bot: NotingBot) -> None:
        with pytest.raises(OrderRejected, match="below"):
            bot.exchange.Post(D("0.0001"))

    outcome = run_noting(settings_for(tmp_path, [market]), book=once(post))

    assert outcome.summary["total"]["orders"] == 0


def test_a_cancel_does_not_overtake_its_order(tmp_path: Path, market: Path) -> None:
    settings = settings_for(tmp_path, [market])
    settings = replace(settings, latency={"order": 0.5, "cancel": 0.0, "account": 0.0})

    def post(bot: NotingBot) -> None:
        bot.exchange.Cancel(bot.exchange.Post(D("0.01"), D("59000")))

    run_noting(settings, book=once(post))

    assert [update.status for _, update in told("order")] == [Status.NEW, Status.CANCELED]


def test_clean_can_cancel_and_wait(tmp_path: Path, market: Path) -> None:
    left: list[int] = []

    def clean(bot: NotingBot) -> None:
        exchange = bot.exchange
        assert isinstance(exchange, BacktestExchange)
        left.append(len(exchange.open_orders()))
        exchange.Cancel()
        bot.timer.Sleep(0.5)
        left.append(len(exchange.open_orders()))

    post = once(lambda bot: bot.exchange.Post(D("0.01"), D("59000")))
    outcome = run_noting(settings_for(tmp_path, [market]), book=post, clean=clean)

    assert left == [1, 0]
    assert outcome.summary["total"]["open"] == 0


def test_a_stop_is_triggered_by_a_trade(tmp_path: Path) -> None:
    rows = [*steady(2), ("trade", 2.05, "59000.0", "1", "SELL"), ("quote", 2.1, "58999.9", "59000")]
    path = write_market(tmp_path / "m.tvr", [*rows, ("quote", 3, "58999.9", "59000.0")])

    def post(bot: NotingBot) -> None:
        bot.exchange.Post(D("0.01"))
        bot.exchange.Post(D("-0.01"), D("59500"), stopmarket=True, reduce_only=True)

    outcome = run_noting(settings_for(tmp_path, [path]), book=once(post))

    statuses = [update.status for _, update in told("order") if update.reduce_only]
    assert statuses[0] is Status.NEW
    assert statuses[-1] is Status.FILLED
    assert outcome.summary["symbols"]["BTCUSDT"]["position"] == "0"


def test_profit_is_explained_by_fills_fees_and_price(tmp_path: Path) -> None:
    rows = [*steady(2), *[("quote", 2 + n / 10, "60100.0", "60100.1") for n in range(20)]]
    path = write_market(tmp_path / "m.tvr", rows)

    outcome = run_noting(
        settings_for(tmp_path, [path]), book=once(lambda bot: bot.exchange.Post(D("0.1")))
    )

    total = outcome.summary["total"]
    fee = D("60000.1") * D("0.1") * D("0.0005")
    assert D(total["fees"]) == fee
    assert D(total["unrealised"]) == (D("60100.05") - D("60000.1")) * D("0.1")
    assert D(total["profit"]) == D(total["unrealised"]) - fee


def test_balance_position_and_candles_can_be_asked_for(tmp_path: Path, market: Path) -> None:
    seen: dict[str, Any] = {}

    def look(bot: NotingBot, *_: Any) -> None:
        seen["balance"] = bot.exchange.getBalance()
        seen["positions"] = bot.exchange.getPositions()
        seen["candles"] = bot.exchange.getCandles(START_NS, START_NS + 120_000 * MS)

    run_noting(
        settings_for(tmp_path, [market]),
        book=once(lambda bot: bot.exchange.Post(D("0.01"))),
        clean=look,
    )

    fee = D("60000.1") * D("0.01") * D("0.0005")
    assert seen["balance"][KEY.BALANCE] == D(10_000) - fee
    assert seen["balance"][KEY.AVAILABLE] < seen["balance"][KEY.BALANCE]
    assert seen["positions"][0][KEY.QTY] == D("0.01")
    assert seen["candles"][KEY.TIMESTAMP].maxlen == 2


def test_a_bot_that_fails_ends_the_run_with_what_there_is(tmp_path: Path, market: Path) -> None:
    def fail(bot: NotingBot, *_: Any) -> None:
        if len(told("book")) == 20:
            raise ZeroDivisionError("in the bot")

    outcome = run_noting(settings_for(tmp_path, [market]), tmp_path / "out", book=fail)

    assert outcome.summary["failure"] == "noting:BTCUSDT: ZeroDivisionError: in the bot"
    assert "in the bot" in outcome.trace
    assert told("clean"), "it could still tidy up"
    assert (tmp_path / "out" / "results.json").exists()


def test_a_bot_may_go_on_after_an_error(tmp_path: Path, market: Path) -> None:
    settings = settings_for(tmp_path, [market])
    settings = replace(settings, bots=(replace(settings.bots[0], on_error="continue"),))

    def fail(bot: NotingBot, *_: Any) -> None:
        raise ZeroDivisionError

    outcome = run_noting(settings, book=fail)

    assert outcome.summary["complete"]
    assert len(told("book")) == 50


def test_ctrl_c_gives_what_there_is(tmp_path: Path, market: Path) -> None:
    stop = once(lambda _: os.kill(os.getpid(), signal.SIGINT))

    outcome = run_noting(settings_for(tmp_path, [market]), book=stop)

    assert outcome.summary["failure"] == "interrupted"
    assert 0 < len(told("book")) < 50
    assert told("clean")


def test_the_end_is_exact(tmp_path: Path, market: Path) -> None:
    run_noting(replace(settings_for(tmp_path, [market]), end="1200ms"))

    assert len(told("book")) == 12


def test_what_comes_before_the_start_is_not_told(tmp_path: Path, market: Path) -> None:
    run_noting(replace(settings_for(tmp_path, [market]), start="3s"))

    assert told("book")[0][4] == START_NS + 3_000 * MS


def test_a_symbol_that_is_not_recorded_is_refused(tmp_path: Path, market: Path) -> None:
    with pytest.raises(ConfigError, match="hold no ETHUSDT; they hold BTCUSDT"):
        run_noting(settings_for(tmp_path, [market], ("ETHUSDT",)))


def test_what_the_core_is_spared_changes_nothing(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The matching core sees few quotes: as many fills, at the same times, as if it saw all."""
    from lib.backtest.backtest import run_backtest
    from lib.backtest.convert import rows_of
    from lib.backtest.settings import load_settings
    from lib.venue.market import Print, Quote
    from tests.lib.backtest.test_recordings import write_events

    recording = data_dir / "ws_raw_20240808/usdm_btcusdt_20240808.gz"
    rows = (row for row in rows_of(recording) if isinstance(row[2], Quote | Print))
    path = write_events(tmp_path / "quotes.tvr", rows, 25_000)
    config = tmp_path / "c.yaml"
    config.write_text(
        f"project: t\nvenue: {{feed: recording, files: [{path}]}}\n"
        "bots: [{name: q, bot: QuoterBot, symbols: [BTCUSDT], width: 0.00005}]\n"
    )

    spared = run_backtest(load_settings([config]), tmp_path / "spared")

    def see_all(self: Market) -> None:
        self.bids_to, self.asks_from, self.watched = EVERYTHING, NOTHING, True

    monkeypatch.setattr(Market, "look", see_all)
    run_backtest(load_settings([config]), tmp_path / "full")
    assert spared.summary["total"]["fills"] > 10
    for name in ("fills.csv", "orders.csv", "equity.csv"):
        assert (tmp_path / "spared" / name).read_text() == (tmp_path / "full" / name).read_text()
