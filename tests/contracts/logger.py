"""What every logger must do; run your own through it by a subclass with two fixtures.

`logger` makes one whose lowest level is `trace`; `events` returns what it has told so far, as
(level in lower case, message, fields).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.logger import AbstractLogger
from lib.redaction import remember

Events = Callable[[], list[tuple[str, str, dict[str, Any]]]]
LEVELS = ("trace", "debug", "info", "success", "warning", "error", "critical")


class Unprintable:
    """An object that has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


class LoggerContract:
    """Tests of `AbstractLogger`."""

    @pytest.mark.parametrize("level", LEVELS)
    def test_each_level_is_told(self, logger: AbstractLogger, events: Events, level: str) -> None:
        getattr(logger, level)("order posted", id="abc", price=Decimal("1.50"))

        assert events() == [(level, "order posted", {"id": "abc", "price": "1.50"})]

    def test_messages_are_never_taken_for_formats(
        self, logger: AbstractLogger, events: Events
    ) -> None:
        message = "100 % {of} <red>it</red> {0} %s"
        logger.info(message, text=message)

        assert events() == [("info", message, {"text": message})]

    def test_fields_of_any_kind_are_told(self, logger: AbstractLogger, events: Events) -> None:
        logger.info(
            "kinds", nested={"a": [1, None, True]}, error=ValueError("bad"), thing=Unprintable()
        )

        ((_, _, fields),) = events()
        assert fields["nested"] == {"a": [1, None, True]}
        assert fields["error"] == "ValueError: bad"
        assert "Unprintable" in fields["thing"]

    def test_secrets_are_hidden(self, logger: AbstractLogger, events: Events) -> None:
        remember("contract-secret-value")
        logger.error(
            "refused: signature=0123abcd, contract-secret-value",
            listenKey="abc",
            url="https://x/y?listenKey=pqia91",
            error=RuntimeError("contract-secret-value"),
        )

        ((_, message, fields),) = events()
        assert message == "refused: signature=***, ***"
        assert fields["listenKey"] == "***"
        assert fields["url"] == "https://x/y?listenKey=***"
        assert fields["error"] == "RuntimeError: ***"
