"""Sweeps: what fails, what is interrupted, and what the plots show."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lib.backtest.cli import main
from lib.backtest.report.dots import dots
from lib.backtest.results import RESULTS, read_table
from tests.e2e.harness import until

ROOT = Path(__file__).parent.parent.parent.parent
CONFIG = str(ROOT / "yaml/backtest.yaml")
Capture = pytest.CaptureFixture[str]
PICKY = """
from bot.quoter_bot import QuoterBot


class Picky(QuoterBot):
    def onTime(self, timestamp):
        if self.config["width"] > 0.0002:
            raise ValueError("too wide")
"""


@pytest.fixture
def picky(tmp_path: Path) -> str:
    """A configuration whose bot fails with one of the values."""
    (tmp_path / "picky.py").write_text(PICKY)
    config = tmp_path / "c.yaml"
    config.write_text(
        "project: picky\nvenue: {feed: synthetic}\n"
        "bots: [{name: q, bot: picky.py, symbols: [BTCUSDT]}]\n"
    )
    return str(config)


def test_a_trial_that_fails_is_told_and_left_out(
    tmp_path: Path, capsys: Capture, picky: str
) -> None:
    out = tmp_path / "s"
    words = ("sweep", picky, "--to", "2s", "--param", "width=0.0001,0.0003", "--out", str(out))

    code = main(words)

    captured = capsys.readouterr()
    assert code == 1
    assert captured.err.count("\n") == 1
    assert "trial width=0.0003" in captured.err
    assert "ValueError: too wide" in captured.err
    assert "1 trials, 1 failed" in captured.out
    assert [row["width"] for row in read_table(out / "sweep.csv")] == ["0.0001"]


def test_a_sweep_of_failures_says_so(tmp_path: Path, capsys: Capture, picky: str) -> None:
    out = tmp_path / "s"

    code = main(("sweep", picky, "--to", "2s", "--param", "width=0.0003", "--out", str(out)))

    assert code == 1
    assert "all 1 trials failed" in capsys.readouterr().err
    assert not (out / "best.json").exists()


def test_a_wrong_figure_is_told_by_the_first_trial(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "s"
    values = ",".join(f"0.000{number}" for number in range(1, 9))
    words = ("sweep", CONFIG, "--to", "2s", "--processes", "1", "--by", "beauty")

    code = main((*words, "--param", f"width={values}", "--out", str(out)))

    assert code == 2
    assert "--by beauty: there is no such figure" in capsys.readouterr().err
    assert len(list(out.glob(f"*/{RESULTS}"))) < 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--param", "width=1..2"), "a range needs --trials"),
        (("--param", "width=1", "--processes", "0"), "'0' is not a number of at least 1"),
        (("--param", "width=1", "--trials", "-1"), "'-1' is not a number of at least 1"),
        (("--param", "width=1", "--trials", "1", "--walk-forward", "1"), "goes with a grid"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_faults_are_told_in_one_line(
    tmp_path: Path, capsys: Capture, words: tuple[str, ...], message: str
) -> None:
    try:
        code = main(("sweep", CONFIG, *words, "--out", str(tmp_path / "s")))
    except SystemExit as error:
        assert isinstance(error.code, int)
        code = error.code

    told = capsys.readouterr().err
    assert code == 2
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "s").exists()


@pytest.mark.process
def test_a_killed_sweep_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "s"
    command = [
        sys.executable, "-m", "lib.backtest", "sweep", CONFIG, "--to", "2s", "--processes", "1",
        "--param", "width=0.0001,0.0002,0.0003,0.0004", "--out", str(out),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            until("a trial is done", lambda: list(out.glob(f"*/{RESULTS}")))
        finally:
            process.kill()
    done = {path: path.stat().st_mtime_ns for path in out.glob(f"*/{RESULTS}")}
    assert 1 <= len(done) < 4

    again = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=50, check=True
    )

    assert "4 trials" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in done} == done
    widths = {row["width"] for row in read_table(out / "sweep.csv")}
    assert widths == {"0.0001", "0.0002", "0.0003", "0.0004"}
    assert json.loads((out / "best.json").read_text())["params"]["width"] in widths


def test_few_values_get_a_place_each_in_the_order_of_numbers() -> None:
    drawing = dots("profit by width", [("10", 1.0), ("9", 2.0), ("10", 3.0), ("odd", 0.5)])

    labels = re.findall(r'mid" x="([\d.]+)"[^>]*>([^<]+)<', drawing)
    places = {label: place for place, label in labels}
    assert [label for _, label in sorted(labels, key=lambda row: float(row[0]))] == [
        "odd", "9", "10",
    ]  # fmt: skip
    assert re.findall(r'cx="([\d.]+)"', drawing) == [
        places["10"], places["9"], places["10"], places["odd"],
    ]  # fmt: skip


def test_many_numbers_are_an_axis() -> None:
    drawing = dots("x", [(str(number * number), float(number)) for number in range(20)])

    places = [float(place) for place in re.findall(r'cx="([\d.]+)"', drawing)]
    assert places == sorted(places)
    assert places[-1] - places[-2] > 10 * (places[1] - places[0])
    assert "<title>361: 19</title>" in drawing
