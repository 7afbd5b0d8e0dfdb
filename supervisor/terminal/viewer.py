"""The child process that draws the live table while the supervisor works."""

import os
import subprocess
import sys
from collections.abc import Collection
from types import TracebackType

GOODBYE_SECONDS = 2.0


class Viewer:
    """Draws the status of this process's run until it is left.

    A process of its own, so that neither a slow terminal nor a stopped one (Ctrl-S) can hold the
    supervisor up; it ends when the pipe to it closes, however this process ends.

    Args:
        project: Name of the run.
        secrets: Environment variables that it is not given.
    """

    def __init__(self, project: str, secrets: Collection[str] = ()) -> None:
        """Draw nothing yet."""
        self._project = project
        self._environment = {
            name: value for name, value in os.environ.items() if name not in secrets
        }

    def __enter__(self) -> "Viewer":
        """Start it."""
        reading, self._writing = os.pipe2(os.O_CLOEXEC)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    *(
                        sys.executable,
                        "-m",
                        "supervisor.terminal.screen",
                        "--project",
                        self._project,
                    ),
                    *("--pid", str(os.getpid()), "--parent-fd", str(reading)),
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[reading],
            )
        finally:
            os.close(reading)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it and wait for its last picture."""
        os.close(self._writing)
        try:
            self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid
