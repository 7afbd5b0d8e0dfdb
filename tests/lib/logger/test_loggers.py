"""The loggers: contract, console formats, third-party libraries, forks, the database."""

import json
import logging
import os
import pty
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import loguru
import pytest

from lib.async_ejector import flush
from lib.database import InfluxDb, SqliteDb
from lib.errors import ConfigError
from lib.factory import AbstractFactory, CustomFactory, SandboxFactory
from lib.logger import AbstractLogger, ConsoleLogger, DbLogger, console
from lib.redaction import remember
from lib.timer import LiveTimer, VirtualTimer
from tests.contracts.logger import Events, LoggerContract

START_NS = 1_700_000_000_123_456_789
CONFIG = {"project": "test", "name": "quoter", "symbol": "BTCUSDT"}


def make(
    config: dict[str, Any] | None = None, factory: AbstractFactory | None = None, **log: str
) -> ConsoleLogger:
    factory = factory or SandboxFactory({})
    merged = {**CONFIG, **(config or {}), "log": {"level": "trace", **log}}
    made = factory.Logger(merged, factory, VirtualTimer(START_NS))
    assert isinstance(made, ConsoleLogger)
    return made


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


class TestConsoleLogger(LoggerContract):
    @pytest.fixture
    def logger(self) -> AbstractLogger:
        return make(format="json")

    @pytest.fixture
    def events(self, capsys: pytest.CaptureFixture[str]) -> Events:
        return lambda: [
            (event["level"], event["message"], event.get("fields", {})) for event in told(capsys)
        ]


class TestDbLogger(LoggerContract):
    @pytest.fixture
    def database(self, tmp_path: Path) -> Iterator[SqliteDb]:
        config = {**CONFIG, "sqlite": {"path": str(tmp_path / "h.db")}}
        made = SqliteDb(config, SandboxFactory({}), LiveTimer())
        yield made
        flush()
        made.close()

    @pytest.fixture
    def logger(self, database: SqliteDb) -> AbstractLogger:
        factory = CustomFactory({}, logger=DbLogger, database=SqliteDb)
        return make({"sqlite": {"path": str(database.path)}}, factory)

    @pytest.fixture
    def events(self, database: SqliteDb) -> Events:
        def read() -> list[tuple[str, str, dict[str, Any]]]:
            flush()
            rows = database._open().execute(
                "SELECT tags, fields FROM records WHERE series = 'test_log' ORDER BY time_ns"
            )
            found = []
            for tags, fields in rows:
                event = json.loads(fields)
                data = json.loads(event.get("data", "{}"))
                data.pop("traceback", None)
                found.append((json.loads(tags)["level"], event["message"], data))
            return found

        return read


def test_text_lines_are_readable(capsys: pytest.CaptureFixture[str]) -> None:
    make().info("order posted", id="abc", price="1.5", reason="no balance", filled=None)

    assert capsys.readouterr().err == (
        "2023-11-14T22:13:20.123Z INFO     quoter:BTCUSDT order posted "
        'id=abc price=1.5 reason="no balance" filled=none\n'
    )


def test_the_worker_s_name_labels_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    make({"worker": "stream-2"}, format="json").info("ready")

    assert told(capsys)[0]["name"] == "stream-2"


def test_a_line_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    make(format="json").info("first\nsecond", text="a\nb")

    assert capsys.readouterr().err.count("\n") == 1


def test_lower_levels_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logger = make(format="json", level="warning")
    logger.info("left out")
    logger.warning("told")

    assert [event["message"] for event in told(capsys)] == ["told"]


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_exception_is_told_with_its_traceback_and_without_secrets(
    capsys: pytest.CaptureFixture[str], style: str
) -> None:
    remember("secret-in-a-local")
    logger = make(format=style)
    password = "secret-in-a-local"
    try:
        raise RuntimeError(f"cannot use {password}")
    except RuntimeError as error:
        logger.error("handler failed", error=error)

    text = capsys.readouterr().err
    assert "test_loggers.py" in text
    assert "RuntimeError: cannot use ***" in text
    assert "secret-in-a-local" not in text


def test_third_party_libraries_come_out_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remember("third-party-secret")
    make(format="json")
    try:
        raise ValueError("third-party-secret")
    except ValueError:
        logging.getLogger("urllib3.pool").exception("GET /x?signature=%s", "abc")
        loguru.logger.exception("token: {}", "third-party-secret")
    bad = logging.LogRecord("bad", logging.WARNING, "x.py", 1, "two %s %s", ("one",), None)
    console._StandardHandler().emit(bad)
    logging.getLogger("quiet").info("not asked for")

    first, second, third = told(capsys)
    assert (first["name"], first["level"]) == ("urllib3.pool", "error")
    assert first["message"] == "GET /x?signature=***"
    assert second["message"] == "token: ***"
    assert third["message"] == "two %s %s ('one',)"
    for event in (first, second):
        assert event["fields"] == {"error": "ValueError: ***"}
        assert "Traceback" in event["traceback"]
        assert "third-party-secret" not in json.dumps(event)


def test_secrets_of_the_config_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    logger = make({"influx": {"token": "token-in-the-config"}}, format="json")
    logger.info("sent token-in-the-config")

    assert told(capsys)[0]["message"] == "sent ***"


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ({"format": "xml"}, "log format 'xml' is unknown; right would be text or json"),
        ({"level": "loud"}, "log level 'loud' is unknown; right would be one of trace, debug"),
    ],
)
def test_an_unknown_setting_is_refused(log: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(**log)


SCRIPT = """
from lib.factory import SandboxFactory
from lib.timer import LiveTimer
factory = SandboxFactory({})
factory.Logger({"name": "bot"}, factory, LiveTimer()).warning("coloured?", x=1)
"""


def test_a_terminal_gets_colours_unless_refused() -> None:
    shown = {}
    for refused in ("", "1"):
        env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        if refused:
            env["NO_COLOR"] = refused
        master, slave = pty.openpty()
        subprocess.run([sys.executable, "-c", SCRIPT], stderr=slave, env=env, check=True)
        os.close(slave)
        shown[refused] = os.read(master, 10_000).decode()
        os.close(master)

    assert "\x1b[" in shown[""]
    assert "\x1b[" not in shown["1"]
    assert "coloured?" in shown["1"]


def test_a_forked_child_logs_like_its_parent(capfd: pytest.CaptureFixture[str]) -> None:
    logger = make(format="json")
    pid = os.fork()
    if pid == 0:
        logger.info("from the child")
        os._exit(0)
    os.waitpid(pid, 0)
    logger.info("from the parent")

    lines = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert lines == ["from the child", "from the parent"]


def test_a_closed_stderr_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = make()
    with Path(os.devnull).open("w") as stream:
        pass
    monkeypatch.setattr(sys, "stderr", stream)

    logger.info("into the void")


def test_a_database_that_is_down_delays_no_log(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    factory = CustomFactory({}, logger=DbLogger, database=InfluxDb)
    section = {"url": "http://127.0.0.1:9", "database": "bots"}
    with warnings.catch_warnings():
        # influxdb-client's own imports warn in some versions.
        warnings.simplefilter("ignore")
        logger = make({"influx": section}, factory, format="json")
        logger.error("first")
        try:
            raise ValueError("bad")
        except ValueError as error:
            logger.error("second", error=error)
        flush(2.0)

    own = [event["message"] for event in told(capsys) if event["name"] == "quoter:BTCUSDT"]
    assert own == ["first", "second"]
    (segment,) = tmp_path.rglob("*.segment")
    assert segment.read_bytes().count(b"test_log,bot=quoter,level=error") == 2
