"""Has the system refuse new processes to every process that starts with it, while a file says so.

Python imports this module by itself when its folder is on PYTHONPATH. The file that
`TICKVISOR_NOFORK` names holds the error's name, `EAGAIN` or `ENOENT`.
"""

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any


def _refuse() -> None:
    try:
        name = Path(os.environ["TICKVISOR_NOFORK"]).read_text().strip()
    except FileNotFoundError:
        return
    number = getattr(errno, name)
    raise OSError(number, os.strerror(number))


def _refusing(make: Callable[..., int]) -> Callable[..., int]:
    def tried(*arguments: Any) -> int:
        _refuse()
        return make(*arguments)

    return tried


os.fork = _refusing(os.fork)
subprocess._fork_exec = _refusing(subprocess._fork_exec)  # type: ignore[attr-defined]
