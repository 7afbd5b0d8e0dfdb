"""What a command on the control socket asks for."""

import itertools
import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Protocol

from lib.constants import ExitCode

TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
"""Environment variable without which `hook` is unknown: tests make workers hang with it."""

BOT = "bot:"
EXCHANGE = frozenset({"halt", "resume", "orders", "positions", "fills", "reconcile", "resolve"})
"""Requests that the exchange worker answers."""
MOST_ASKED = 100

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

    def halt(self, owners: list[str]) -> None:
        """Have owners (`*` = everyone) add no risk from now on."""

    def resume(self, owners: list[str]) -> None:
        """Let owners add risk again; none named = everyone."""

    def ask_exchange(self, action: str, request_id: str, wanted: Answer) -> bool:
        """Hand a request to the exchange worker; return False when there is none."""

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
        self._asked: dict[str, Reply] = {}
        self._numbers = itertools.count(1)

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
            case name if name in EXCHANGE:
                self._ask(name, request, reply)
            case other:
                reply(refusal(f"unknown command {other!r}", ExitCode.USAGE))

    def answered(self, facts: Answer) -> None:
        """Hand on what the exchange worker answers."""
        reply = self._asked.pop(str(facts.pop("id", "")), None)
        if reply is not None:
            reply(facts)

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

    def _ask(self, name: str, request: Answer, reply: Reply) -> None:
        owners, unknown = self._owners(request.get("bots", []))
        if unknown:
            known = ", ".join(self._bots()) or "none"
            reply(refusal(f"no bot {', '.join(unknown)}; there are: {known}", ExitCode.USAGE))
            return
        if name == "halt":
            # the latch first, at everybody's; the journal keeps it once the worker has it
            self._served.halt(owners or ["*"])
        elif name == "resume":
            self._served.resume(owners)
        request_id = str(next(self._numbers))
        self._asked[request_id] = reply
        while len(self._asked) > MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        if not self._served.ask_exchange(name, request_id, {**request, "owners": owners}):
            del self._asked[request_id]
            reply(refusal("the exchange worker is not ready; try again", ExitCode.DEGRADED))

    def _owners(self, patterns: list[str]) -> tuple[list[str], list[str]]:
        chosen: dict[str, None] = {}
        unknown = []
        for pattern in patterns:
            wanted = pattern.removeprefix(BOT)
            found = [
                owner
                for owner in self._bots()
                if fnmatchcase(owner, wanted) or owner.rpartition(":")[0] == wanted
            ]
            chosen |= dict.fromkeys(found)
            if not found:
                unknown.append(pattern)
        return list(chosen), unknown

    def _bots(self) -> list[str]:
        names = self._served.worker_names()
        return [name.removeprefix(BOT) for name in names if name.startswith(BOT)]


def refusal(error: str, code: int) -> Answer:
    """Return the answer that says no."""
    return {"ok": False, "error": error, "exit": int(code)}
