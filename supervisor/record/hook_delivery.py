"""Ways out of the house: a program, a web server, a notification service."""

import contextlib
import importlib
import json
import logging
import os
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from typing import Any

from lib.redaction import redact
from supervisor.record.hook_rules import COMMAND, WEBHOOK, Hook

KINDS = {"info": "info", "warning": "warning", "error": "failure"}
"""Level -> what apprise calls it."""
SAID_BYTES = 2_000
_running: set[int] = set()
"""Process groups of the commands that run."""


class DeliveryError(Exception):
    """A hook was not told; try again if `again`."""

    def __init__(self, message: str, *, again: bool = True) -> None:
        """Say what was wrong, without a secret."""
        super().__init__(redact(message))
        self.again = again


def deliver(hook: Hook, told: dict[str, Any]) -> None:
    """Tell a hook one event; returns within its time-out.

    Args:
        hook: Whom; its target has no variables left.
        told: The event's fields, with the project's name.

    Raises:
        DeliveryError: It did not work.
    """
    if hook.kind == COMMAND:
        _run(hook, told)
    elif hook.kind == WEBHOOK:
        _post(hook, told)
    else:
        _notify(hook, told)


def _run(hook: Hook, told: dict[str, Any]) -> None:
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own program
                hook.target,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        except OSError as error:
            raise DeliveryError(str(error), again=False) from None
        _running.add(process.pid)
        try:
            process.communicate(json.dumps(told).encode() + b"\n", timeout=hook.timeout)
        except subprocess.TimeoutExpired:
            raise DeliveryError(f"not done in {hook.timeout:g} s", again=False) from None
        finally:
            # what it left in its group goes with it
            _end_group(process.pid)
            process.wait()
            _running.discard(process.pid)
        if process.returncode:
            said.seek(max(0, said.tell() - SAID_BYTES))
            lines = said.read().decode("utf-8", "replace").split("\n")
            last = next((line for line in reversed(lines) if line.strip()), "")
            raise DeliveryError(f"exit code {process.returncode} {last}".strip(), again=False)


def end_commands() -> None:
    """End the commands that still run, with all that they started."""
    for group in tuple(_running):
        _end_group(group)


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _post(hook: Hook, told: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked with the configuration
        hook.target[0],
        data=json.dumps(told).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "tickvisor"},
    )
    try:
        with urllib.request.urlopen(request, timeout=hook.timeout):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        error.close()
        again = error.code >= 500 or error.code == 429
        raise DeliveryError(f"HTTP {error.code}", again=again) from None
    except (OSError, ValueError) as error:
        raise DeliveryError(str(getattr(error, "reason", error))) from None


def _notify(hook: Hook, told: dict[str, Any]) -> None:
    # an extra, and slow to import
    apprise: Any = importlib.import_module("apprise")
    with apprise.LogCapture(level=logging.WARNING) as said:
        service = apprise.Apprise.instantiate(hook.target[0])
        if service is None:
            raise DeliveryError("apprise knows no such service, or its URL is wrong", again=False)
        sent = service.notify(
            title=f"{told['project']}: {told['worker']} {told['event']}",
            body=body(told),
            notify_type=KINDS[told["level"]],
        )
        words = said.getvalue().strip().rpartition("\n")[2]
    if not sent:
        raise DeliveryError(words or "apprise could not deliver it")


def body(told: dict[str, Any]) -> str:
    """Return an event in some lines, for people."""
    known = ("at", "at_ns", "epoch", "level", "worker", "event", "reason", "project", "lines")
    facts = [f"{key}={value}" for key, value in told.items() if key not in known]
    lines = [told["reason"], " ".join(facts), *told.get("lines", []), told["at"]]
    return "\n".join(line for line in lines if line)
