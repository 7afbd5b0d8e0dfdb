"""Real recordings through the whole system, added to a sandbox by three lines of YAML."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import make_system, sandbox, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

FILES = ("usdm_btcusdt_20240808.gz", "usdm_ethusdt_20240808.gz")
SYMBOLS = ["BTCUSDT", "ETHUSDT"]
SECONDS = 345
"""Length of the recordings."""
SLOWEST = 20.0
"""Events per second that a bot gets at least; the recordings' median is about 190 messages."""
CONFLATED = 0.01
"""Share of the events that a bot may skip."""
BOTS = [
    {"name": "quoter", "bot": "QuoterBot", "symbols": SYMBOLS[:1]},
    {"name": "sandbox", "bot": "SandboxBot", "symbols": SYMBOLS[1:]},
]


@pytest.mark.long
def test_recording_flows_to_the_bots_across_the_loops_seam(data_dir: Path) -> None:
    files = [data_dir / "ws_raw_20240808" / name for name in FILES]
    if not all(path.is_file() for path in files):
        pytest.skip(f"no {', '.join(FILES)} in {files[0].parent}")
    with make_system(sandbox("replay", bots=BOTS)) as system:
        more = system.folder / "recording.yaml"
        names = ", ".join(map(str, files))
        begin = SECONDS - 3  # the end comes a few seconds after the start
        more.write_text(
            f"venue: {{feed: recording, speed: 1, loop: true, start: {begin}s,\n"
            f"  files: [{names}]}}\n"
            "watchdog: {book: 3s}\n"
        )
        system.start("--add", str(more))
        first = bots_of(system.status())

        def enough() -> bool:
            now = bots_of(system.status())
            return all(
                worker["uptime_s"] - first[name]["uptime_s"] > 5
                and worker["events"] - first[name]["events"]
                > SLOWEST * (worker["uptime_s"] - first[name]["uptime_s"])
                for name, worker in now.items()
            )

        until("events flow at the recording's rate", enough)
        until("the quoter has an order", lambda: system.venue("/venue/ledger")["orders"])
        for worker in system.status()["workers"]:
            assert worker["state"] == "ready"
            assert worker["restarts"] == 0, system.history()
            # on a busy machine a bot may skip to a newer book, which it counts; nobody else may
            most = worker["events"] * CONFLATED if worker["kind"] == "bot" else 0
            assert worker["dropped"] <= most, worker
        assert system.stop().returncode == 0
        assert system.survivors() == []


def bots_of(status: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {worker["name"]: worker for worker in status["workers"] if worker["kind"] == "bot"}


def test_symbol_that_no_recording_holds_is_refused_with_its_line(data_dir: Path) -> None:
    path = data_dir / "ws_raw_20240808" / FILES[0]
    if not path.is_file():
        pytest.skip(f"no {path}")
    with make_system(sandbox("replay", bots=BOTS)) as system:
        more = system.folder / "recording.yaml"
        more.write_text(f"venue: {{feed: recording, files: [{path}]}}\n")

        done = system.run("start", str(system.config), "--add", str(more))

        assert done.returncode == 2
        assert done.stderr.count("\n") == 1, done.stderr
        assert f"{system.config}:" in done.stderr
        assert "ETHUSDT" in done.stderr
