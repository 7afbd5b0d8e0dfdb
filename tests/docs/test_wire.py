"""The page on the wire is current, and its example works."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import zmq

from lib.bus import endpoints
from lib.bus.sockets import Publisher
from tests.lib.bus.messages import book

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "wire.md"


def test_the_tables_are_those_of_the_source() -> None:
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "wire_table.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.process
def test_the_subscriber_of_the_page_understands_a_publisher(
    run_dir: Path, zmq_context: "zmq.Context[zmq.Socket[bytes]]"
) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    publisher = Publisher(zmq_context, endpoints.market(run_dir, "stream"), 1, lambda: 1)
    subscriber = subprocess.Popen(
        [sys.executable, "-c", example[1], run_dir],
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert subscriber.stdout is not None
        poller = zmq.Poller()
        poller.register(subscriber.stdout.fileno(), zmq.POLLIN)
        for _ in range(1_000):
            publisher.send(book())
            publisher.repeat_sequences()
            if poller.poll(20):
                break

        assert subscriber.stdout.readline() == "BTCUSDT 2 60000.0 60000.1 1.5\n"
    finally:
        subscriber.kill()
        subscriber.communicate()
