"""What must hold before anything starts: secrets found, bot classes loadable."""

import signal
from dataclasses import dataclass
from typing import Any

from lib.constants import NS_PER_SECOND, ExitCode
from supervisor.processes.child import Child

CHECK_SECONDS = 60.0
"""What a check may take: the exchange's own waits up to 30 s for an answer, and a bot may import
much; but one that blocks at its import would hold up everything for good."""
CHECK_NS = round(CHECK_SECONDS * NS_PER_SECOND)


@dataclass(slots=True)
class Preflight:
    """One short-lived process that checks a part of the config where it can be checked."""

    name: str
    config: dict[str, Any]
    child: Child | None = None
    refusal: str = ""
    asked: bool = False
    done: bool = False
    due_ns: int | None = None
    """When it is killed, monotonic ns; None while there is nothing to kill, and afterwards."""
    is_late: bool = False
    is_dropped: bool = False
    """Whether nobody waits for its verdict any more."""

    @property
    def is_running(self) -> bool:
        """Whether its process lives, or is being made."""
        return self.asked and not self.done

    def born(self, child: Child, now_ns: int) -> None:
        """Take its process; one that is no longer wanted is killed."""
        self.child = child
        self.due_ns = now_ns + CHECK_NS
        if self.is_dropped:
            self.kill()

    def kill(self) -> None:
        """End its process, which holds nothing that is to be put away."""
        self.due_ns = None
        if self.child is not None:
            self.child.send(signal.SIGKILL)


class Preflights:
    """All checks of one start.

    Args:
        checks: (name, config) of each; none = nothing to wait for.
    """

    def __init__(self, checks: list[tuple[str, dict[str, Any]]]) -> None:
        """Have asked nobody."""
        self._checks = {name: Preflight(name, config) for name, config in checks}

    def __contains__(self, name: str) -> bool:
        """Return whether `name` is one of the checks."""
        return name in self._checks

    def unasked(self) -> list[Preflight]:
        """Return the checks that are to be started now."""
        found = [check for check in self._checks.values() if not check.asked]
        for check in found:
            check.asked = True
        return found

    @property
    def passed(self) -> bool:
        """True when every check is through."""
        return all(check.done for check in self._checks.values())

    @property
    def is_running(self) -> bool:
        """Whether the process of a check lives, or is being made."""
        return any(check.is_running for check in self._checks.values())

    def children(self) -> list[Child]:
        """Return the processes that run."""
        return [check.child for check in self._checks.values() if check.child is not None]

    def refuse(self, name: str, message: str) -> None:
        """Note why a check refused."""
        self._checks[name].refusal = message

    # --- no longer than is right

    def tick(self, now_ns: int) -> None:
        """Kill the checks that have taken too long."""
        for check in self._checks.values():
            if check.due_ns is not None and now_ns >= check.due_ns:
                check.is_late = True
                check.kill()

    def deadline(self) -> int | None:
        """Return when `tick` is due next, monotonic ns."""
        times = [one.due_ns for one in self._checks.values() if one.due_ns is not None]
        return min(times, default=None)

    def forgive(self, now_ns: int) -> None:
        """Let the time of those that run begin anew: we slept ourselves."""
        for check in self._checks.values():
            if check.due_ns is not None:
                check.due_ns = now_ns + CHECK_NS

    def drop(self) -> None:
        """Kill the checks that run, or are about to: nobody waits for what they find."""
        for check in self._checks.values():
            check.is_dropped = True
            check.kill()

    # --- ends

    def reap(self, ready: set[int]) -> list[tuple[Preflight, int]]:
        """Return the checks that have ended, with their exit codes."""
        ended = []
        for check in self._checks.values():
            if check.child is not None and check.child.pidfd in ready:
                code = check.child.reap()
                if code is not None:
                    check.child.close()
                    check.child = check.due_ns = None
                    check.done = True
                    ended.append((check, code))
        return ended

    @staticmethod
    def verdict(check: Preflight, code: int, log: str) -> tuple[int, str]:
        """Return (exit code of the start, message) of a check that ended; (0, "") when passed."""
        if code == ExitCode.DONE or check.is_dropped:
            return ExitCode.DONE, ""
        if check.refusal:
            return code, check.refusal
        if check.is_late:
            text = f"{check.name} did not end within {CHECK_SECONDS:g} s; see {log}"
            return ExitCode.ERROR, text
        return ExitCode.ERROR, f"{check.name} ended with {code}; see {log}"
