"""What a command on the control socket asks for."""

import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Protocol

from lib.constants import ExitCode

TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
"""Environment variable without which `hook` is unknown: tests make workers hang with it."""

Answer = dict[str, Any]
Reply = Callable[[Answer], None]


class Served(Protocol):
    """What the commands need of the supervisor."""

    def status(self) -> Answer:
        """Return the status object."""

    def stop(self, why: str, timeout: float | None = None) -> None:
        """Stop everything."""

    def restart(self, names: list[str]) -> None:
        """Restart the named workers, group after group."""

    def worker_names(self) -> list[str]:
        """Return the names of all workers."""

    def hook(self, worker: str, action: str) -> None:
        """Make a worker do what only tests want."""

    @property
    def is_stopping(self) -> bool:
        """Whether it is on its way down."""


class Commands:
    """Answers requests; those that wait for the end are answered by `ended`.

    Args:
        served: The supervisor.
    """

    def __init__(self, served: Served) -> None:
        """Nobody waits."""
        self._served = served
        self._waiting: list[Reply] = []

    def handle(self, request: Answer, reply: Reply) -> None:
        """Do what a request asks; see `docs/architecture.md` for the list."""
        match request["command"]:
            case "status":
                reply({"ok": True, "status": self._served.status()})
            case "stop":
                self._waiting.append(reply)
                self._served.stop("asked to", request.get("timeout"))
            case "restart":
                reply(self._restart(request.get("workers", [])))
            case "hook" if os.environ.get(TEST_HOOKS):
                self._served.hook(request["worker"], request["action"])
                reply({"ok": True})
            case other:
                reply(refusal(f"unknown command {other!r}", ExitCode.USAGE))

    def ended(self, answer: Answer) -> None:
        """Answer those who asked to stop."""
        for reply in self._waiting:
            reply(answer)

    def _restart(self, patterns: list[str]) -> Answer:
        names = self._served.worker_names()
        unknown = [one for one in patterns if not any(fnmatchcase(name, one) for name in names)]
        if unknown:
            return refusal(
                f"no worker {', '.join(unknown)}; there are: {', '.join(names)}", ExitCode.USAGE
            )
        if self._served.is_stopping:
            return refusal("it is stopping", ExitCode.ERROR)
        chosen = [name for name in names if any(fnmatchcase(name, one) for one in patterns)]
        self._served.restart(chosen)
        return {"ok": True, "workers": chosen or names}


def refusal(error: str, code: int) -> Answer:
    """Return the answer that says no."""
    return {"ok": False, "error": error, "exit": int(code)}
