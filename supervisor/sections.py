"""What may stand in a configuration file: one frozen struct per section, with types and ranges.

`supervisor check --schema` prints these as a JSON schema.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from lib.constants import Channel
from lib.defaults import default
from supervisor.units import Duration, Limit, Rate, Span

Count = Annotated[int, Meta(ge=1)]
Money = Annotated[Decimal, Meta(description="amount in quote asset")]
MarketChannel = Literal["book", "trade", "candle", "mark", "depth"]
Candles = Literal["live", "closed"]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections."""


class RiskSection(Section):
    """Limits that no bot can pass."""

    max_position_usd: Money | None = None
    max_order_usd: Money | None = None
    max_open_orders: Count | None = None
    max_orders_per_second: Annotated[float, Meta(gt=0)] | None = None
    max_daily_loss_usd: Money | None = None


class ExchangeSection(Section):
    """One exchange: where it is, who we are there, how much we may risk."""

    rest_url: Annotated[str, Meta(pattern="^https?://[^ ]+$")] = ""
    ws_url: Annotated[str, Meta(pattern="^wss?://[^ ]+$")] = ""
    key: str = ""
    secret: str = ""
    private_key: str = ""
    risk: RiskSection = RiskSection()
    dead_man: Duration = Duration(default("EXCHANGE.dead_man"))
    paper: bool = default("EXCHANGE.paper")


class VenueSection(Section):
    """The embedded exchange."""

    feed: Literal["synthetic", "recording", "live"] = default("venue.feed")
    seed: int = default("venue.seed")
    speed: Annotated[float, Meta(gt=0)] = default("venue.speed")
    port: Annotated[int, Meta(ge=0, le=65535)] = default("venue.port")
    symbols: list[str] = []
    files: list[str] = []
    loop: bool = default("venue.loop")
    start: Duration = Duration(default("venue.start"))
    rate: Annotated[float, Meta(gt=0)] = default("venue.rate")
    balance: Money = Decimal(default("venue.balance"))
    persist: str | None = None
    rest_url: str = ""
    ws_url: str = ""


class StreamSection(Section):
    """Market data: which channels, how many processes, what is stored."""

    replicas: Annotated[int, Meta(ge=1, le=8)] = default("stream.replicas")
    channels: tuple[MarketChannel, ...] = default("stream.channels")
    store: tuple[MarketChannel, ...] = ()
    candles: Candles = default("stream.candles")


class WatchdogSection(Section):
    """How old the newest data may be, per channel."""

    book: Limit = Limit(default("watchdog.book"))
    trade: Limit = Limit(default("watchdog.trade"))
    candle: Limit = Limit(default("watchdog.candle"))
    mark: Limit = Limit(default("watchdog.mark"))
    depth: Limit = Limit(default("watchdog.depth"))
    account: Limit = Limit(default("watchdog.account"))
    heartbeat: Duration = Duration(default("watchdog.heartbeat"))

    def limit(self, channel: str) -> float:
        """Return a channel's limit in seconds, 0 = not watched, `watch.LEARNED` = learned."""
        return float(getattr(self, Channel(channel).value))


class RestartSection(Section):
    """How workers are brought back."""

    backoff: Span = Span(default("restart.backoff"))
    limit: Rate = Rate(default("restart.limit"))
    on_failed: Literal["isolate", "stop", "halt"] = default("restart.on_failed")
    grace: Duration | None = None


class LogSection(Section):
    """What the logs look like."""

    format: Literal["text", "json"] = default("log.format")
    level: Literal["trace", "debug", "info", "success", "warning", "error", "critical"] = default(
        "log.level"
    )


class BotSection(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy; keys that stand not here are the strategy's own."""

    bot: str
    symbols: Annotated[list[str], Meta(min_length=1)]
    name: str = ""
    watch: list[str] = []
    overrides: dict[str, dict[str, Any]] = {}
    restart: RestartSection | None = None
    on_error: Literal["restart", "continue"] = default("bots.on_error")
    candles: Candles = default("bots.candles")


class VaultSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where secrets are kept; keys that stand not here are the vault's own."""

    name: str = ""


class RootSection(Section):
    """The whole file, but for the exchange's section, whose name is the exchange's."""

    project: str
    bots: Annotated[list[BotSection], Meta(min_length=1)]
    factory: str = default("factory")
    database: str = ""
    logger: str = ""
    state: str = ""
    timer: str = ""
    vault: str | VaultSection = ""
    exchange: str = default("exchange")
    venue: VenueSection | None = None
    stream: StreamSection = StreamSection()
    watchdog: WatchdogSection = WatchdogSection()
    restart: RestartSection = RestartSection()
    log: LogSection = LogSection()
    influx: dict[str, Any] = {}
    timescale: dict[str, Any] = {}
    sqlite: dict[str, Any] = {}
    custom: dict[str, Any] = {}
