"""What must hold before anything starts: secrets found, bot classes loadable."""

from dataclasses import dataclass
from typing import Any

from lib.constants import ExitCode
from supervisor.processes.child import Child


@dataclass(slots=True)
class Preflight:
    """One short-lived process that checks a part of the config where it can be checked."""

    name: str
    config: dict[str, Any]
    child: Child | None = None
    refusal: str = ""
    asked: bool = False
    done: bool = False


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

    def children(self) -> list[Child]:
        """Return the processes that run."""
        return [check.child for check in self._checks.values() if check.child is not None]

    def refuse(self, name: str, message: str) -> None:
        """Note why a check refused."""
        self._checks[name].refusal = message

    def reap(self, ready: set[int]) -> list[tuple[Preflight, int]]:
        """Return the checks that have ended, with their exit codes."""
        ended = []
        for check in self._checks.values():
            if check.child is not None and check.child.pidfd in ready:
                code = check.child.reap()
                if code is not None:
                    check.child.close()
                    check.child = None
                    check.done = True
                    ended.append((check, code))
        return ended

    @staticmethod
    def verdict(check: Preflight, code: int, log: str) -> tuple[int, str]:
        """Return (exit code of the start, message) of a check that ended; (0, "") when passed."""
        if code == ExitCode.DONE:
            return ExitCode.DONE, ""
        if check.refusal:
            return code, check.refusal
        return ExitCode.ERROR, f"{check.name} ended with {code}; see {log}"
