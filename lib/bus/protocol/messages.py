"""What is published: every message that crosses a process, and its kind."""

from typing import Any, NamedTuple

# --- market (stream worker -> everyone) -----------------------------------------------------------


class Book(NamedTuple):
    """Best ask and bid of one symbol; conflated by subscribers that fall behind."""

    symbol: str
    ask_price: str
    ask_qty: str
    bid_price: str
    bid_qty: str
    exchange: str
    event_ns: int
    """Exchange's own time of the event."""
    update_id: int
    """Exchange's update id: grows per symbol, the same in every replica."""
    latency_ns: int
    """Receipt in our process minus `event_ns`, corrected by the estimated clock offset."""


class Trade(NamedTuple):
    """One (aggregated) trade; `side` is the aggressor's."""

    symbol: str
    price: str
    qty: str
    side: str
    exchange: str
    event_ns: int
    update_id: int
    latency_ns: int


class Candle(NamedTuple):
    """One 1-minute candle, finished or still growing."""

    symbol: str
    open_ns: int
    """Start of the minute."""
    open: str
    high: str
    low: str
    close: str
    volume: str
    finished: bool
    exchange: str
    event_ns: int
    latency_ns: int


class Mark(NamedTuple):
    """Mark price, index price and the coming funding."""

    symbol: str
    mark_price: str
    index_price: str
    funding_rate: str
    next_funding_ns: int
    exchange: str
    event_ns: int
    latency_ns: int


class Depth(NamedTuple):
    """Top levels of the book, each `[price, qty]`, best first."""

    symbol: str
    bids: list[list[str]]
    asks: list[list[str]]
    exchange: str
    event_ns: int
    update_id: int
    latency_ns: int


# --- account (exchange worker -> bots) ------------------------------------------------------------


class OrderUpdate(NamedTuple):
    """A state of one order of `owner`, with the fill that led to it, if one did."""

    owner: str
    """`<bot name>:<SYMBOL>`."""
    symbol: str
    id: str
    """Client order id, as returned by `Post`."""
    side: str
    type: str
    status: str
    """`lib.constants.Status`."""
    price: str
    """Limit or trigger price; "0" for MARKET."""
    qty: str
    filled_qty: str
    """Cumulative, base quantity."""
    average_price: str
    reduce_only: bool
    reason: str
    """Why it was refused, cancelled or expired; empty otherwise."""
    fill_qty: str
    """Of this fill; "0" when this update carries none."""
    fill_price: str
    trade_id: int
    fee: str
    fee_asset: str
    maker: bool
    event_ns: int
    exchange_id: int
    """Exchange's order id, 0 while unknown."""
    replayed: bool = False
    """True for a fill that happened before this life of the bot."""
    fill_epoch: int = 0
    """Which journal numbered the fill, negative while it is in none; 0 without a fill."""
    fill_sequence: int = 0
    """The fill's number: 1, 2, 3, … per owner."""


class Account(NamedTuple):
    """Signed position and entry price of one symbol."""

    symbol: str
    price: str
    qty: str
    exchange: str
    event_ns: int
    unrealized: str = "0"


class Balance(NamedTuple):
    """Wallet and available balance of one margin asset."""

    asset: str
    balance: str
    available: str
    event_ns: int


# --- life cycle (supervisor -> everyone, and back) ------------------------------------------------


class Roster(NamedTuple):
    """Who lives: rows `[name, incarnation, state]`; repeated every 250 ms, sent at every change.

    A life that is not in it may not act.
    """

    run_state: str
    lives: list[list[Any]]
    halted: list[str]
    """Owners that may not add risk; "*" is everyone."""


class Command(NamedTuple):
    """An order of the supervisor to one worker."""

    worker: str
    action: str
    """`resubscribe`, `reconnect`, `configure`, `learn`, …; unknown ones are counted and ignored."""
    args: list[Any]


class Health(NamedTuple):
    """A component's health, for `onStatus`."""

    component: str
    """Worker name, or `channel:SYMBOL`."""
    healthy: bool
    reason: str


class Heartbeat(NamedTuple):
    """Sent by a worker from the very loop that does its work."""

    worker: str
    state: str
    """`starting`, `ready` or `stopping`."""
    lag_ns: int
    """How much later than planned the loop came round."""
    events: int
    """Data events handled in this life."""
    dropped: int
    """Events conflated or dropped in this life."""
    ages: dict[str, dict[str, int]]
    """Channel -> symbol -> age of the newest *new* data."""
    links: dict[str, int]
    """Connection -> age of the newest message of any kind."""
    counts: dict[str, int]
    """Channel:symbol -> new data events in this life, where it matters."""
    note: str
    """One line for a human: what this worker is doing."""
    errors: int = 0
    """What went wrong in this life without ending it: bad frames, failed handlers."""
    delay_ns: int = 0
    """How old data was when it was handled: the worst since the last beat, or the median."""


class Ask(NamedTuple):
    """A worker asks for a restart: of itself, or of another."""

    worker: str
    target: str
    """Worker name or kind; empty = the asking worker."""
    reason: str


class Report(NamedTuple):
    """A worker tells the supervisor a fact outside the beat."""

    worker: str
    kind: str
    """`endpoints` (venue), `refused` (bad config at start), `kept` (orders left on purpose)…"""
    facts: dict[str, Any]


Message = (
    Book
    | Trade
    | Candle
    | Mark
    | Depth
    | OrderUpdate
    | Account
    | Balance
    | Roster
    | Command
    | Health
    | Heartbeat
    | Ask
    | Report
)

KINDS: dict[str, type[Message]] = {
    "book": Book,
    "trade": Trade,
    "candle": Candle,
    "mark": Mark,
    "depth": Depth,
    "order": OrderUpdate,
    "account": Account,
    "balance": Balance,
    "roster": Roster,
    "command": Command,
    "health": Health,
    "beat": Heartbeat,
    "ask": Ask,
    "report": Report,
}
KIND_OF: dict[type[Message], str] = {message: kind for kind, message in KINDS.items()}
