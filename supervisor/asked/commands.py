"""What a command on the control socket asks for."""

import itertools
import os
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Protocol

from lib.constants import ExitCode
from supervisor.asked.halts import Halts

TEST_HOOKS = "TICKVISOR_TEST_HOOKS"
"""Environment variable without which `hook` is unknown: tests make workers hang with it."""

BOT = "bot:"
EXCHANGE = frozenset({"halt", "resume", "orders", "positions", "fills", "reconcile", "resolve"})
"""Requests that the exchange worker answers."""
MOST_ASKED = 100
OPERATOR = "operator"
"""Who the bots are told a message of `supervisor send` comes from."""

Answer = dict[str, Any]
Reply = Callable[[Answer], None]


class Served(Protocol):
    """What the commands need of the supervisor."""

    def status(self) -> Answer:
        """Return the status object."""

    def stop(self, why: str, timeout: float | None = None) -> None:
        """Stop everything."""

    def restart(self, names: list[str], reply: Reply) -> None:
        """Restart the named workers one by one, and answer when they are ready again."""

    def reload(self, request: Answer, reply: Reply) -> None:
        """Show what a changed configuration changes, or take it over."""

    def worker_names(self) -> list[str]:
        """Return the names of all workers."""

    def send(self, sender: str, owners: list[str], text: str) -> list[str]:
        """Hand a message to bots; return those of them that are not ready to get it."""

    def hook(self, worker: str, action: str) -> None:
        """Make a worker do what only tests want."""

    def halt(self, owners: list[str]) -> None:
        """Have owners (`*` = everyone) add no risk from now on."""

    def resume(self, owners: list[str]) -> None:
        """Let owners add risk again; none named = everyone."""

    @property
    def exchange_life(self) -> int:
        """The exchange worker's life that obeys now, 0 when there is none."""

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
        self._halts = Halts(served)
        self._numbers = itertools.count(1)

    def ask(self, action: str, wanted: Answer, reply: Reply) -> bool:
        """Ask the exchange worker; return False when it is not there."""
        request_id = self._await(reply)
        if action == "halt":
            is_there = self._halts.add(request_id, wanted)
        else:
            is_there = self._served.ask_exchange(action, request_id, wanted)
        if not is_there:
            del self._asked[request_id]
        return is_there

    def arrived(self) -> None:
        """Ask a worker that is ready for what it was not there to be asked for."""
        self._halts.arrived()

    def handle(self, request: Answer, reply: Reply) -> None:
        """Do what a request asks; see `docs/architecture.md` for the list."""
        match request["command"]:
            case "status":
                reply({"ok": True, "status": self._served.status()})
            case "stop":
                self._waiting.append(reply)
                self._served.stop("asked to", request.get("timeout"))
            case "restart":
                self._restart(request.get("workers", []), reply)
            case "reload":
                self._reload(request, reply)
            case "send":
                reply(self.send(OPERATOR, request.get("bots", []), str(request.get("message", ""))))
            case "hook" if os.environ.get(TEST_HOOKS):
                self._served.hook(request["worker"], request["action"])
                reply({"ok": True})
            case name if name in EXCHANGE:
                self._ask(name, request, reply)
            case other:
                reply(refusal(f"unknown command {other!r}", ExitCode.USAGE))

    def send(self, sender: str, patterns: list[str], text: str) -> Answer:
        """Hand a message to the bots that match.

        Args:
            sender: Who the bots are told it comes from.
            patterns: `quoter`, `quoter:BTCUSDT`, `*`.
            text: The message.
        """
        owners, unknown = self._owners(patterns)
        if unknown or not owners:
            return self._no_bot(unknown or ["named"])
        deaf = self._served.send(sender, owners, text)
        if deaf:
            return refusal(f"not ready, and not told: {', '.join(deaf)}", ExitCode.DEGRADED)
        return {"ok": True, "told": owners}

    def answered(self, facts: Answer) -> None:
        """Hand on what the exchange worker answers."""
        request_id = str(facts.pop("id", ""))
        self._halts.answered(request_id)
        reply = self._asked.pop(request_id, None)
        if reply is not None:
            reply(facts)

    def ended(self, answer: Answer) -> None:
        """Answer those who asked to stop."""
        for reply in self._waiting:
            reply(answer)

    def _await(self, reply: Reply) -> str:
        request_id = str(next(self._numbers))
        self._asked[request_id] = reply
        while len(self._asked) > MOST_ASKED:
            del self._asked[next(iter(self._asked))]
        return request_id

    def _restart(self, patterns: list[str], reply: Reply) -> None:
        names = self._served.worker_names()
        unknown = [one for one in patterns if not any(fnmatchcase(name, one) for name in names)]
        if unknown:
            known = ", ".join(names)
            reply(refusal(f"no worker {', '.join(unknown)}; there are: {known}", ExitCode.USAGE))
            return
        if self._served.is_stopping:
            reply(refusal("it is stopping", ExitCode.ERROR))
            return
        chosen = [name for name in names if any(fnmatchcase(name, one) for one in patterns)]
        self._served.restart(chosen, reply)

    def _reload(self, request: Answer, reply: Reply) -> None:
        if self._served.is_stopping:
            reply(refusal("it is stopping", ExitCode.ERROR))
        else:
            self._served.reload(request, reply)

    def _ask(self, name: str, request: Answer, reply: Reply) -> None:
        owners, unknown = self._owners(request.get("bots", []))
        if unknown:
            reply(self._no_bot(unknown))
            return
        if name == "halt":
            # the latch first, at everybody's; the journal keeps it once the worker has it
            self._served.halt(owners or ["*"])
        elif name == "resume":
            self._served.resume(owners)
            self._halts.resumed(owners)
        if not self.ask(name, {**request, "owners": owners}, reply):
            reply(self._later(request))

    def _later(self, request: Answer) -> Answer:
        """Return what those are told whom the exchange worker cannot answer now."""
        if self._served.is_stopping:
            return refusal("it is stopping", ExitCode.ERROR)
        if request["command"] != "halt":
            return refusal("the exchange worker is not ready; try again", ExitCode.DEGRADED)
        what = "cancelled, and positions closed," if request.get("flatten") else "cancelled"
        text = f"no new risk from now on; orders are {what} when the exchange worker is back"
        return refusal(text, ExitCode.DEGRADED)

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

    def _no_bot(self, unknown: list[str]) -> Answer:
        known = ", ".join(self._bots()) or "none"
        return refusal(f"no bot {', '.join(unknown)}; there are: {known}", ExitCode.USAGE)

    def _bots(self) -> list[str]:
        names = self._served.worker_names()
        return [name.removeprefix(BOT) for name in names if name.startswith(BOT)]


def refusal(error: str, code: int) -> Answer:
    """Return the answer that says no."""
    return {"ok": False, "error": error, "exit": int(code)}
