"""What may stand in a configuration file about a run's record: logs, and who is told of events."""

from typing import Annotated, Literal

from msgspec import Meta

from lib.defaults import default
from supervisor.config.section import Section, unit
from supervisor.config.units import Duration, Size


class LogSection(Section, frozen=True):
    """What the logs look like, and how much of them is kept."""

    format: Literal["text", "json"] = default("log.format")
    level: Literal["trace", "debug", "info", "success", "warning", "error", "critical"] = default(
        "log.level"
    )
    size: Size = unit(Size, "log.size")
    keep: Annotated[int, Meta(ge=0, le=99)] = default("log.keep")


class HookSection(Section, frozen=True):
    """Whom to tell of events: one of `command`, `webhook`, `notify`."""

    command: str | list[str] | None = None
    webhook: str | None = None
    notify: str | None = None
    level: Literal["info", "warning", "error"] = default("on_event.level")
    events: Annotated[tuple[str, ...], Meta(min_length=1)] = default("on_event.events")
    workers: Annotated[tuple[str, ...], Meta(min_length=1)] = default("on_event.workers")
    timeout: Duration = unit(Duration, "on_event.timeout")
    every: Duration = unit(Duration, "on_event.every")
