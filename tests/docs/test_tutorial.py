"""docs/tutorial.md: every command of it is run, in a fresh folder, as a reader would.

Only two things differ: Binance's addresses are those of a second venue that plays it, and what the
page lets run for minutes runs for seconds.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import yaml
from tests.e2e.harness import ROOT, System, open_orders, until
from tests.e2e.outer_venue import OuterVenue, make_outer_venue

pytestmark = [pytest.mark.e2e, pytest.mark.long, pytest.mark.timeout(180)]

PAGE = (ROOT / "docs/tutorial.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## \d\. (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
PATIENCE = 100.0
"""Seconds in which a trend shows on a market of chance."""
EXPORT = "export "


def commands(section: str) -> list[str]:
    """Return the lines that a section tells to type."""
    found = re.findall(r"```sh\n(.*?)```", SECTIONS[section], re.DOTALL)
    return "".join(found).splitlines()


class Reader(System):
    """Somebody who follows the page in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        """Write down the page's files, which each stand behind their name."""
        super().__init__(folder, {"project": "trend"})
        self.environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.added: Path | None = None
        """What names the second venue, merged over what the page says."""

    def write_files(self) -> None:
        """Write the page's YAML files."""
        for before, text in re.findall(r"(.*?)```yaml\n(.*?)```", PAGE, re.DOTALL):
            name = re.findall(r"`(trend/\w+\.yaml)`", before)[-1]
            (self.folder / name).write_text(text)

    def use(self, section: str, venue: OuterVenue) -> None:
        """Put a venue's addresses in the place of Binance's."""
        self.added = self.folder / "urls.yaml"
        self.added.write_text(yaml.safe_dump({section: venue.urls}))

    def type(self, line: str, seconds: float = 60.0) -> str:
        """Run a line to its end, which must be a good one; return what it printed."""
        done = subprocess.run(
            ["/bin/bash", "-c", self._words(line)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def type_in_one_terminal(self, line: str) -> None:
        """Run a line in the foreground of a terminal, until the system runs."""
        with (self.folder / "out").open("a") as out:
            self.process = subprocess.Popen(
                shlex.split(self._words(line)), cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True,
            )  # fmt: skip
        self.until_running()

    def follow(self, section: str, *, bar: Any = None) -> dict[str, str]:
        """Run all of a section's lines; return what each has printed.

        Args:
            section: Its title.
            bar: Called once a system runs, before the lines for the other terminal.
        """
        said = {}
        for line in commands(section):
            if line.startswith("supervisor start"):
                self.type_in_one_terminal(line)
                if bar is not None:
                    bar()
            elif not line.startswith(EXPORT):
                said[line] = self.type(line)
                if line.startswith("supervisor restart"):
                    self.until_running()
        return said

    def _words(self, line: str) -> str:
        line = re.sub(r"--for \w+", "--for 3s", line)
        line = re.sub(r"^python ", f"{sys.executable} ", line)
        line = re.sub(r"^supervisor ", f"{sys.executable} -m supervisor ", line)
        if self.added is not None and re.search(r"--add trend/(paper|live)", line):
            line += f" --add {self.added}"
        return line


@pytest.fixture
def reader() -> Iterator[Reader]:
    found = Reader(Path(tempfile.mkdtemp(prefix="tv-")))
    try:
        said = found.follow("A bot")
        assert "trend/test_trend.py" in said["supervisor new bot Trend"]
        assert "bot:trend:BTCUSDT" in said["supervisor check trend/trend.yaml"]
        found.write_files()
        yield found
    finally:
        found.close()
        shutil.rmtree(found.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def binance() -> Iterator[OuterVenue]:
    with make_outer_venue("--seed", "3", "--active", "BTCUSDT") as venue:
        yield venue


def test_backtests_of_the_tutorial_leave_what_it_says(reader: Reader) -> None:
    said = reader.follow("Backtest")

    first = next(text for line, text in said.items() if "runs/first" in line)
    assert "trend: " in first
    assert "complete" in first
    assert (reader.folder / "runs/first/report.html").exists()
    assert (reader.folder / "runs/sweep/sweep.html").exists()
    assert "1 passed" in said["python -m pytest -q trend"]


def test_the_sandbox_of_the_tutorial_trades(reader: Reader) -> None:
    def traded() -> None:
        until("it has bought", lambda: reader.venue("/venue/ledger")["fills"], PATIENCE)

    said = reader.follow("Sandbox", bar=traded)

    assert "bot:trend:BTCUSDT" in said["supervisor status"]
    assert "FILLED" in said["supervisor logs bot:trend:BTCUSDT"]
    assert reader.survivors() == []


def test_paper_of_the_tutorial_trades_here_and_records(reader: Reader, binance: OuterVenue) -> None:
    reader.use("venue", binance)

    def traded() -> None:
        until("it has bought", lambda: reader.venue("/venue/ledger")["fills"], PATIENCE)

    said = reader.follow("Paper", bar=traded)

    assert reader.stop().returncode == 0
    assert binance.ledger()["orders"] == []
    played = next(text for line, text in said.items() if "runs/recorded" in line)
    assert "complete" in played
    assert reader.survivors() == []


def test_live_of_the_tutorial_trades_there_and_goes_flat(
    reader: Reader, binance: OuterVenue
) -> None:
    reader.use("BINANCE.FUTURES", binance)
    exported = [line for line in commands("Live") if line.startswith(EXPORT)]
    assert exported == ["export BINANCE_KEY=… BINANCE_SECRET=…"]
    reader.environment |= {"BINANCE_KEY": binance.key, "BINANCE_SECRET": binance.secret}

    reader.follow(
        "Live", bar=lambda: until("it has bought", lambda: binance.ledger()["fills"], PATIENCE)
    )

    ledger = binance.ledger()
    assert open_orders(ledger) == []
    assert [account["positions"] for account in ledger["accounts"].values()] == [[]]
    assert reader.survivors() == []
