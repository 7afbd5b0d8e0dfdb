"""Which runs there are: their folders and their locks, as plain text paths.

Every `supervisor` command imports this first, `status` little more; so it imports next to nothing
(`pathlib` alone takes longer than what is done here). `lib.folders` has the rest.
"""

import fcntl
import os

from lib.errors import ConfigError, TickvisorError

APP = "tickvisor"
LOCK = "lock"
"""Name of the file in a run's folder that its supervisor keeps locked (flock); holds its pid."""
MAX_NAME = 64


def check_name(project: str) -> str:
    """Return a project's name if it can name a folder.

    Raises:
        ConfigError: It is empty, too long, or has other characters than `[A-Za-z0-9_-]`.
    """
    bare = project.replace("_", "").replace("-", "")
    if not (project.isascii() and bare.isalnum()):
        raise ConfigError(f"project {project!r} may hold only letters, digits, _ and -")
    if len(project) > MAX_NAME:
        raise ConfigError(f"project {project!r} is longer than {MAX_NAME} characters")
    return project


def root() -> str:
    """Return the folder of all runs' folders: in $XDG_RUNTIME_DIR, else /tmp/tickvisor-UID."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return os.path.join(runtime, APP)  # noqa: PTH118 - see the module's docstring
    return f"/tmp/{APP}-{os.getuid()}"  # noqa: S108 - ownership is checked before use


def folder(project: str) -> str:
    """Return a run's folder of sockets.

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    return f"{root()}/{check_name(project)}"


def projects() -> list[str]:
    """Return the projects that have a run's folder, alive or not, sorted.

    Raises:
        TickvisorError: The folder of runs cannot be read.
    """
    try:
        return sorted(entry.name for entry in os.scandir(root()) if entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TickvisorError(f"runtime folder {root()} cannot be read: {error.strerror}") from error


def holder(project: str) -> int:
    """Return the pid of the supervisor that holds a run's lock, 0 when none does.

    Holds the lock itself (shared) for some microseconds when it was free: whoever takes it for
    good should try again for some milliseconds before it gives up.

    Raises:
        ConfigError: The project's name cannot name a folder.
    """
    path = f"{folder(project)}/{LOCK}"
    try:
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - see the module's docstring
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = file.read().strip()
                return int(text) if text.isdigit() else -1
    except OSError:
        return 0
    return 0
