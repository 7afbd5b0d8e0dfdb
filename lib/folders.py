"""Where a run keeps its files: sockets in the runtime folder, the rest in the state folder."""

import os
import stat
from pathlib import Path

from lib import runs
from lib.errors import TickvisorError
from lib.runs import APP, LOCK, check_name, holder, projects

__all__ = [
    "LOCK",
    "LOGS",
    "check_name",
    "holder",
    "log_path",
    "make_private",
    "make_run_dir",
    "make_state_dir",
    "projects",
    "run_dir",
    "state_dir",
    "state_root",
]

LOGS = "logs"
SUPERVISOR = "supervisor"
"""Name under which the supervisor's own log is found."""
PRIVATE = 0o700
OTHERS = 0o077


def run_dir(project: str) -> Path:
    """Return a run's folder of sockets (not made here).

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return Path(runs.folder(project))


def state_root() -> Path:
    """Return the folder of all projects' state folders: in $XDG_STATE_HOME, else ~/.local/state."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / APP


def state_dir(project: str) -> Path:
    """Return the folder of what outlives a run: logs, journal (not made here).

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return state_root() / check_name(project)


def log_path(project: str, worker: str = SUPERVISOR) -> Path:
    """Return the log file of one worker, or of the supervisor.

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return state_dir(project) / LOGS / f"{worker.replace(':', '_')}.log"


def make_run_dir(project: str) -> Path:
    """Make a run's folder, readable by its user alone.

    Raises:
        ConfigError: The project's name cannot name a folder.
        TickvisorError: The folder cannot be made, read or written, or belongs to somebody else.
    """
    folder = run_dir(project)
    make_private(folder.parent, "runtime folder")
    return make_private(folder, "runtime folder")


def make_state_dir(project: str) -> Path:
    """Make a run's state folder and its folder of logs.

    Raises:
        ConfigError: The project's name cannot name a folder.
        TickvisorError: A folder cannot be made, read or written, or belongs to somebody else.
    """
    folder = make_private(state_dir(project), "state folder")
    make_private(folder / LOGS, "log folder")
    return folder


def make_private(folder: Path, what: str) -> Path:
    """Make a folder (and its parents) with mode 0700; tighten the mode of one that is there.

    Args:
        folder: Its path.
        what: What it is called in an error.

    Raises:
        TickvisorError: It cannot be made, read or written, is a link, or belongs to somebody else.
    """
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise TickvisorError(f"{what} {folder} is a link; a real folder is needed")
        if status.st_uid != os.getuid():
            # in /tmp anybody can make the folder first, and would own our sockets
            raise TickvisorError(
                f"{what} {folder} belongs to user {status.st_uid}, not to you ({os.getuid()}); "
                "remove it, or set XDG_RUNTIME_DIR to a folder of your own"
            )
        if stat.S_IMODE(status.st_mode) & OTHERS:
            folder.chmod(PRIVATE)
    except OSError as error:
        raise TickvisorError(f"{what} {folder} cannot be used: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise TickvisorError(f"{what} {folder} cannot be used: not readable and writable by you")
    return folder
