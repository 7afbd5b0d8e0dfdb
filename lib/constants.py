"""Names that never change: the exchange's vocabulary, dictionary keys, secret names, units.

No value that a user may want to tune lives here; those stand in `lib/defaults.py`.
"""

import signal
from enum import StrEnum

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND
MS_PER_SECOND = 1_000

HAND_OVER = signal.SIGUSR1
"""Asks a worker to end and to leave what it holds to its next life, which follows at once."""


class Side(StrEnum):
    """Direction of an order or of a trade's aggressor."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """Order types that Tickvisor sends."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP_MARKET = "STOP_MARKET"


class TimeInForce(StrEnum):
    """How long a LIMIT order stays: GTX is post-only."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTX = "GTX"
    GTD = "GTD"


class Status(StrEnum):
    """State of an order as a bot sees it in `onOrder`.

    The first group is open, the second final. `UNKNOWN` is open: the exchange may or may not have
    the order, and the exchange worker is finding out.
    """

    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    TRIGGERING = "TRIGGERING"

    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    NOT_SENT = "NOT_SENT"
    NOT_PLACED = "NOT_PLACED"

    @property
    def is_final(self) -> bool:
        """True when no further event can change the order."""
        return self in FINAL


FINAL = frozenset(
    {
        Status.FILLED,
        Status.CANCELED,
        Status.EXPIRED,
        Status.REJECTED,
        Status.NOT_SENT,
        Status.NOT_PLACED,
    }
)


class Channel(StrEnum):
    """Kinds of data whose freshness is watched; the market ones are topics' kinds, too."""

    BOOK = "book"
    TRADE = "trade"
    CANDLE = "candle"
    MARK = "mark"
    DEPTH = "depth"
    ACCOUNT = "account"


MARKET_CHANNELS = (Channel.BOOK, Channel.TRADE, Channel.CANDLE, Channel.MARK, Channel.DEPTH)


class WorkerKind(StrEnum):
    """Kinds of worker processes."""

    VENUE = "venue"
    EXCHANGE = "exchange"
    STREAM = "stream"
    BOT = "bot"


class WorkerState(StrEnum):
    """Life of a worker as `supervisor status` shows it."""

    STARTING = "starting"
    READY = "ready"
    STALE = "stale"
    HUNG = "hung"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    EXITED = "exited"
    FAILED = "failed"


class ExitReason(StrEnum):
    """Why a worker's last life ended."""

    REQUESTED = "requested"
    EXIT = "exit"
    SIGNAL = "signal"
    HUNG = "hung"
    STALE = "stale"
    SLOW = "slow"
    SICK = "sick"
    LIFELINE = "lifeline"


class ExitCode:
    """Exit codes of the `supervisor` command and of its workers."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    NOT_RUNNING = 3
    DEGRADED = 4


class KEY:
    """Keys of the dictionaries that cross the public interfaces (config sections and results)."""

    PROJECT = "project"
    SYMBOL = "symbol"
    EXCHANGE = "exchange"
    NAME = "name"
    BOT = "bot"
    WATCH = "watch"
    REST_URL = "rest_url"
    WS_URL = "ws_url"
    SIDE = "side"
    PRICE = "price"
    QTY = "qty"
    ASKS = "asks"
    BIDS = "bids"
    ASK_PRICE = "ask_price"
    ASK_QTY = "ask_qty"
    BID_PRICE = "bid_price"
    BID_QTY = "bid_qty"
    TIMESTAMP = "timestamp"
    OPEN = "open"
    HIGH = "high"
    LOW = "low"
    CLOSE = "close"
    VOLUME = "volume"
    ASSET = "asset"
    BALANCE = "balance"
    AVAILABLE = "available"
    UNREALIZED = "unrealized"


class VAULT:
    """Names of the secrets that a vault is asked for."""

    KEY = "key"
    SECRET = "secret"  # noqa: S105 - the name of a secret, not its value
    PRIVATE_KEY = "private_key"
    TOKEN = "token"  # noqa: S105 - the name of a secret, not its value
    PASSWORD = "password"  # noqa: S105 - the name of a secret, not its value
