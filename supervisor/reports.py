"""What becomes of the facts that workers report."""

from collections.abc import Callable
from typing import Any

from lib.constants import ExitCode
from supervisor.crew.births import Births
from supervisor.crew.worker import Worker
from supervisor.ending import Ending
from supervisor.record.history import History

Facts = dict[str, Any]


class Reports:
    """Takes workers' reports.

    Args:
        births: Is told where the venue is.
        ending: Keeps what is said at the end.
        history: Where it is noted.
        answered: Gets the exchange worker's answers.
        refused: Told of a worker that will never start: exit code and reason.
        forward: Hands a bot's message to others; returns what the command `send` answers.
        place: Returns where in the configuration something stands, "" if nowhere.
    """

    def __init__(
        self,
        births: Births,
        ending: Ending,
        history: History,
        answered: Callable[[Facts], None],
        refused: Callable[[Worker, int, str], None],
        forward: Callable[[str, list[str], str], Facts],
        place: Callable[[str], str],
    ) -> None:
        """Have heard nothing."""
        self._births = births
        self._ending = ending
        self._history = history
        self._answered = answered
        self._refused = refused
        self._forward = forward
        self._place = place

    def take(self, worker: Worker, kind: str, facts: Facts) -> None:
        """Take one report."""
        match kind:
            case "endpoints":
                self._births.venue = facts
            case "answer":
                self._answered(facts)
            case "message":
                self._take_message(worker, facts)
            case "clean":
                worker.unproven = False
            case "kept" | "stuck" | "armed":
                self._take_left(worker, kind, facts)
            case "refused" | "failed":
                message = self.said(facts)
                self._history.add(worker.name, kind, message)
                code = ExitCode.USAGE if kind == "refused" else ExitCode.ERROR
                self._refused(worker, code, message)
            case _:
                self._history.add(worker.name, kind, str(facts.get("message", "")))

    def said(self, facts: Facts) -> str:
        """Return what a worker complains about, with its place in the configuration."""
        place = self._place(str(facts.get("about", "")))
        message = str(facts.get("message", ""))
        return f"{place}: {message}" if place else message

    def _take_message(self, worker: Worker, facts: Facts) -> None:
        sender = worker.name.partition(":")[2]
        to = str(facts.get("to", ""))
        answer = self._forward(sender, [to], str(facts.get("text", "")))
        if not answer["ok"]:
            self._history.add(worker.name, "message not delivered", answer["error"], to=to)

    def _take_left(self, worker: Worker, kind: str, facts: Facts) -> None:
        """Take what the exchange worker has left behind."""
        ending, orders = self._ending, facts.get("orders", [])
        text = str(facts.get("message", ", ".join(map(str, orders))))
        if ending.has_begun and kind == "kept":
            ending.kept += orders
            return
        self._history.add(worker.name, kind, text)
        if not ending.has_begun:
            return  # its next life sees to it, and says at the end what is left then
        # Somebody must look: a stop that may leave orders behind is not a clean one.
        worker.unproven = False
        words = "not proven gone" if kind == "stuck" else "dead-man switch"
        ending.blame(ExitCode.ERROR, f"{words}: {text}")
