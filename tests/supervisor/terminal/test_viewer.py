"""The child process that draws."""

import os
from pathlib import Path

import pytest

from supervisor.terminal.viewer import Viewer


def test_viewer_ends_with_its_parent_s_pipe(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run_dir))

    with Viewer("nothing") as viewer:
        os.kill(viewer.pid, 0)

    with pytest.raises(ProcessLookupError):
        os.kill(viewer.pid, 0)
