"""A worker's birth certificate."""

import os

import pytest

from lib.bus.start import Start, encode_start, read_start
from lib.errors import ProtocolError

START = Start(
    name="bot:quoter:BTCUSDT",
    kind="bot",
    project="sandbox",
    run_dir="/run/tv",
    state_dir="/state/tv",
    incarnation=(3 << 32) | 1,
    epoch=3,
    config={"bot": {"class": "QuoterBot", "config": {"width": 0.0005}, "symbols": ["BTCUSDT"]}},
    streams=["stream-1", "stream-2"],
    roster=[["exchange", (3 << 32) | 1, "ready"]],
    heartbeat_ns=250_000_000,
    lifeline_fd=5,
)


def written(text: bytes) -> int:
    fd = os.memfd_create("start")
    os.write(fd, text)
    return fd


def test_a_start_record_survives_its_memory_file() -> None:
    assert read_start(written(encode_start(START))) == START


def test_reading_closes_the_descriptor() -> None:
    fd = written(encode_start(START))
    read_start(fd)

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", encode_start(START)[:-5]])
def test_half_a_record_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolError, match="start record"):
        read_start(written(text))


def test_a_field_of_a_newer_supervisor_is_ignored() -> None:
    text = encode_start(START)[:-1] + b',"future":1}'

    assert read_start(written(text)) == START
