"""The `supervisor` command: exit codes, one-line errors, help."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lib.backtest.cli import main as research
from lib.folders import make_state_dir
from supervisor.cli import RESEARCH, build_parser, main

ROOT = Path(__file__).parent.parent.parent
GOOD = "project: t\nvenue: {}\nbots: [{bot: QuoterBot, symbols: [BTCUSDT]}]\n"
COMMANDS = (
    "start",
    "stop",
    "restart",
    "send",
    "status",
    "logs",
    "check",
    "version",
    "venue",
    "chaos",
    "completion",
)
HEAVY = ("zmq", "msgpack", "msgspec", "yaml", "rich", "asyncio", "psutil", "subprocess")
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run_dir))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("BINANCE_KEY", "BINANCE_SECRET", "INFLUX_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def _run(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as error:
            assert isinstance(error.code, int)
            code = error.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _run


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["status"], 3, "nothing is running; start it with `supervisor start CONFIG`"),
        (["status", "--json", "--project", "x"], 3, "project 'x' is not running"),
        (["stop"], 3, "nothing is running"),
        (["restart", "stream"], 3, "nothing is running"),
        (["logs"], 3, "nothing has run yet"),
        (["logs", "--project", "x"], 3, "project 'x' has no logs"),
        (["status", "--project", "a/b"], 2, "may hold only letters"),
        (["check", "nope.yaml"], 2, "nope.yaml: there is no such file"),
        (["start", "nope.yaml"], 2, "nope.yaml: there is no such file"),
        (["check"], 2, "`check` needs a CONFIG, or --schema"),
        (["start"], 2, "the following arguments are required: CONFIG"),
        (["start", "x.yaml", "--for", "10"], 2, "10 has no unit; write 10s"),
        (["logs", "-n", "-5"], 2, "'-5' is not a number of lines"),
        (["stop", "--timeout", "soon"], 2, "'soon' is not a duration"),
        ([], 2, "the following arguments are required: COMMAND"),
        (["begin"], 2, "invalid choice: 'begin'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_error_is_one_line_and_an_exit_code(
    run: Run, words: list[str], code: int, message: str
) -> None:
    found = run(*words)

    assert found[0] == code
    assert found[1] == ""
    assert message in found[2]
    assert found[2].count("\n") == 1


def test_check_prints_the_plan_and_touches_nothing(run: Run, tmp_path: Path, run_dir: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)

    code, out, err = run("check", str(tmp_path / "c.yaml"))

    assert (code, err) == (0, "")
    for expected in ("good", "venue", "exchange", "stream", "bot:quoter_bot:BTCUSDT"):
        assert expected in out
    assert list(run_dir.iterdir()) == []
    assert not (tmp_path / "state").exists()


def test_check_lists_what_is_needed_at_start(run: Run) -> None:
    code, out, _ = run("check", str(ROOT / "yaml/prod.yaml"))

    assert code == 0
    for name in ("BINANCE_KEY", "BINANCE_SECRET", "INFLUX_TOKEN"):
        assert name in out.partition("needed in the environment at start:")[2]


def test_start_without_keys_says_what_is_missing_and_where(run: Run, run_dir: Path) -> None:
    code, out, err = run("start", str(ROOT / "yaml/prod.yaml"))

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    for part in ("prod.yaml:", "BINANCE_KEY", "BINANCE_SECRET", "INFLUX_TOKEN", "export"):
        assert part in err
    assert list(run_dir.iterdir()) == []


def test_check_prints_schema_and_defaults(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)

    code, out, _ = run("check", "--schema")
    assert code == 0
    assert "bots" in json.loads(out)["required"]

    code, out, _ = run("check", str(tmp_path / "c.yaml"), "--defaults")
    assert code == 0
    assert "watchdog.book" in out


def test_bad_yaml_has_its_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("project: t\nvenue: [\n")

    code, _, err = run("start", str(tmp_path / "c.yaml"))

    assert code == 2
    assert f"{tmp_path}/c.yaml:" in err
    assert err.count("\n") == 1


def test_added_file_lies_over_the_first(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    (tmp_path / "add.yaml").write_text("stream: {replicas: 2}\n")

    _, out, _ = run("check", str(tmp_path / "c.yaml"), "--add", str(tmp_path / "add.yaml"))

    assert "stream-2" in out


def test_file_in_place_of_the_runtime_folder_is_an_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))

    code, _, err = run("start", str(tmp_path / "c.yaml"))

    assert code == 1
    assert "runtime folder" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_the_exit_codes(run: Run, command: str) -> None:
    if command in ("venue", "chaos"):
        text = build_parser().format_help()
    else:
        code, text, _ = run(command, "--help")
        assert code == 0

    assert "examples:" in text
    assert "3 not running" in text


@pytest.mark.parametrize("command", RESEARCH)
def test_help_of_research_has_an_example_and_the_exit_codes(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        research([command, "--help"])

    text = capsys.readouterr().out
    assert f"examples:\n  supervisor {command}" in text
    assert "2 usage or bad configuration" in text


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["backtest", "nope.yaml"], "nope.yaml: there is no such file"),
        (["sweep", "nope.yaml"], "nope.yaml: there is no such file"),
        (["replay", "nope.tap"], "nope.tap"),
        (["report", "nope"], "nope"),
        (["record", "nope.yaml"], "nope.yaml: there is no such file"),
        (["data", "info", "nope.tvr"], "no file nope.tvr"),
        (["new", "bot", "7up"], "'7up' cannot name a bot"),
        (["data"], "the following arguments are required: ACTION"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_research_is_another_program_with_the_same_manners(words: list[str], message: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "supervisor", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
    )

    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"supervisor {words[0]}: ")


def test_help_lists_every_command(run: Run) -> None:
    code, text, _ = run("--help")

    assert code == 0
    for command in (*COMMANDS, *RESEARCH):
        assert command in text


def test_version_is_one_line(run: Run) -> None:
    code, out, _ = run("version")

    assert code == 0
    assert out.startswith("tickvisor ")
    assert out.count("\n") == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands(run: Run, shell: str) -> None:
    code, out, _ = run("completion", shell)

    assert code == 0
    assert "restart" in out
    # tcsh completes commands only
    assert shell == "tcsh" or "--detach" in out


def test_logs_of_a_run_that_has_ended(run: Run) -> None:
    logs = make_state_dir("t") / "logs"
    (logs / "stream.log").write_text("2026-11-22T14:41:12.123Z INFO stream one\n")
    (logs / "bot_q_BTCUSDT.log").write_text("2026-11-22T14:41:11.123Z INFO bot two\n")

    code, out, _ = run("logs")
    assert code == 0
    assert [line.split()[-1] for line in out.splitlines()] == ["two", "one"]
    assert out.startswith("bot:q:BTCUSDT")

    assert run("logs", "bot:q:BTCUSDT")[1].endswith("bot two\n")
    assert run("logs", "--since", "1s")[1] == ""
    code, _, err = run("logs", "nobody")
    assert code == 2
    assert "there are: bot:q:BTCUSDT, stream" in err


def test_status_imports_nothing_heavy() -> None:
    script = (
        "import sys; from supervisor.cli import main; main(['status', '--json']); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    before = "import sys; print([name for name in %r if name in sys.modules])" % (HEAVY,)  # noqa: UP031

    found = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        for code in (script, before)
    ]

    assert found[0] == found[1]
