"""How many descriptors processes may have: the supervisor many, its workers what is usual here."""

import contextlib
import resource

ENOUGH = 65_536
"""Room for any run; where a container allows a thousand million, no child is to inherit that."""


def raise_limit() -> int:
    """Allow this process as many descriptors as it may have; return how many it might before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, ENOUGH)), hard))
    return soft


def limit(pid: int, count: int) -> None:
    """Allow a child, and those that it forks from now on, so many descriptors."""
    with contextlib.suppress(OSError):  # it keeps our limit, which is no reason not to live
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, hard))
