"""What the live table tells of the events."""

from typing import Any

from supervisor.record.events import Event
from supervisor.terminal.news import News

NOON_NS = 1_795_348_800_000_000_000
MS = 1_000_000


def event(at_ms: int, worker: str, name: str, reason: str = "", **facts: Any) -> Event:
    return Event(NOON_NS + at_ms * MS, 2, worker, name, reason, facts)


def told(*events: Event) -> list[str]:
    news = News()
    news.take(events)
    return news.newest(9)


def test_death_and_return_are_told_with_the_time_between() -> None:
    assert told(
        event(318, "exchange", "exited", "signal", code=-9),
        event(344, "exchange", "started", pid=16206, restarts=1),
        event(356, "exchange", "first beat", ms=37.5),
        event(432, "exchange", "ready"),
    ) == [
        "12:00:00  exchange             killed by SIGKILL",
        "12:00:00  exchange             ready again after 0.11 s",
    ]


def test_first_start_is_no_news_and_forgets_the_run_before() -> None:
    assert (
        told(
            event(0, "stream", "stale", "book BTCUSDT 3.1 s old"),
            event(5, "supervisor", "was killed", "run 1, last heard of 12:00:00"),
            event(10, "supervisor", "started", pid=1),
            event(20, "stream", "started", pid=2, restarts=0),
            event(50, "stream", "ready"),
        )
        == []
    )


def test_trouble_is_told_with_its_evidence() -> None:
    assert told(event(0, "stream", "stale", "book BTCUSDT 3.1 s old")) == [
        "12:00:00  stream               stale: book BTCUSDT 3.1 s old"
    ]


def test_crash_is_told_with_what_was_said_last() -> None:
    crash = event(0, "bot:q:BTCUSDT", "exited", "exit", code=1, lines=["Traceback", "KeyError: 1"])

    assert told(crash) == ["12:00:00  bot:q:BTCUSDT        ended with exit code 1: KeyError: 1"]


def test_ends_that_belong_to_stopping_are_no_news() -> None:
    assert told(
        event(0, "supervisor", "stopping", "SIGINT"),
        event(5, "bot:q:BTCUSDT", "exited", "requested", code=0),
        event(9, "bot:q:ETHUSDT", "exited", "exit", code=1),
    ) == [
        "12:00:00  supervisor           stopping: SIGINT",
        "12:00:00  bot:q:ETHUSDT        ended with exit code 1",
    ]


def test_run_is_open_until_its_orderly_end() -> None:
    news = News()

    assert not news.is_open
    news.take([event(0, "supervisor", "started", pid=1)])
    assert news.is_open
    news.take([event(9, "supervisor", "stopped", exit=0)])
    assert not news.is_open


def test_only_the_newest_are_kept() -> None:
    news = News()
    news.take([event(n, "stream", "stale", str(n)) for n in range(99)])

    assert [line[-2:] for line in news.newest(2)] == ["97", "98"]
    assert news.newest(0) == []
