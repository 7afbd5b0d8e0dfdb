"""Folders of a run, and who holds its lock."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from lib import runs
from lib.errors import ConfigError, TickvisorError
from lib.folders import (
    holder,
    log_path,
    make_private,
    make_run_dir,
    make_state_dir,
    projects,
    run_dir,
    state_dir,
)


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def test_folders_follow_the_environment(homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_dir("p") == homes / "run/tickvisor/p"
    assert log_path("p", "bot:x:BTCUSDT") == homes / "state/tickvisor/p/logs/bot_x_BTCUSDT.log"

    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/x")

    assert run_dir("p") == Path(f"/tmp/tickvisor-{os.getuid()}/p")
    assert state_dir("p") == Path("/home/x/.local/state/tickvisor/p")


@pytest.mark.parametrize("name", ["", "..", "a/b", "é", "a b", "--", "x" * 65])
def test_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        run_dir(name)


def test_folders_are_private(homes: Path) -> None:
    (homes / "run/tickvisor").mkdir(parents=True, mode=0o755)

    for folder in (make_run_dir("p"), make_state_dir("p"), homes / "run/tickvisor"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert projects() == ["p"]


def test_file_in_the_way_is_one_clear_error(homes: Path) -> None:
    (homes / "run").write_text("")

    with pytest.raises(TickvisorError, match=r"runtime folder .* cannot be used: Not a dir"):
        make_run_dir("p")
    with pytest.raises(TickvisorError, match="cannot be read"):
        projects()


def test_link_in_the_way_is_refused(homes: Path) -> None:
    (homes / "elsewhere").mkdir()
    (homes / "link").symlink_to(homes / "elsewhere")

    with pytest.raises(TickvisorError, match="is a link"):
        make_private(homes / "link", "runtime folder")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_folder_of_somebody_else_is_refused(homes: Path) -> None:
    (homes / "theirs").mkdir()
    os.chown(homes / "theirs", 12345, 12345)

    with pytest.raises(TickvisorError, match="belongs to user 12345"):
        make_private(homes / "theirs", "runtime folder")


def test_no_folder_of_runs_means_no_run() -> None:
    assert projects() == []
    assert holder("p") == 0


def test_holder_is_whoever_has_the_lock() -> None:
    path = make_run_dir("p") / runs.LOCK
    path.write_text("4711\n")
    assert holder("p") == 0

    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert holder("p") == 4711
    assert holder("p") == 0
