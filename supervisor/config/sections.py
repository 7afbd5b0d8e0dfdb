"""What may stand in a configuration file: one frozen struct per section, with types and ranges.

A database's section says what it says and no more: its defaults are the database's own.

`supervisor check --schema` prints these as a JSON schema.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from lib.defaults import default
from supervisor.config.care_sections import (
    ResourcesPart,
    ResourcesSection,
    RestartPart,
    RestartSection,
    WatchdogSection,
)
from supervisor.config.record_sections import HookSection, LogSection
from supervisor.config.section import Section
from supervisor.config.section import unit as _unit
from supervisor.config.units import Delay, Duration

Count = Annotated[int, Meta(ge=1)]
Money = Annotated[Decimal, Meta(description="amount in quote asset")]
Amount = Annotated[Decimal, Meta(description="not negative; 0 = no limit")]
MarketChannel = Literal["book", "trade", "candle", "mark", "depth"]
Candles = Literal["live", "closed"]
MODULE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"


class LimitsSection(Section, frozen=True):
    """Limits of one bot, or of all together; 0 = none."""

    max_position_usd: Amount | None = None
    max_position_qty: Amount | None = None
    max_order_usd: Amount | None = None
    max_order_qty: Amount | None = None
    max_open_orders: Annotated[int, Meta(ge=0)] | None = None
    max_orders_per_second: Amount | None = None
    price_band: Amount | None = None
    max_daily_loss_usd: Amount | None = None
    max_refusals: Annotated[int, Meta(ge=0)] | None = None


class RiskSection(LimitsSection, frozen=True):
    """Limits that no bot can pass: of each bot, of all together, of single bots."""

    account: LimitsSection = field(default_factory=LimitsSection)
    bots: dict[str, LimitsSection] = field(default_factory=dict)


class ExchangeSection(Section, frozen=True):
    """One exchange: where it is, who we are there, how much we may risk."""

    rest_url: Annotated[str, Meta(pattern="^https?://[^ ]+$")] = ""
    ws_url: Annotated[str, Meta(pattern="^wss?://[^ ]+$")] = ""
    key: str = ""
    secret: str = ""
    private_key: str = ""
    risk: RiskSection = field(default_factory=RiskSection)
    dead_man: Duration = _unit(Duration, "EXCHANGE.dead_man")
    dead_man_off: tuple[str, ...] = default("EXCHANGE.dead_man_off")
    dead_man_covers_algo: Literal["unknown", "yes", "no"] = default("EXCHANGE.dead_man_covers_algo")
    conditional_entries: bool = default("EXCHANGE.conditional_entries")
    foreign_orders: Literal["ignore", "warn", "stop"] = default("EXCHANGE.foreign_orders")
    journal_sync: Literal["normal", "full"] = default("EXCHANGE.journal_sync")
    leverage: Annotated[int, Meta(ge=1, le=125)] | None = None
    margin_type: Literal["crossed", "isolated"] | None = None
    order_window: Duration = _unit(Duration, "EXCHANGE.order_window")
    absence_margin: Duration = _unit(Duration, "EXCHANGE.absence_margin")
    absence_margin_conditional: Duration = _unit(Duration, "EXCHANGE.absence_margin_conditional")
    absence_apart: Duration = _unit(Duration, "EXCHANGE.absence_apart")
    paper: bool = default("EXCHANGE.paper")


class LatencySection(Section, frozen=True):
    """How late orders and cancels reach the venue, and its market data whoever listens."""

    order: Delay | None = None
    cancel: Delay | None = None
    market: Delay | None = None


class AccountSection(Section, frozen=True):
    """One account of the venue; a key that is not given is made up."""

    name: str | None = None
    key: str | None = None
    secret: str | None = None
    public_key: str | None = None
    withdrawals: bool = False


class VenueSection(Section, frozen=True):
    """The embedded exchange; what is None is left to it."""

    feed: Literal["synthetic", "recording", "live"] = default("venue.feed")
    seed: int = default("venue.seed")
    speed: Annotated[float, Meta(gt=0)] = default("venue.speed")
    port: Annotated[int, Meta(ge=0, le=65535)] = default("venue.port")
    symbols: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    loop: bool = default("venue.loop")
    start: Duration = _unit(Duration, "venue.start")
    rate: Annotated[float, Meta(gt=0)] = default("venue.rate")
    balance: Money | dict[str, Money] = Decimal(default("venue.balance"))
    persist: str | None = None
    rest_url: str = ""
    ws_url: str = ""
    record: str | None = None
    accounts: Annotated[list[AccountSection], Meta(min_length=1)] | None = None
    latency: LatencySection | None = None
    order_latency: Duration | None = None
    cancel_latency: Duration | None = None
    user_stream_requires_events: Literal["off", "silent", "expire"] | None = None
    connection_life: Duration | None = None
    ping_period: Duration | None = None
    pong_timeout: Duration | None = None
    listen_key_life: Duration | None = None
    messages_per_second: Count | None = None
    weight_limit: Count | None = None
    orders_10s: Count | None = None
    orders_1m: Count | None = None
    strict_parameters: bool | None = None
    history_minutes: Count | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    queue_cancels: Literal["proportional", "none"] | None = None
    deep_levels: Count | None = None
    dead_man_covers_algo: bool | None = None
    leverage: Annotated[int, Meta(ge=1, le=125)] | None = None
    self_trade_prevention: Literal["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"] | None = (
        None
    )
    max_algo_orders: Count | None = None


class StreamSection(Section, frozen=True):
    """Market data: which channels, how many processes, what is stored."""

    replicas: Annotated[int, Meta(ge=1, le=8)] = default("stream.replicas")
    channels: tuple[MarketChannel, ...] = default("stream.channels")
    store: tuple[MarketChannel, ...] = ()
    candles: Candles = default("stream.candles")
    depth: Literal["partial", "diff"] | None = None
    renew: Duration | None = None
    streams_per_connection: Annotated[int, Meta(ge=1, le=1024)] | None = None


class RecordsSection(Section, frozen=True):
    """What all databases' sections have: how records are named and indexed."""

    measurement: str | None = None
    tags: list[str] | None = None
    integers: list[str] | None = None


class InfluxSection(RecordsSection, frozen=True):
    """InfluxDB: `org`, `bucket`, `token` (2.x, 3), or `database`, `user`, `password` (1.x)."""

    url: str | None = None
    org: str | None = None
    bucket: str | None = None
    token: str | None = None
    database: str | None = None
    user: str | None = None
    password: str | None = None
    timeout: Duration | None = None
    gzip: bool | None = None
    ca_cert: str | None = None
    verify_tls: bool | None = None


class TimescaleSection(RecordsSection, frozen=True):
    """PostgreSQL or TimescaleDB: `dsn`, or the server's parts."""

    dsn: str | None = None
    host: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    user: str | None = None
    password: str | None = None
    dbname: str | None = None
    sslmode: str | None = None
    sslrootcert: str | None = None
    timeout: Duration | None = None
    copy: bool | None = None


class SqliteSection(RecordsSection, frozen=True):
    """Files of the databases and states that need no server."""

    path: str | None = None
    state: str | None = None
    timeout: Duration | None = None


class SpoolSection(Section, frozen=True):
    """When records are sent, and where they wait while their database is away."""

    folder: str | None = None
    max_bytes: Count | None = None
    memory_records: Count | None = None
    batch_records: Count | None = None
    batch_time: Duration | None = None
    max_pause: Duration | None = None


class BotSection(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy; keys that stand not here are the strategy's own."""

    bot: str
    symbols: Annotated[list[str], Meta(min_length=1)]
    name: str = ""
    watch: list[str] = []
    overrides: dict[str, dict[str, Any]] = {}
    restart: RestartPart | None = None
    resources: ResourcesPart | None = None
    on_error: Literal["restart", "continue"] = default("bots.on_error")
    on_crash: Literal["cancel", "adopt", "leave"] = default("bots.on_crash")
    candles: Candles = default("bots.candles")
    tap: bool | str = default("bots.tap")
    history: bool = default("bots.history")


class VaultSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where secrets are kept; keys that stand not here are the vault's own."""

    name: str = ""


class RootSection(Section, frozen=True):
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
    stream: StreamSection = field(default_factory=StreamSection)
    watchdog: WatchdogSection = field(default_factory=WatchdogSection)
    restart: RestartSection = field(default_factory=RestartSection)
    resources: ResourcesSection = field(default_factory=ResourcesSection)
    log: LogSection = field(default_factory=LogSection)
    on_event: list[HookSection] = field(default_factory=list)
    preload: list[Annotated[str, Meta(pattern=MODULE)]] = field(default_factory=list)
    influx: InfluxSection | None = None
    timescale: TimescaleSection | None = None
    sqlite: SqliteSection | None = None
    spool: SpoolSection | None = None
    custom: dict[str, Any] = field(default_factory=dict)
    backtest: dict[str, Any] = field(default_factory=dict)
