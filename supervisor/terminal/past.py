"""Which project is meant when one asks what has been: the one that runs, or ran last."""

from pathlib import Path

from lib.errors import ConfigError, NotRunning
from lib.folders import LOGS, state_dir, state_root
from supervisor.asked.client import running


def past_project(name: str) -> str:
    """Return the project that is meant.

    Args:
        name: As the user named it; empty = the one that runs, or ran last.

    Raises:
        NotRunning: There is none.
        ConfigError: Several run.
    """
    if name:
        if not (state_dir(name) / LOGS).is_dir():
            raise NotRunning(f"project {name!r} has no logs")
        return name
    # what has ended is asked for, too: why did it end?
    found = running() or _newest_project()
    if not found:
        raise NotRunning("nothing has run yet; start it with `supervisor start CONFIG`")
    if len(found) > 1:
        raise ConfigError(f"several projects run: {', '.join(found)}; name one with --project")
    return found[0]


def _newest_project() -> list[str]:
    def changed(folder: Path) -> float:
        return max(path.stat().st_mtime for path in folder.glob("*"))

    root = state_root()
    folders = [folder for folder in root.glob(f"*/{LOGS}") if any(folder.iterdir())]
    return [max(folders, key=changed).parent.name] if folders else []
