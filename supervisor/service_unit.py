"""The systemd unit of one configuration (pure)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lib.constants import ExitCode

WATCHDOG_SECONDS = 10
START_SECONDS = 120
RESTART_SECONDS = 2
OPEN_FILES = 65_536


class Service(NamedTuple):
    """What a unit is made of.

    Args:
        project: Names the unit: `tickvisor-PROJECT.service`.
        program: The command `supervisor` as words.
        files: Configuration files, whole paths.
        folder: Where it runs: relative paths in the files are meant from there.
        stop_seconds: What an orderly stop may take.
        user: Whose service it is; empty in a user's own service manager.
        environment_file: File with the variables; empty = none.
        writable: Folders that it writes, besides its own state and runtime folders.
    """

    project: str
    program: Sequence[str]
    files: Sequence[str]
    folder: str
    stop_seconds: float
    user: str
    environment_file: str
    writable: Sequence[str]


def unit_name(project: str) -> str:
    """Return the name of a project's unit."""
    return f"tickvisor-{project}.service"


def folders_of(service: Service) -> dict[str, str]:
    """Return the variables that say where its run is; none when that is where it always is."""
    if not service.user:
        return {}
    return {
        "XDG_RUNTIME_DIR": f"/run/tickvisor-{service.project}",
        "XDG_STATE_HOME": f"/var/lib/tickvisor-{service.project}",
    }


def unit(service: Service) -> str:
    """Return the unit's text."""
    added = [word for path in service.files[1:] for word in ("--add", path)]
    start = [*service.program, "start", service.files[0], *added]
    stop = [*service.program, "stop", "--project", service.project]
    stop += ["--timeout", f"{service.stop_seconds:g}s"]
    parts = {
        "Unit": {
            "Description": f"Tickvisor: {service.project}",
            "After": "network-online.target time-sync.target",
            "Wants": "network-online.target",
            # it never gives up: what is down for a minute may be up after two
            "StartLimitIntervalSec": "0",
        },
        "Service": {**_running(service, start, stop), **_hardening(service)},
        "Install": {"WantedBy": "multi-user.target" if service.user else "default.target"},
    }
    return "\n".join(_section(name, keys) for name, keys in parts.items())


def _running(service: Service, start: list[str], stop: list[str]) -> dict[str, str]:
    found = {
        "Type": "notify",
        "NotifyAccess": "main",
        "ExecStart": _words(start),
        # also when it was killed: waits until its workers have cleaned up, before they are killed
        "ExecStop": f"-{_words(stop)}",
        "WorkingDirectory": _escaped(service.folder),
        "KillMode": "mixed",
        "TimeoutStartSec": str(START_SECONDS),
        "TimeoutStopSec": f"{service.stop_seconds + 30:g}",
        "WatchdogSec": str(WATCHDOG_SECONDS),
        "Restart": "on-failure",
        "RestartSec": str(RESTART_SECONDS),
        # a configuration that is wrong is not right the next time
        "RestartPreventExitStatus": str(int(ExitCode.USAGE)),
        "LimitNOFILE": str(OPEN_FILES),
        "LimitCORE": "0",
        "OOMPolicy": "continue",
    }
    if service.environment_file:
        found["EnvironmentFile"] = _escaped(service.environment_file)
    return found


def _hardening(service: Service) -> dict[str, str]:
    found = {"NoNewPrivileges": "yes", "UMask": "0077"}
    if not service.user:
        # a user's own service manager may do no more
        return found
    return found | {
        "User": service.user,
        "RuntimeDirectory": f"tickvisor-{service.project}",
        "RuntimeDirectoryMode": "0700",
        "RuntimeDirectoryPreserve": "yes",
        "StateDirectory": f"tickvisor-{service.project}",
        "StateDirectoryMode": "0700",
        "Environment": " ".join(f"{name}={value}" for name, value in folders_of(service).items()),
        "ProtectSystem": "strict",
        "ReadWritePaths": " ".join(f"-{_escaped(path)}" for path in service.writable),
        "ProtectHome": "read-only",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "ProtectKernelTunables": "yes",
        "ProtectKernelModules": "yes",
        "ProtectControlGroups": "yes",
        "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "RestrictRealtime": "yes",
        "RestrictSUIDSGID": "yes",
        "LockPersonality": "yes",
        "SystemCallArchitectures": "native",
    }


def _section(name: str, keys: Mapping[str, str]) -> str:
    lines = [f"{key}={value}" for key, value in keys.items() if value]
    return "\n".join([f"[{name}]", *lines, ""])


def _words(words: Sequence[str]) -> str:
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    # `$` and `%` mean something to systemd
    text = _escaped(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{text}"' if any(char in text for char in " '\"\\;") else text


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
