"""A status object in words."""

import io
from typing import Any

import pytest
from rich.console import Console

from supervisor.terminal.render import age, elapsed, ended, headline, hints, symbol_rates, table
from supervisor.terminal.screen import Picture


def worker(name: str, **changes: Any) -> dict[str, Any]:
    found = {
        "name": name,
        "kind": name.partition(":")[0],
        "pid": 4711,
        "state": "ready",
        "restarts": 2,
        "uptime_s": 61.4,
        "last_exit": None,
        "data_age_s": {"book": {"BTCUSDT": 0.04, "ETHUSDT": 0.31}},
        "events_per_s": 20.04,
        "rss_bytes": 24_600_000,
        "note": "2 quotes",
    }
    return {**found, **changes}


def status(*workers: dict[str, Any], state: str = "running") -> dict[str, Any]:
    return {
        "project": "sandbox",
        "pid": 1,
        "config": "yaml/sandbox.yaml",
        "state": state,
        "uptime_s": 3700.0,
        "workers": list(workers),
    }


def test_table_is_aligned_and_says_what_matters() -> None:
    text = table(status(worker("stream"), worker("bot:quoter:BTCUSDT", events_per_s=5.0)))

    first, _, heading, *lines = text.splitlines()
    assert first == "sandbox is running, pid 1, up 1h01m, yaml/sandbox.yaml"
    assert [line.index("ready") for line in lines] == [heading.index("STATE")] * 2
    assert "1m01s" in lines[0]
    assert "book 0.3s" in lines[0]
    assert "25 MB" in lines[0]
    assert lines[1].endswith("2 quotes")


def test_worker_between_two_lives_shows_its_last_exit() -> None:
    last = {"reason": "signal", "code": -9, "at_ns": 1}
    text = table(status(worker("stream", pid=None, state="backoff", last_exit=last)))

    assert "killed by SIGKILL; 2 quotes" in text
    assert "4711" not in text


def test_cause_of_a_restart_is_noted_for_a_while() -> None:
    last = {"reason": "hung", "code": -9, "at_ns": 1}

    assert "restarted: hung; 2 quotes" in table(status(worker("s", last_exit=last, uptime_s=5.0)))
    assert "hung" not in table(status(worker("s", last_exit=last, uptime_s=11.0)))


def test_end_of_a_life_in_words() -> None:
    assert ended("signal", -9) == "killed by SIGKILL"
    assert ended("signal", -200) == "ended: signal"
    assert ended("exit", 1) == "ended with exit code 1"
    assert ended("requested", 0) == "ended: requested"


def test_narrow_terminal_keeps_name_state_rate_and_note() -> None:
    text = table(status(worker("bot:quoter:BTCUSDT", note="2 quotes" * 9)), 80)

    _, _, heading, line = text.splitlines()
    assert heading.split() == ["WORKER", "PID", "STATE", "RESTARTS", "EVENTS/S", "NOTE"]
    assert len(line) == 80
    assert line.endswith("…")


def test_hints_say_what_must_be_typed_first() -> None:
    lines = hints("p", several=True, first="source .venv/bin/activate").splitlines()

    assert lines[0] == "in another terminal: source .venv/bin/activate"
    assert "supervisor logs -f --project p" in lines[1]


def test_worker_that_has_not_begun_is_waiting() -> None:
    waiting = worker("stream", pid=None, state="exited")
    ended = {**waiting, "last_exit": {"reason": "requested", "code": 0, "at_ns": 1}}

    assert "waiting" in table(status(waiting))
    assert "exited" in table(status(ended))


def test_run_without_workers_is_one_line() -> None:
    assert table(status(state="starting")).splitlines() == [headline(status(state="starting"))]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (200, "3m20s"), (7500, "2h05m"), (356_400, "4d03h"), (None, "-")],
)
def test_elapsed_time_has_at_most_two_units(seconds: float | None, text: str) -> None:
    assert elapsed(seconds) == text


def test_age_is_that_of_the_liveliest_channel() -> None:
    assert age({"trade": {"A": 9.0}, "book": {"A": 0.1, "B": 0.2}}) == "book 0.2s"
    assert age({"account": {"ALL": 75.0}}) == "account 1m15s"
    assert age({"candle": {"A": 3.0}}) == "candle 3.0s"
    assert age({}) == "-"


def test_rates_per_symbol_come_from_streams_or_else_from_bots() -> None:
    bots = [worker("bot:q:BTCUSDT", events_per_s=7.0), worker("bot:q:ETHUSDT", events_per_s=8.0)]
    stream = worker("stream", events_per_s_by_symbol={"BTCUSDT": 19.0})

    assert symbol_rates(status(*bots)) == {"BTCUSDT": 7.0, "ETHUSDT": 8.0}
    assert symbol_rates(status(stream, *bots)) == {"BTCUSDT": 19.0}


def test_picture_shows_workers_rates_and_ways_on() -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(Picture(status(worker("stream"), worker("bot:q:BTCUSDT", events_per_s=7.0))))

    text = console.file.getvalue()  # type: ignore[attr-defined]
    for expected in (
        "stream",
        "4711",
        "ready",
        "BTCUSDT 7/s",
        "supervisor logs -f",
        "Ctrl-C stops",
    ):
        assert expected in text


def test_picture_fits_a_narrow_terminal() -> None:
    console = Console(file=io.StringIO(), width=60)
    console.print(
        Picture(
            status(worker("bot:a_very_long_name:1000SHIBUSDT"), state="stopping"), news=["x" * 99]
        )
    )

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(len(line) for line in text.splitlines()) <= 60
    assert "stopping: bots clean up first" in text
    assert "x…" in text
