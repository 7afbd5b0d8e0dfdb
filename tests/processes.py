"""What is left of a process that may end between two looks."""

import psutil


def lives(pid: int) -> bool:
    """Return whether a process runs: a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def commands(pid: int) -> dict[int, str]:
    """Return the command line of each direct child that runs, by pid."""
    found = {}
    for child in psutil.Process(pid).children():
        try:
            found[child.pid] = " ".join(child.cmdline())
        except psutil.NoSuchProcess:
            continue
    return found
