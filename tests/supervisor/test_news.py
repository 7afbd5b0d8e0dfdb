"""What the live table tells of the supervisor's log."""

from supervisor.log_lines import read_lines
from supervisor.news import News, read_event

DAY = "2026-11-22T"


def told(*texts: str) -> list[str]:
    news = News()
    news.take(read_lines("supervisor", [f"{DAY}{text}" for text in texts]))
    return news.newest(9)


def test_death_and_return_are_told_with_the_time_between() -> None:
    assert told(
        "15:44:37.318Z exchange               exited: signal  code=-9",
        "15:44:37.344Z exchange               started  pid=16206 restarts=1",
        "15:44:37.356Z exchange               first beat  ms=37.5",
        "15:44:37.432Z exchange               ready",
    ) == [
        "15:44:37  exchange             killed by SIGKILL",
        "15:44:37  exchange             ready again after 0.11 s",
    ]


def test_first_start_is_no_news_and_forgets_the_run_before() -> None:
    assert (
        told(
            "15:44:37.318Z stream                 stale: book BTCUSDT 3.1 s old",
            "15:45:00.000Z supervisor             started  pid=1 epoch=2",
            "15:45:00.100Z stream                 started  pid=2 restarts=0",
            "15:45:00.400Z stream                 ready",
        )
        == []
    )


def test_trouble_is_told_as_it_is_logged() -> None:
    assert told("15:44:37.318Z stream                 stale: book BTCUSDT 3.1 s old") == [
        "15:44:37  stream               stale: book BTCUSDT 3.1 s old"
    ]


def test_ends_that_belong_to_stopping_are_no_news() -> None:
    assert told(
        "15:44:41.343Z supervisor             stopping: SIGINT",
        "15:44:41.367Z bot:q:BTCUSDT          exited: requested  code=0",
        "15:44:41.368Z bot:q:ETHUSDT          exited: exit  code=1",
    ) == [
        "15:44:41  supervisor           stopping: SIGINT",
        "15:44:41  bot:q:ETHUSDT        ended with exit code 1",
    ]


def test_run_is_open_until_its_orderly_end() -> None:
    news = News()
    begun = f"{DAY}15:44:41.343Z supervisor             started  pid=1"
    ended = f"{DAY}15:44:42.343Z supervisor             stopped  exit=0"

    assert not news.is_open
    news.take(read_lines("supervisor", [begun]))
    assert news.is_open
    news.take(read_lines("supervisor", [ended]))
    assert not news.is_open


def test_lines_of_json_say_the_same() -> None:
    text = (
        '{"at_ns": 1795362277318000000, "worker": "exchange", "event": "exited", '
        '"reason": "signal", "code": -9}'
    )

    event = read_event(text)

    assert event is not None
    assert event == ("15:44:37", "exchange", "exited: signal  code=-9")
    assert read_event("{no json") is None
    assert read_event("Traceback (most recent call last):") is None


def test_only_the_newest_are_kept() -> None:
    news = News()
    news.take(
        read_lines("supervisor", [f"{DAY}15:44:37.000Z stream stale: {n}" for n in range(99)])
    )

    assert [line[-2:] for line in news.newest(2)] == ["97", "98"]
    assert news.newest(0) == []
