"""Brings user events to the websockets that hold the account's listenKey."""

from typing import Any

from lib.constants import NS_PER_SECOND
from lib.venue import payloads
from lib.venue.faults import Active, Faults
from lib.venue.hub import Connection, Hub
from lib.venue.stream_names import Route
from lib.venue.user_streams import ListenKeys

EXPIRED = "listenKeyExpired"
KINDS = {"mute_user", "delay_user", "duplicate_user", "reorder_user"}


class UserDelivery:
    """Delivers each account's events; pure.

    Args:
        hub: Takes the frames.
        keys: Says whose key is whose.
        faults: What is to go wrong.
        needs_events: What a connection without `events=` gets: `off` everything, `silent`
            nothing, `expire` nothing but a `listenKeyExpired` at once.
    """

    def __init__(self, hub: Hub, keys: ListenKeys, faults: Faults, needs_events: str) -> None:
        """Start without listeners."""
        self._hub = hub
        self._keys = keys
        self._faults = faults
        self._needs_events = needs_events
        self.delivered = 0

    def open(
        self, connection: Connection, key: str, events: frozenset[str] | None, now_ns: int
    ) -> None:
        """Let a connection listen to a key, with the event names it asked for."""
        connection.keys[key] = events
        if events is None and self._needs_events == "expire":
            self._send(connection, key, self._expiry(key, now_ns))

    def deliver(self, account: str, event: dict[str, Any], now_ns: int) -> None:
        """Send an event to every connection of an account that wants it."""
        key = self._keys.key(account)
        if key is None:
            return
        name = str(event.get("e", ""))
        faults = [
            fault
            for fault in self._faults.named(KINDS, now_ns)
            if fault.get("account") in {None, account} and fault.get("event") in {None, name}
        ]
        for connection in tuple(self._hub.connections.values()):
            if self._wants(connection, key, name):
                self._send_faulty(connection, key, payloads.encode(event), faults, now_ns)

    def expire(self, key: str, now_ns: int) -> None:
        """Tell every connection of a key that it is over; they stay open and silent."""
        for connection in tuple(self._hub.connections.values()):
            if key in connection.keys:
                self._send(connection, key, self._expiry(key, now_ns))
                del connection.keys[key]

    def close(self, key: str) -> None:
        """Let nobody listen to a key any more, without a word: its owner closed it."""
        for connection in self._hub.connections.values():
            connection.keys.pop(key, None)

    def _wants(self, connection: Connection, key: str, name: str) -> bool:
        if connection.route is not Route.PRIVATE or key not in connection.keys:
            return False
        events = connection.keys[key]
        if events is None:
            return self._needs_events == "off"
        return name in events or (name == "ALGO_UPDATE" and "ALGO_ORDER_UPDATE" in events)

    def _send_faulty(
        self, connection: Connection, key: str, payload: bytes, faults: list[Active], now_ns: int
    ) -> None:
        for fault in faults:
            if fault.over(now_ns) or not touches(fault, connection):
                continue
            if fault.name == "mute_user":
                fault.strike()
                return
            if fault.name == "delay_user":
                fault.strike()
                due_ns = now_ns + round(float(fault.get("delay")) * NS_PER_SECOND)
                self._hub.later(due_ns, connection, (key, payload))
                return
            if fault.name == "reorder_user" and not fault.held:
                fault.held.append((connection, payload))
                return
            if fault.name == "duplicate_user":
                fault.strike()
                self._send(connection, key, payload)
        self._send(connection, key, payload)
        self._release(connection, key, faults)

    def _release(self, connection: Connection, key: str, faults: list[Active]) -> None:
        for fault in faults:
            for holder, payload in tuple(fault.held):
                if holder is connection:
                    fault.held.remove((holder, payload))
                    fault.strike()
                    self._send(connection, key, payload)

    def _send(self, connection: Connection, key: str, payload: bytes) -> None:
        self.delivered += 1
        self._hub.send_as(connection, key, payload)

    def _expiry(self, key: str, now_ns: int) -> bytes:
        return payloads.encode({"e": EXPIRED, "E": payloads.ms(now_ns), "listenKey": key})


def touches(fault: Active, connection: Connection) -> bool:
    """Return whether a fault is meant for a connection."""
    return fault.connections is None or connection.number in fault.connections
