"""What a soak writes down is right."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.soak_record import Memories, Pulses, Sample, descriptors, private_kb, pss_mb
from lib.constants import NS_PER_SECOND


@pytest.fixture
def pulses(tmp_path: Path) -> Iterator[Pulses]:
    made = Pulses(str(tmp_path / "p"))
    yield made
    made.close()


def send(pulses: Pulses, *lines: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        for line in lines:
            out.sendto(line.encode(), pulses.path)
    pulses.take(0.01)


def test_a_gap_is_the_longest_time_within_or_between_lines(pulses: Pulses) -> None:
    second = NS_PER_SECOND
    send(pulses, f"BTCUSDT {second} {2 * second} {second}")
    send(pulses, f"BTCUSDT {5 * second} {6 * second} {second}", f"ETHUSDT {second} {second} 0")

    assert pulses.longest == {"BTCUSDT": 3 * second, "ETHUSDT": 0}


def test_silence_at_a_round_s_end_counts(pulses: Pulses) -> None:
    now = pulses._timer.Timestamp() - 7 * NS_PER_SECOND
    send(pulses, f"BTCUSDT {now} {now} 0")

    assert 7 <= pulses.end_round()["BTCUSDT"] < 60


def test_growth_is_that_of_the_longest_life_once_it_is_warm() -> None:
    memories = Memories()
    memories._samples["a", 1] = [Sample(0, 9e9, 1), Sample(5, 9e9, 1)]
    memories._samples["a", 2] = [
        Sample(second, 1000 if second < 40 else 2000 + second, 5) for second in range(0, 121, 10)
    ]

    growth = memories.growths()["a"]

    assert growth.seconds == 120
    assert growth.kb_per_minute == pytest.approx(60)
    assert growth.descriptors == (5, 5)


def test_a_process_s_memory_and_descriptors_are_read() -> None:
    pid = os.getpid()

    assert pss_mb(pid) > 1
    assert private_kb(pid) > 1000
    assert descriptors(pid) > 2
