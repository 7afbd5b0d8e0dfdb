"""`supervisor install-service`: a systemd unit that runs a configuration."""

import getpass
import os
import shutil
import sys
from argparse import Namespace
from pathlib import Path

from lib.constants import ExitCode
from lib.errors import TickvisorError
from supervisor.config.plan import Plan, make_plan
from supervisor.config.spec import Spec, load_spec
from supervisor.service_unit import Service, folders_of, unit, unit_name

SYSTEM = Path("/etc/systemd/system")
SLACK_SECONDS = 10.0


def run(arguments: Namespace) -> int:
    """Write the unit of a configuration, or print it.

    Raises:
        ConfigError: The configuration is wrong.
        TickvisorError: The unit cannot be written.
    """
    files = [arguments.config, *arguments.add]
    spec = load_spec(files, complete=False)
    plan = make_plan(spec)
    service = Service(
        project=plan.project,
        program=_program(),
        files=[str(Path(path).absolute()) for path in files],
        folder=str(Path.cwd()),
        stop_seconds=_stop_seconds(plan),
        user="" if arguments.user else arguments.run_as or _myself(),
        environment_file=_environment_file(arguments.env_file),
        writable=[str(Path(path).absolute()) for path in (*_written(spec), *arguments.writable)],
    )
    if spec.missing and not service.environment_file:
        names = ", ".join(dict.fromkeys(variable.name for variable in spec.missing))
        sys.stderr.write(f"warning: {names} must be set: put them into a file, `--env-file FILE`\n")
    text = unit(service)
    if arguments.print:
        sys.stdout.write(text)
        return ExitCode.DONE
    folder = _user_folder() if arguments.user else SYSTEM
    path = folder / unit_name(plan.project)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        raise TickvisorError(
            f"{path} cannot be written: {error.strerror}; "
            f"try --user, or `--print | sudo tee {path}`"
        ) from error
    sys.stdout.write(_next_steps(path, service))
    if service.user == "" and not _lingers():
        sys.stdout.write("  loginctl enable-linger    (or it ends when you log out)\n")
    return ExitCode.DONE


def _next_steps(path: Path, service: Service) -> str:
    option = "" if service.user else " --user"
    folders = " ".join(f"{name}={value}" for name, value in folders_of(service).items())
    ask = f"{folders} supervisor status" if folders else "supervisor status"
    return (
        f"{path} is written; now:\n"
        f"  systemctl{option} daemon-reload\n"
        f"  systemctl{option} enable --now {path.name}\n"
        f"  {ask}\n"
    )


def _program() -> list[str]:
    beside = Path(sys.executable).with_name("supervisor")
    found = str(beside) if beside.exists() else shutil.which("supervisor")
    return [found] if found else [sys.executable, "-m", "supervisor"]


def _stop_seconds(plan: Plan) -> float:
    # kinds stop one after the other, workers of one kind together
    slowest: dict[str, float] = {}
    for worker in plan.workers:
        slowest[worker.kind] = max(slowest.get(worker.kind, 0.0), worker.restart.grace)
    return sum(slowest.values()) + SLACK_SECONDS


def _myself() -> str:
    return os.environ.get("SUDO_USER") or getpass.getuser()


def _written(spec: Spec) -> list[Path]:
    """Return the folders that a configuration names to write into."""
    root = spec.root
    named = [
        getattr(section, name)
        for section, names in (
            (root.sqlite, ("path", "state")),
            (root.spool, ("folder",)),
            (root.venue, ("persist", "record")),
        )
        for name in names
        if section is not None and getattr(section, name)
    ]
    return [path if path.is_dir() else path.parent for path in map(Path, named)]


def _environment_file(name: str) -> str:
    return str(Path(name).absolute()) if name else ""


def _user_folder() -> Path:
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "systemd" / "user"


def _lingers() -> bool:
    return (Path("/var/lib/systemd/linger") / getpass.getuser()).exists()
