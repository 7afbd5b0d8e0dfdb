"""Raw websocket frames of Binance USD-M in, bus messages out (pure logic, hot path).

Frames come raw or in the combined envelope; fields that we do not know are ignored. What cannot be
used is counted and dropped, never raised. Event time `E` (when the exchange sent it) is what
latency is measured from; `T`, where there is one, is when it happened.
"""

from collections import Counter
from typing import Any

import msgspec

from lib.bus.protocol import Candle
from lib.stream.binance.events import KNOWN, Event, decode_any, decode_combined
from lib.stream.binance.messages import BUILDERS, BUILDERS_BY_TRANSACTION, Parsed

MAX_NAMES = 100
"""Different names of unknown events counted one by one."""


class Parser:
    """Turns frames into messages.

    Args:
        exchange: Name that the messages carry.
        live_candles: Give unfinished candles, too.
        partial_depth: What a `depthUpdate` without a stream's name is: partial depth, or (False)
            a diff.
        by_transaction: Date messages by when they happened (`T`), not by when they were sent.
    """

    def __init__(
        self,
        exchange: str,
        *,
        live_candles: bool = False,
        partial_depth: bool = True,
        by_transaction: bool = False,
    ) -> None:
        """Start with all counters at 0."""
        self._builders = BUILDERS_BY_TRANSACTION if by_transaction else BUILDERS
        self._exchange = exchange
        self._live_candles = live_candles
        self._unnamed = "@depth20" if partial_depth else ""
        self.malformed = 0
        """Frames that are not JSON, or lack what their event must have."""
        self.unusable = 0
        """Events of the right shape whose values cannot be: crossed book, price 0 or no number."""
        self.unknown: Counter[str] = Counter()
        """Events that we have no use for, by name."""
        self.refusals: Counter[str] = Counter()
        """Control messages that the exchange refused, by its words."""

    def parse(self, frame: bytes | str, received_ns: int, offset_ns: int = 0) -> list[Parsed]:
        """Return the messages of one frame: one, or none.

        Args:
            frame: As received.
            received_ns: Local receive time, ns since the epoch.
            offset_ns: Exchange's minus local clock; a latency is receive time plus this, minus
                event time.
        """
        try:
            combined = decode_combined(frame)
        except (msgspec.MsgspecError, UnicodeError):
            return self._explain(frame, received_ns + offset_ns)
        return self._build(combined.data, received_ns + offset_ns, combined.stream)

    def _build(self, event: Event, received_ns: int, stream: str) -> list[Parsed]:
        # `received_ns` is by the exchange's clock from here on
        try:
            message = self._builders[type(event)](event, self._exchange, received_ns, stream)
        except ValueError:
            self.unusable += 1
            return []
        if message is None or (
            type(message) is Candle and not (message.finished or self._live_candles)
        ):
            return []
        return [message]

    def _explain(self, frame: bytes | str, received_ns: int) -> list[Parsed]:
        # off the hot path: raw frames, control answers, events we have no use for, nonsense
        try:
            value = decode_any(frame)
        except (msgspec.MsgspecError, UnicodeError):
            self.malformed += 1
            return []
        stream = self._unnamed
        if isinstance(value, dict) and isinstance(value.get("stream"), str) and "data" in value:
            stream, value = value["stream"], value["data"]
        if not self._is_ours(value):
            return []
        try:
            event = msgspec.convert(value, Event)
        except msgspec.MsgspecError:
            self.malformed += 1
            return []
        return self._build(event, received_ns, stream)

    def _is_ours(self, value: Any) -> bool:
        if isinstance(value, list):
            self.unknown["array"] += 1
            return False
        if not isinstance(value, dict):
            self.malformed += 1
            return False
        event = value.get("e")
        if isinstance(event, str):
            if event not in KNOWN:
                _count(self.unknown, event)
            return event in KNOWN
        self._note_control(value)
        return False

    def _note_control(self, value: dict[str, Any]) -> None:
        error = value.get("error", value)
        if isinstance(error, dict) and "code" in error:
            _count(self.refusals, f"{error['code']}: {error.get('msg', '')}")
        elif not ("id" in value and "result" in value):
            self.malformed += 1


def _count(counter: Counter[str], name: str) -> None:
    # names come from outside: they must not fill our memory
    counter[name if name in counter or len(counter) < MAX_NAMES else "others"] += 1
