"""What faults do to market payloads on their way out: silence, delay, loss, doubles, nonsense."""

from lib.constants import NS_PER_SECOND
from lib.venue.faults import Active, Faults
from lib.venue.hub import Connection, Hub
from lib.venue.stream_names import CHANNELS, Kind, Stream
from lib.venue.user_delivery import touches

MARKET_FAULTS = frozenset(
    {
        "mute_market",
        "delay_market",
        "drop_depth",
        "duplicate_depth",
        "reorder_depth",
        "malformed",
    }
)


class Outlets:
    """Stands between the streams and their subscribers while market faults are on; pure.

    Args:
        hub: Whose payloads pass.
        faults: What is to go wrong.
    """

    def __init__(self, hub: Hub, faults: Faults) -> None:
        """Let everything pass."""
        self._hub = hub
        self._faults = faults
        self._now_ns = 0

    def arm(self) -> None:
        """Look at the payloads only while a market fault is on: the usual path stays fast."""
        on = any(each.name in MARKET_FAULTS for each in self._faults.active)
        self._hub.outlet = self._let_out if on else None

    def advance(self, now_ns: int) -> None:
        """Take the time; send what was delayed until now."""
        self._now_ns = now_ns
        self._hub.release(now_ns)
        if self._hub.outlet is not None:
            self._faults.named(MARKET_FAULTS, now_ns)
            self.arm()

    def deadline(self) -> int | None:
        """Return when the next delayed payload leaves."""
        return self._hub.next_release()

    def _let_out(self, connection: Connection, stream: Stream, payload: bytes) -> bool:
        for fault in self._faults.named(MARKET_FAULTS, self._now_ns):
            if not _concerns(fault, connection, stream):
                continue
            if not self._apply(fault, connection, stream, payload):
                return False
        return True

    def _apply(self, fault: Active, connection: Connection, stream: Stream, payload: bytes) -> bool:
        if fault.name == "reorder_depth":
            return self._reorder(fault, connection, stream, payload)
        fault.strike()
        match fault.name:
            case "delay_market":
                due_ns = self._now_ns + round(float(fault.get("delay")) * NS_PER_SECOND)
                self._hub.later(due_ns, connection, (stream.name, payload))
            case "duplicate_depth":
                self._hub.send_as(connection, stream.name, payload)
                return True
            case "malformed":
                self._hub.send_as(connection, stream.name, payload[: len(payload) // 2])
            case _:
                pass
        return False

    def _reorder(self, fault: Active, connection: Connection, stream: Stream, body: bytes) -> bool:
        key = (connection.number, stream.name)
        for held in fault.held:
            if held[0] == key:
                fault.strike()
                fault.held.remove(held)
                self._hub.send_as(connection, stream.name, body)
                self._hub.send_as(connection, stream.name, held[1])
                return False
        fault.held.append((key, body))
        return False


def _concerns(fault: Active, connection: Connection, stream: Stream) -> bool:
    if fault.name.endswith("_depth") and stream.kind is not Kind.DIFF:
        return False
    if fault.get("symbol") not in {None, stream.symbol} or not touches(fault, connection):
        return False
    if fault.get("connection") not in {None, connection.number}:
        return False
    channel = fault.get("channel")
    if channel is None:
        return True
    return channel in {CHANNELS.get(stream.kind), stream.kind.value, stream.name}
