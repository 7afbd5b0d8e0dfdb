"""What a user must type before `supervisor` works in their shell."""

from pathlib import Path

import pytest

from supervisor.terminal.program import activation


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "activate").touch()
    (folder / "supervisor").touch(0o755)
    return folder


def test_nothing_where_the_shell_finds_the_command(commands: Path) -> None:
    assert activation(commands, str(commands)) == ""


def test_virtual_environment_is_named_as_seen_from_here(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert activation(commands, "/nowhere") == "source .venv/bin/activate"

    (tmp_path / "else").mkdir()
    monkeypatch.chdir(tmp_path / "else")
    assert activation(commands, "/nowhere") == f"source {commands}/activate"


def test_another_supervisor_in_the_path_is_not_taken_for_ours(
    commands: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "supervisor").touch(0o755)

    assert activation(commands, str(tmp_path)) == "source .venv/bin/activate"


def test_nothing_where_there_is_nothing_to_activate(commands: Path) -> None:
    (commands / "activate").unlink()

    assert activation(commands, "/nowhere") == ""
