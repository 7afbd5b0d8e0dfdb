"""The commands: exit codes, files, one-line errors."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lib.backtest.cli import main
from lib.backtest.results import read_table
from tests.lib.backtest.markets import steady, write_market

ROOT = Path(__file__).parent.parent.parent.parent
CONFIG = str(ROOT / "yaml/backtest.yaml")
Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *words: str) -> tuple[int, str, str]:
    """Return exit code, stdout, stderr of a command."""
    try:
        code = main(words)
    except SystemExit as error:
        assert isinstance(error.code, int)
        code = error.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, capsys: Capture) -> None:
    for name in ("a", "b"):
        code, out, _ = run(capsys, "backtest", CONFIG, "--to", "20s", "--out", str(tmp_path / name))
        assert code == 0
        assert "complete" in out

    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {"results.json", "fills.csv", "orders.csv", "equity.csv", "bots.log"} <= set(files)
    for name in files:
        same = (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert same == (name != "timing.json")


@pytest.mark.process
def test_the_same_bytes_come_whatever_the_hash_seed(tmp_path: Path) -> None:
    for seed in ("0", "1"):
        subprocess.run(
            [sys.executable, "-m", "lib.backtest", "backtest", CONFIG, "--to", "10s",
             "--out", str(tmp_path / seed)],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, timeout=50,
            capture_output=True,
        )  # fmt: skip

    files = sorted(path.name for path in (tmp_path / "0").iterdir())
    assert len(files) >= 7
    for name in set(files) - {"timing.json"}:
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "1" / name).read_bytes()


def test_another_seed_gives_another_market(tmp_path: Path, capsys: Capture) -> None:
    for seed in ("1", "2"):
        words = ("--to", "20s", "--param", f"venue.seed={seed}", "--out", str(tmp_path / seed))
        run(capsys, "backtest", CONFIG, *words)

    orders = [(tmp_path / seed / "orders.csv").read_text() for seed in ("1", "2")]
    assert orders[0] != orders[1]


def test_results_are_numbered_where_no_folder_is_named(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert run(capsys, "backtest", CONFIG, "--to", "2s")[0] == 0

    assert sorted(path.name for path in Path("runs").iterdir()) == ["backtest-1", "backtest-2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("backtest", "nope.yaml"), "nope.yaml: there is no such file"),
        (("backtest", CONFIG, "--param", "width"), "must be like width=0.0002"),
        (("backtest", CONFIG, "--param", "x.width=1"), "there is no 'x'"),
        (("backtest", CONFIG, "--param", "width=abc"), "bot quoter:BTCUSDT: width 'abc'"),
        (("backtest", CONFIG, "--param", "bot=Nobody"), "unknown bot 'Nobody'"),
        (("backtest", CONFIG, "--to", "never"), "'never' is no time"),
        (("backtest",), "the following arguments are required: CONFIG"),
        (("report", "nowhere"), "nowhere holds no results.json"),
        (("sweep", CONFIG), "needs at least one --param"),
        (("sweep", CONFIG, "--param", "width="), "must be like width=0.0001"),
        (("sweep", CONFIG, "--param", "width=1,2", "--param", "width=3"), "is given twice"),
        (("replay", "nowhere.tap"), "cannot be read"),
        (("data", "info", "nowhere.tvr"), "no file nowhere.tvr"),
        (("data", "convert", "only.tvr"), "needs inputs and an output"),
        (("data", "ls", "nowhere"), "there is no folder nowhere"),
        (("record", CONFIG), "needs rest_url and ws_url"),
        (("new", "bot", "7up"), "'7up' cannot name a bot"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, tuple) else "",
)
def test_faults_are_told_in_one_line(
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    code, _, err = run(capsys, *words)

    assert code == 2
    assert message in err
    assert err.count("\n") == 1
    assert err.startswith(f"supervisor {words[0]}: ")


def test_the_report_needs_no_network(tmp_path: Path, capsys: Capture) -> None:
    out = str(tmp_path / "run")
    run(capsys, "backtest", CONFIG, "--to", "40s", "--out", out)

    code, text, _ = run(capsys, "report", out)

    page = (tmp_path / "run/report.html").read_text("utf-8")
    assert code == 0
    assert "BTCUSDT" in text
    assert not re.search(r"(?:src|href|url)\s*[=(]", page)
    assert "http" not in page
    for part in ("Equity", "Drawdown", "Mark-out", "own bid", "position", "Configuration"):
        assert part in page
    # Each chart over time is drawn twice: for screens and for phones.
    assert page.count("<svg") == 2 + 2 * (2 + 2 * 3)
    assert page.count('class="mark') == 2 * len(read_table(tmp_path / "run/fills.csv"))


def test_the_report_escapes_what_users_write(tmp_path: Path, capsys: Capture) -> None:
    out = str(tmp_path / "run")
    run(capsys, "backtest", CONFIG, "--to", "2s", "--param", "title=<script>x</script>",
        "--out", out)  # fmt: skip

    run(capsys, "report", out)

    assert "<script>" not in (tmp_path / "run/report.html").read_text("utf-8")


def test_the_report_of_a_run_without_fills(tmp_path: Path, capsys: Capture) -> None:
    out = str(tmp_path / "run")
    run(capsys, "backtest", CONFIG, "--to", "2s", "--param", "width=0.5", "--out", out)

    assert run(capsys, "report", out)[0] == 0
    assert json.loads(run(capsys, "report", out, "--json")[1])["total"]["fills"] == 0


def test_a_grid_is_swept_and_not_run_again(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "s"
    words = ("sweep", CONFIG, "--to", "5s", "--param", "width=0.0001,0.0003",
             "--param", "hysteresis=0.5", "--out", str(out), "--by", "volume")  # fmt: skip
    code, text, _ = run(capsys, *words)
    assert code == 0
    assert "2 trials" in text
    timing = out / "width=0.0001,hysteresis=0.5/timing.json"
    before = timing.read_text()

    run(capsys, *words)

    assert timing.read_text() == before
    rows = read_table(out / "sweep.csv")
    volumes = [float(row["volume"]) for row in rows]
    assert volumes == sorted(volumes, reverse=True)
    best = json.loads((out / "best.json").read_text())
    assert best["params"]["width"] == rows[0]["width"]
    assert "<svg" in (out / "sweep.html").read_text()


def test_a_sweep_refuses_the_folder_of_another(tmp_path: Path, capsys: Capture) -> None:
    words = ("--param", "width=0.0001", "--out", str(tmp_path / "s"))
    run(capsys, "sweep", CONFIG, "--to", "2s", *words)

    code, _, err = run(capsys, "sweep", CONFIG, "--to", "3s", *words)

    assert code == 2
    assert "is of another sweep" in err


def test_walk_forward_tests_after_what_it_trained_on(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "s"
    code, _, err = run(
        capsys, "sweep", CONFIG, "--to", "12s", "--param", "width=0.0001,0.0005",
        "--walk-forward", "2", "--train", "1", "--out", str(out),
    )  # fmt: skip

    assert code == 0, err
    rows = read_table(out / "sweep.csv")
    spans = [(row["from"][11:19], row["to"][11:19]) for row in rows]
    assert spans == [("00:00:04", "00:00:08"), ("00:00:08", "00:00:12")]
    markets = [read_table(out / f"fold-{fold}/test/path-BTCUSDT.csv") for fold in (1, 2)]
    first, second = ([row["mid"] for row in market] for market in markets)
    assert first != second, "the market of training must not come again"
    train = json.loads((out / "fold-2/train/width=0.0001/params.json").read_text())
    assert (train["from"][11:19], train["to"][11:19]) == ("00:00:04", "00:00:08")


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="Optuna is not installed")
def test_a_study_goes_on_where_it_stopped(tmp_path: Path, capsys: Capture) -> None:
    words = ("sweep", CONFIG, "--to", "2s", "--param", "width=0.0001..0.001:log",
             "--processes", "1", "--out", str(tmp_path / "s"))  # fmt: skip
    assert run(capsys, *words, "--trials", "1")[0] == 0

    code, text, _ = run(capsys, *words, "--trials", "2")

    assert code == 0
    assert "2 trials" in text


def test_a_study_without_optuna_says_what_to_install(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    code, _, err = run(
        capsys, "sweep", CONFIG, "--param", "width=1..2", "--trials", "1", "--out", str(tmp_path)
    )

    assert code == 2
    assert "tickvisor[sweep]" in err


def test_a_tap_replays_and_compares(tmp_path: Path, capsys: Capture) -> None:
    taps, out = str(tmp_path / "taps"), str(tmp_path / "out")
    run(capsys, "backtest", CONFIG, "--to", "60s", "--tap", taps, "--out", out)

    code, text, _ = run(capsys, "replay", taps)
    assert code == 0
    assert text.count(": the same") == 2

    found = json.loads(run(capsys, "replay", taps, "--against", out, "--json")[1])
    assert found["share"] == 1.0
    assert found["matched_orders"] == found["orders"][0] == found["orders"][1]
    assert sorted(path.name for path in Path(out).glob(".*")) == []

    code, text, _ = run(capsys, "replay", taps, "--out", str(tmp_path / "live"))
    assert code == 0
    assert "live run" in (tmp_path / "live/report.html").read_text()


def test_data_shows_checks_and_imports(tmp_path: Path, capsys: Capture) -> None:
    path = write_market(tmp_path / "m.tvr", steady(3))

    assert "m.tvr" in run(capsys, "data", "ls", str(tmp_path))[1]
    assert "30 book" in run(capsys, "data", "info", str(path))[1]
    assert json.loads(run(capsys, "data", "info", "--json", str(path))[1])[0]["events"] == 30
    assert run(capsys, "data", "check", str(path))[0] == 0
    assert run(capsys, "data", "check", "--gap", "50ms", str(path))[0] == 1
    assert run(capsys, "data", "import", str(path), "--into", str(tmp_path / "in"))[0] == 0
    assert (tmp_path / "in/m.tvr").exists()


@pytest.mark.process
def test_a_new_bot_runs_and_its_test_passes(tmp_path: Path, capsys: Capture) -> None:
    folder = tmp_path / "trend"
    assert run(capsys, "new", "bot", "MyTrend", "--into", str(folder))[0] == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "my_trend.py", "my_trend.yaml", "test_my_trend.py",
    ]  # fmt: skip

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert run(capsys, "new", "bot", "MyTrend", "--into", str(folder))[0] == 2
