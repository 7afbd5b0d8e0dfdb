"""What every test may use: recordings, socket folders, ZeroMQ contexts, hypothesis profiles."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import zmq
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

settings.register_profile(
    "quick", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", parent=settings.get_profile("quick"), max_examples=1_000)
settings.load_profile("long" if os.environ.get("TICKVISOR_LONG") else "quick")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the recordings; the test is skipped where there is none."""
    named = os.environ.get("TICKVISOR_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no recordings in {folder}; name their folder by TICKVISOR_DATA")
    return folder


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """Private folder whose path is short enough for Unix sockets, whatever the test's name."""
    folder = Path(tempfile.mkdtemp(prefix="tv-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class OwningContext(zmq.Context["zmq.Socket[bytes]"]):
    """Context that keeps its sockets until its end, so that a test may drop them unclosed."""

    owned: ClassVar[list[Any]] = []

    def socket(self, *args: Any, **kwargs: Any) -> "zmq.Socket[bytes]":
        """Open a socket and keep it."""
        socket = super().socket(*args, **kwargs)
        self.owned.append(socket)
        return socket


@pytest.fixture
def zmq_context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    """ZeroMQ context that takes all its sockets with it."""
    context = OwningContext()
    yield context
    context.destroy(linger=0)
    context.owned.clear()
