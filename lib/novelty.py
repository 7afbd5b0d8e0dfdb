"""Which of two market events is the newer one, whoever brought them (pure)."""

from lib.constants import NS_PER_SECOND

RESTARTED_NS = NS_PER_SECOND
"""Numbers that start again must be later by this: connections of replicas are not stamped alike."""


def is_newer(number: int, event_ns: int, seen: tuple[int, int]) -> bool:
    """Return whether an event is newer than the newest that was seen.

    Args:
        number: Its update id. They grow; they may start again (a venue that was restarted), then
            the exchange's own time is what grows.
        event_ns: The exchange's time.
        seen: Both, of the newest event.
    """
    if number > seen[0]:
        return True
    return event_ns > seen[1] + (RESTARTED_NS if number < seen[0] else 0)
