"""What must hold before anything starts, checked where it can be checked; then it exits.

The supervisor loads neither bots nor secrets, so two short-lived processes do: one tries to load
each bot class, the other to find the exchange's secrets.
"""

import fcntl
import importlib
import os
import select
import sys
from pathlib import Path
from typing import Any

import zmq

from lib.bus import endpoints
from lib.bus.protocol import Report
from lib.bus.sockets import Pusher
from lib.bus.start import Start
from lib.constants import KEY, ExitCode
from lib.errors import ConfigError, TickvisorError
from lib.timer import LiveTimer
from workers.bot import check_bot_class
from workers.secrets import SECTION, resolve_secrets

IN_SERVICE = "in_service"
"""Key of the start config: a service manager starts the run again if it ends with 1, not with 2."""
FAREWELL_MS = 5_000
"""What the refusal may take to leave: it is the only thing that tells the user what is wrong."""


def main(start: Start) -> int:
    """Check; report a refusal and return its exit code."""
    if start.lifeline_fd >= 0:
        _end_with(start.lifeline_fd)
    try:
        if SECTION in start.config:
            resolve_secrets(start.config)
            _examine(start)
        for name in start.config.get("bots", {}):
            check_bot_class(name)
    except ConfigError as error:
        _refuse(start, {"message": str(error), "about": error.about})
        return ExitCode.USAGE
    except TickvisorError as error:
        _refuse(start, {"message": str(error)})
        return ExitCode.ERROR
    return ExitCode.DONE


def _end_with(lifeline_fd: int) -> None:
    """Have the kernel end this process when the supervisor is gone, whatever it imports then."""
    # Opened anew: the owner and the flag belong to the open file, which siblings share.
    lifeline = os.open(f"/proc/self/fd/{lifeline_fd}", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)  # SIGIO, which ends it
    if select.select([lifeline], [], [], 0)[0]:
        sys.exit(ExitCode.ERROR)  # it is gone already


def _examine(start: Start) -> None:
    """Refuse an account or a host that is not fit; an exchange that is away is waited for."""
    if not start.config[SECTION].get(KEY.REST_URL):
        return
    # here, since it loads HTTP clients: with a venue nobody needs them
    doctor = importlib.import_module("workers.doctor")
    findings = doctor.findings_of(start.config, Path(start.state_dir))
    wrong = [each for each in findings if each.level == "wrong"]
    if wrong:
        text = "; ".join(each.text for each in wrong)
        if start.config.get(IN_SERVICE) and all(each.passes for each in wrong):
            # a clock or a disk at boot: the service manager tries it again, as it should
            raise TickvisorError(text)
        raise ConfigError(text)
    for each in findings:
        if each.level == "warning":
            sys.stderr.write(f"warning: {each.text}\n")


def _refuse(start: Start, facts: dict[str, Any]) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    pusher = Pusher(
        context,
        endpoints.ipc(start.run_dir, endpoints.HEARTBEAT),
        start.incarnation,
        LiveTimer().Timestamp,
    )
    pusher.send(Report(start.name, "refused", facts))
    pusher.close(FAREWELL_MS)
    context.term()
