"""What became of one strike (pure)."""

from typing import NamedTuple

from lib.chaos.evidence import Finding


class Struck(NamedTuple):
    """What has happened.

    Args:
        at_ns: When it struck, ns since the epoch.
        over_ns: When it was over.
        in_request: Whether it hit an open request, as far as that is known here.
        missed: Why it did not strike; empty when it did.
        findings: What was wrong while it lasted.
        forbidden: Ids that must not be found at the venue.
        moved: Symbols whose position was moved by others.
        ended: Symbol that cannot be traded any more.
    """

    at_ns: int
    over_ns: int
    in_request: bool = False
    missed: str = ""
    findings: tuple[Finding, ...] = ()
    forbidden: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    ended: str = ""


def missed(at_ns: int, reason: str) -> Struck:
    """Return a strike that hit nothing."""
    return Struck(at_ns, at_ns, missed=reason)
