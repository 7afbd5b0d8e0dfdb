"""The supervisor's own memory: a million heartbeats and ten thousand restarts leave nothing."""

import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from lib.bus.protocol import decode, encode, topic_of
from lib.constants import NS_PER_SECOND, WorkerKind, WorkerState
from supervisor.crew.healing import judge
from supervisor.judges.watch import LEARNED
from supervisor.processes.meter import Meter
from tests.supervisor.ward import beat, make

pytestmark = pytest.mark.timeout(300)

BEATS, RESTARTS = 1_000_000, 10_000
SYMBOLS = ("BTCUSDT", "ETHUSDT")
SLACK = 200
"""Blocks of memory: caches of the interpreter, a bucket more in a dictionary."""
JUDGED = 20
"""Beats per judgement here: a freshly judged beat costs most of the time."""


def grown(work: Callable[[int], None], rounds: int) -> int:
    """Return how many blocks of memory more are held after some rounds than after a tenth."""
    for number in range(rounds // 10):
        work(number)
    gc.collect()
    before = sys.getallocatedblocks()
    for number in range(rounds // 10, rounds):
        work(number)
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize("beats", [BEATS // 10, pytest.param(BEATS, marks=pytest.mark.long)])
def test_a_million_heartbeats_leave_nothing(beats: int) -> None:
    stream, random = make(WorkerKind.STREAM, book=LEARNED), Random(1)
    ages = {"book": dict.fromkeys(SYMBOLS, 0)}
    beat(stream, 0, {"book": dict.fromkeys(SYMBOLS, 0.0)}, links={"public": 0.0})
    last = stream.watch.last
    assert last is not None

    def work(number: int) -> None:
        now_ns = number * NS_PER_SECOND // 4
        age = random.randrange(5 * NS_PER_SECOND)
        counts = {f"book:{symbol}": number for symbol in SYMBOLS}
        one = last._replace(events=number, errors=number // 99, ages=ages, counts=counts)
        ages["book"]["BTCUSDT"] = age
        stream.watch.beat(one, now_ns)
        stream.slowness.beat(one, now_ns)
        stream.sickness.beat(one.errors, now_ns)
        stream.life.beat(WorkerState.READY, now_ns)
        if number % JUDGED:
            return
        if judge(stream, [stream], now_ns) is None:
            stream.life.fresh(now_ns)
        else:
            stream.life.stale("book")

    assert grown(work, beats) < SLACK


def test_a_beat_s_way_over_the_wire_leaves_nothing() -> None:
    stream = make(WorkerKind.STREAM)
    beat(stream, 0, {"book": {"BTCUSDT": 0.0}})
    last = stream.watch.last
    assert last is not None

    def work(number: int) -> None:
        decode(topic_of(last), encode(last._replace(events=number), 1, number, number))

    assert grown(work, BEATS // 20) < SLACK


def test_ten_thousand_restarts_leave_nothing() -> None:
    bot, meter = make(WorkerKind.BOT, "bot:x:BTCUSDT", book=3.0), Meter()
    own = os.getpid()

    def work(number: int) -> None:
        now_ns = number * 100 * NS_PER_SECOND
        code = -9 if number % 2 else 1
        bot.life.exited(code, now_ns, now_ns)
        due_ns = bot.life.deadline()
        if due_ns is not None:
            bot.life.tick(due_ns)
        bot.reborn(epoch=1, life=number + 2, now_ns=now_ns)
        beat(bot, now_ns / NS_PER_SECOND, {"book": {"BTCUSDT": 9.0}})
        bot.life.beat(WorkerState.READY, now_ns)
        judge(bot, [], now_ns)
        meter.of(own, now_ns)
        meter.keep({own})

    assert grown(work, RESTARTS) < SLACK
    assert bot.life.restarts == RESTARTS
    assert bot.life.running


def test_the_meter_tells_what_this_process_uses_and_nothing_of_one_that_is_gone() -> None:
    meter, now_ns = Meter(), 0
    first = meter.of(os.getpid(), now_ns)
    sum(range(3_000_000))
    second = meter.of(os.getpid(), now_ns + NS_PER_SECOND)

    statm = (Path("/proc/self/statm").read_text()).split()
    assert abs(first.memory - int(statm[1]) * os.sysconf("SC_PAGE_SIZE")) < 64_000_000
    assert second.cpu > 0
    assert 3 <= first.descriptors <= first.allowed
    assert meter.of(2**22 + 1, now_ns).memory == 0
