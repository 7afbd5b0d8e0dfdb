"""The command line's side of the control socket: one JSON line there, one back.

Needs nothing but the standard library, so that `status` is quick.
"""

import json
import socket
from typing import Any

from lib.constants import ExitCode
from lib.errors import ConfigError, NotRunning, TickvisorError
from lib.runs import folder, holder, projects
from supervisor.asked.not_yet import NotYet

CONTROL = "control"
"""Name of the socket in a run's folder; `lib.bus.endpoints` has it, too."""
ANSWER_SECONDS = 5.0
CHUNK = 65_536


def request(
    project: str, message: dict[str, Any], timeout: float = ANSWER_SECONDS
) -> dict[str, Any]:
    """Send one request to a run and return its reply.

    Args:
        project: Name of the run.
        message: `{"command": "status"}` and the like.
        timeout: Seconds to wait for the reply.

    Raises:
        NotRunning: Nothing answers there.
        ConfigError: The supervisor says that the request makes no sense.
        NotYet: A worker that it needs is not ready.
        TickvisorError: It could not do it, or does not answer in time.
    """
    with connect(project) as stream:
        stream.settimeout(timeout)
        try:
            stream.sendall(json.dumps(message).encode() + b"\n")
            line = _read_line(stream)
        except TimeoutError:
            raise TickvisorError(
                f"the supervisor of {project!r} did not answer within {timeout:g}s"
            ) from None
        except OSError as error:
            raise NotRunning(f"the supervisor of {project!r} went away: {error}") from error
    if not line:
        raise NotRunning(f"the supervisor of {project!r} went away")
    reply: dict[str, Any] = json.loads(line)
    if not reply.get("ok", True):
        raise _refusal(reply)
    return reply


def connect(project: str) -> socket.socket:
    """Return a connection to a run's control socket.

    Raises:
        NotRunning: Nothing listens there.
        ConfigError: The project's name cannot name a folder.
    """
    path = f"{folder(project)}/{CONTROL}"
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.settimeout(ANSWER_SECONDS)
    try:
        stream.connect(path)
    except OSError:
        stream.close()
        raise NotRunning(f"project {project!r} is not running") from None
    return stream


def is_open(project: str) -> bool:
    """Return whether a run's control socket listens."""
    try:
        connect(project).close()
    except NotRunning:
        return False
    return True


def running() -> list[str]:
    """Return the projects that run, those that are just starting or ending included."""
    return [project for project in projects() if is_open(project) or holder(project)]


def choose_project(name: str) -> str:
    """Return the project that a command is for.

    Args:
        name: What `--project` says; empty: the one that runs.

    Raises:
        NotRunning: It does not run, or none does.
        ConfigError: Several run, and none is named.
    """
    if name:
        if is_open(name) or holder(name):
            return name
        raise NotRunning(f"project {name!r} is not running")
    found = running()
    if not found:
        raise NotRunning("nothing is running; start it with `supervisor start CONFIG`")
    if len(found) > 1:
        raise ConfigError(f"several projects run: {', '.join(found)}; name one with --project")
    return found[0]


def status(project: str) -> dict[str, Any]:
    """Return the status object of a run; one without workers while it does not listen yet.

    Raises:
        NotRunning: It is not there.
    """
    try:
        found: dict[str, Any] = request(project, {"command": "status"})["status"]
    except NotRunning:
        pid = holder(project)
        if not pid:
            raise
        return {
            "project": project,
            "pid": pid,
            "config": "",
            "state": "starting",
            "uptime_s": 0.0,
            "workers": [],
        }
    return found


def _read_line(stream: socket.socket) -> bytes:
    parts: list[bytes] = []
    while not (parts and parts[-1].endswith(b"\n")):
        part = stream.recv(CHUNK)
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def _refusal(reply: dict[str, Any]) -> TickvisorError:
    message = str(reply.get("error", "refused"))
    match reply.get("exit", ExitCode.ERROR):
        case ExitCode.USAGE:
            return ConfigError(message)
        case ExitCode.NOT_RUNNING:
            return NotRunning(message)
        case ExitCode.DEGRADED:
            return NotYet(message)
        case _:
            return TickvisorError(message)
