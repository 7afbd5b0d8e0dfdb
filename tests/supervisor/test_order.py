"""Start and stop order."""

from lib.constants import WorkerKind
from supervisor.order import start_order, stop_order

KINDS = {
    "bot:a:X": WorkerKind.BOT,
    "bot:a:Y": WorkerKind.BOT,
    "exchange": WorkerKind.EXCHANGE,
    "stream": WorkerKind.STREAM,
    "venue": WorkerKind.VENUE,
}


def test_bots_start_only_when_exchange_and_stream_are_ready() -> None:
    order = start_order(KINDS)

    assert order.advance() == ["venue"]
    assert order.advance() == []
    order.done("venue")
    assert order.advance() == ["exchange", "stream"]
    order.done("stream")
    assert order.advance() == []
    order.done("exchange")
    assert order.advance() == ["bot:a:X", "bot:a:Y"]
    assert not order.finished
    order.done("bot:a:X")
    order.done("bot:a:Y")
    assert order.finished


def test_the_exchange_worker_is_stopped_only_when_every_bot_is_gone() -> None:
    order = stop_order(KINDS)

    assert order.advance() == ["bot:a:X", "bot:a:Y"]
    order.done("bot:a:X")
    assert order.advance() == []
    order.done("bot:a:Y")
    assert order.advance() == ["exchange"]
    order.done("exchange")
    assert order.advance() == ["stream"]
    order.done("stream")
    assert order.advance() == ["venue"]


def test_groups_without_workers_are_skipped() -> None:
    order = start_order({"bot:a:X": WorkerKind.BOT})

    assert order.advance() == ["bot:a:X"]


def test_names_that_are_gone_are_not_waited_for() -> None:
    order = start_order(KINDS)
    assert order.advance() == ["venue"]

    order.keep({"venue", "stream", "bot:a:X"})
    order.done("venue")
    assert order.advance() == ["stream"]
    order.done("stream")
    assert order.advance() == ["bot:a:X"]
    assert not order.finished
    order.keep({"venue", "stream"})
    assert order.finished


def test_a_group_that_is_gone_is_not_waited_for() -> None:
    order = start_order(KINDS)
    assert order.advance() == ["venue"]

    order.keep({"venue"})
    order.done("venue")

    assert order.finished
