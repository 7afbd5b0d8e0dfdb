"""What a service manager is told by the protocol of `sd_notify(3)`: ready, alive, stopping."""

import os
import socket
from collections.abc import Mapping

from lib.constants import NS_PER_SECOND

ADDRESS, WATCHDOG_US, WATCHDOG_PID = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
VARIABLES = frozenset({ADDRESS, WATCHDOG_US, WATCHDOG_PID})
"""Kept from the workers: only the supervisor speaks for the service."""
PATIENCE_NS = 30 * NS_PER_SECOND
"""A run whose workers are not all ready by then is up all the same, and says so."""
NS_PER_US = 1_000


class ServiceManager:
    """Tells the service manager how the run is; without one it does nothing.

    Args:
        environment: Where the service manager says how it wants to be told.
        now_ns: Monotonic time.
    """

    def __init__(self, environment: Mapping[str, str], now_ns: int) -> None:
        """Have told nothing."""
        address = environment.get(ADDRESS, "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket: socket.socket | None = None
        if address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._born_ns = now_ns
        self._period_ns = self._watchdog_ns(environment) // 3
        self._due_ns = now_ns
        self._is_ready = False
        self._is_stopping = False
        self._status = ""

    @staticmethod
    def _watchdog_ns(environment: Mapping[str, str]) -> int:
        if environment.get(WATCHDOG_PID, str(os.getpid())) != str(os.getpid()):
            return 0
        text = environment.get(WATCHDOG_US, "0")
        return int(text) * NS_PER_US if text.isdecimal() else 0

    @property
    def listens(self) -> bool:
        """Whether anybody is to be told."""
        return self._socket is not None

    def tick(self, now_ns: int, state: str, words: str) -> None:
        """Tell what is new, in each turn of the loop: a loop that hangs tells nothing.

        Args:
            now_ns: Monotonic time.
            state: The run's state.
            words: The same for people.
        """
        is_up = state in ("running", "degraded") or now_ns - self._born_ns > PATIENCE_NS
        is_stopping = state == "stopping"
        is_due = bool(self._period_ns) and now_ns >= self._due_ns
        lines = {
            "READY=1": is_up and not is_stopping and not self._is_ready,
            "STOPPING=1": is_stopping and not self._is_stopping,
            "WATCHDOG=1": is_due,
            f"STATUS={words}": words != self._status,
        }
        news = [line for line, is_new in lines.items() if is_new]
        if news and self._send("\n".join(news)):
            self._is_ready |= lines["READY=1"]
            self._is_stopping = is_stopping
            self._status = words
            if is_due:
                self._due_ns = now_ns + self._period_ns

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    def _send(self, text: str) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return False  # told again in the next turn
        return True
