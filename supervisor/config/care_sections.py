"""How workers are watched, brought back and placed: one frozen struct per section."""

from typing import Annotated, Literal

from msgspec import Meta, field

from lib.constants import Channel
from lib.defaults import default
from supervisor.config.section import Section, unit
from supervisor.config.units import Duration, Limit, Rate, Size, Span

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[int, Meta(ge=1)]
OnFailed = Literal["isolate", "stop", "halt"]


class WatchdogSection(Section, frozen=True):
    """How old the newest data may be per channel, and what else makes a worker ill."""

    book: Limit = unit(Limit, "watchdog.book")
    trade: Limit = unit(Limit, "watchdog.trade")
    candle: Limit = unit(Limit, "watchdog.candle")
    mark: Limit = unit(Limit, "watchdog.mark")
    depth: Limit = unit(Limit, "watchdog.depth")
    account: Limit = unit(Limit, "watchdog.account")
    heartbeat: Duration = unit(Duration, "watchdog.heartbeat")
    lag: Duration = unit(Duration, "watchdog.lag")
    delay: Duration = unit(Duration, "watchdog.delay")
    dropped: Share = default("watchdog.dropped")
    slow_restart: Duration = unit(Duration, "watchdog.slow_restart")
    errors: Rate = unit(Rate, "watchdog.errors")

    def limit(self, channel: str) -> float:
        """Return a channel's limit in seconds, 0 = not watched, `watch.LEARNED` = learned."""
        return float(getattr(self, Channel(channel).value))


class RestartPart(Section, frozen=True):
    """How workers of one kind are brought back; what is None is as for all."""

    backoff: Span | None = None
    limit: Rate | None = None
    on_failed: OnFailed | None = None
    grace: Duration | None = None
    restarts_with: tuple[str, ...] | None = None


class RestartSection(Section, frozen=True):
    """How workers are brought back."""

    backoff: Span = unit(Span, "restart.backoff")
    limit: Rate = unit(Rate, "restart.limit")
    on_failed: OnFailed = default("restart.on_failed")
    grace: Duration | None = None
    restarts_with: tuple[str, ...] = default("restart.restarts_with")
    venue: RestartPart | None = None
    exchange: RestartPart | None = None
    stream: RestartPart | None = None
    bot: RestartPart | None = None


class ResourcesPart(Section, frozen=True):
    """What one worker may use and where it runs; what is None is as for all."""

    memory: Size | None = None
    memory_max: Size | None = None
    descriptors: Positive | None = None
    cpu: Annotated[float, Meta(gt=0)] | None = None
    nice: Annotated[int, Meta(ge=0, le=19)] | None = None
    cpus: tuple[Annotated[int, Meta(ge=0)], ...] | None = None


class ResourcesSection(ResourcesPart, frozen=True):
    """The same for all workers, for those of one kind, and for single ones by name."""

    venue: ResourcesPart | None = None
    exchange: ResourcesPart | None = None
    stream: ResourcesPart | None = None
    bot: ResourcesPart | None = None
    workers: dict[str, ResourcesPart] = field(default_factory=dict)
