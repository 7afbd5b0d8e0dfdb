"""A bot worker's tap: where its file is, and that the class is found again from there."""

from pathlib import Path

import pytest

from bot.sandbox_bot import SandboxBot
from lib.errors import ConfigError
from lib.recording.tap_file import read_tap
from tests.bot.market import make_factory, make_timer
from workers.bot_tap import make_tapped_bot, tap_folder

CONFIG = {"symbol": "BTCUSDT", "name": "watcher", "project": "test"}


def make(folder: Path, target: str = "SandboxBot") -> None:
    part = {"class": target, "config": CONFIG, "tap": str(folder)}
    bot = make_tapped_bot(SandboxBot, part, make_factory(), make_timer(), "watcher:BTCUSDT")
    bot.onTime(1)
    bot.Clean()


def test_each_life_has_a_file_of_its_own(tmp_path: Path) -> None:
    make(tmp_path, "bot/sandbox_bot.py:SandboxBot")

    (path,) = tmp_path.iterdir()
    assert path.name == "watcher-BTCUSDT-20270115080000000.tap"
    rows = list(read_tap(path))
    assert rows[0][1]["class"] == f"{Path.cwd()}/bot/sandbox_bot.py:SandboxBot"
    assert [row[1] for row in rows if row[0] == "call"] == ["onTime", "Clean"]


def test_the_usual_folder_is_in_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert tap_folder(wanted=True, project="test") == tmp_path / "tickvisor" / "test" / "taps"
    assert tap_folder("~/taps", "test") == Path.home() / "taps"


def test_a_folder_that_cannot_be_written_to_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match="cannot be written to: Not a directory"):
        make(tmp_path / "file" / "taps")
