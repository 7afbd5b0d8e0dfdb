"""Where a run keeps its files: sockets in the runtime folder, the rest in the state folder.

Imported by every `supervisor` command, so it imports next to nothing.
"""

import fcntl
import os
import stat
from pathlib import Path

from lib.errors import ConfigError, TickvisorError

APP = "tickvisor"
LOCK = "lock"
"""Name of the file in a run's folder that its supervisor keeps locked (flock); holds its pid."""
LOGS = "logs"
SUPERVISOR = "supervisor"
"""Name under which the supervisor's own log is found."""
PRIVATE = 0o700
OTHERS = 0o077
MAX_NAME = 64


def check_name(project: str) -> str:
    """Return a project's name if it can name a folder.

    Raises:
        ConfigError: It is empty, too long, or has other characters than `[A-Za-z0-9_-]`.
    """
    bare = project.replace("_", "").replace("-", "")
    if not (project.isascii() and (bare.isalnum() or (project and not bare))):
        raise ConfigError(f"project {project!r} may hold only letters, digits, _ and -")
    if len(project) > MAX_NAME:
        raise ConfigError(f"project {project!r} is longer than {MAX_NAME} characters")
    return project


def run_root() -> Path:
    """Return the folder of all runs' folders: in $XDG_RUNTIME_DIR, else /tmp/tickvisor-UID."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return Path(runtime) / APP
    return Path(f"/tmp/{APP}-{os.getuid()}")  # noqa: S108 - ownership is checked before use


def run_dir(project: str) -> Path:
    """Return a run's folder of sockets (not made here).

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return run_root() / check_name(project)


def state_dir(project: str) -> Path:
    """Return the folder of what outlives a run: logs, journal (not made here).

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    state = os.environ.get("XDG_STATE_HOME")
    root = Path(state) if state else Path.home() / ".local" / "state"
    return root / APP / check_name(project)


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


def projects() -> list[str]:
    """Return the projects that have a run's folder, alive or not, sorted.

    Raises:
        TickvisorError: The folder of runs cannot be read.
    """
    try:
        return sorted(entry.name for entry in os.scandir(run_root()) if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TickvisorError(
            f"runtime folder {run_root()} cannot be read: {error.strerror}"
        ) from error


def holder(project: str) -> int:
    """Return the pid of the supervisor that holds a run's lock, 0 when none does.

    Holds the lock itself (shared) for some microseconds when it was free: whoever takes it for
    good should try again for some milliseconds before it gives up.

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    try:
        with (run_dir(project) / LOCK).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else -1
    except OSError:
        return 0
    return 0
