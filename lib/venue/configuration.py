"""The venue's configuration, checked and turned into parts."""

import difflib
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.errors import ConfigError
from lib.helpers import round_down
from lib.venue.auth import Account
from lib.venue.feeds import Feed
from lib.venue.latency import Latency, read_latency
from lib.venue.limits import Quotas
from lib.venue.live_feed import LiveFeed
from lib.venue.options import Options
from lib.venue.persistence import Saved, read_file
from lib.venue.recording_feed import make_recording
from lib.venue.symbols import SymbolInfo, catalogue, info, with_price
from lib.venue.synthetic import SyntheticFeed

FEEDS = ("synthetic", "recording", "live")
LATENCIES = ("order", "cancel", "market")
USER_EVENTS = ("off", "silent", "expire")
CHOICES = {
    "queue_cancels": ("proportional", "none"),
    "self_trade_prevention": ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"),
}
QUIET_FEEDS_LIMIT = 20_000
KEYS = frozenset(
    {
        *("feed", "symbols", "active", "seed", "rate", "speed", "history_minutes"),
        *("files", "file", "loop", "start", "rest_url", "ws_url", "record"),
        *("port", "balance", "accounts", "key", "secret", "public_key", "key_seed", "persist"),
        *("latency", "order_latency", "cancel_latency", "user_stream_requires_events"),
        *("connection_life", "ping_period", "pong_timeout", "listen_key_life"),
        *("messages_per_second", "weight_limit", "orders_10s", "orders_1m", "ledger_limit"),
        *(field.name for field in fields(Options) if not field.name.endswith("_ns")),
    }
)
"""What a section may hold."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a venue is built from.

    `connection_ns` is the life of a websocket, `ping_ns` the time between two pings of ours,
    `pong_ns` how long a peer may stay silent about them, `messages` what a peer may send per
    second; `latencies` delay order entry, cancels and market data; `record` names a file that
    gets the frames of a live feed, `persist` one that gets the accounts.
    """

    feed: Feed
    listed: dict[str, SymbolInfo]
    accounts: list[Account]
    balances: dict[str, Decimal]
    options: Options
    quotas: Quotas
    seed: int
    keys_seed: str
    user_events: str
    listen_key_ns: int
    connection_ns: int
    ping_ns: int
    pong_ns: int
    messages: int
    port: int
    ledger_limit: int
    strict: bool
    latencies: dict[str, Latency]
    record: str
    persist: str
    saved: Saved | None


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Return the settings that a config section means.

    Raises:
        ConfigError: A value is wrong.
    """
    try:
        return _read(config)
    except (ValueError, TypeError, InvalidOperation) as error:
        raise ConfigError(f"venue: {error}") from error


def _read(config: Mapping[str, Any]) -> Settings:
    for name in config:
        if name not in KEYS:
            raise ConfigError(f"venue.{name} is no setting{_meant(name)}")
    feed_name = str(config.get("feed", "synthetic"))
    if feed_name not in FEEDS:
        raise ConfigError(f"venue.feed {feed_name!r} is none of {', '.join(FEEDS)}")
    user_events = str(config.get("user_stream_requires_events", "off"))
    if user_events not in USER_EVENTS:
        known = ", ".join(USER_EVENTS)
        raise ConfigError(f"venue.user_stream_requires_events {user_events!r} is none of {known}")
    seed = int(config.get("seed", 1))
    persist = str(config.get("persist") or "")
    saved = read_file(persist) if persist else None
    feed = make_feed(feed_name, config, seed, saved.prices if saved is not None else {})
    accounts = _accounts(config)
    options = _options(config)
    return Settings(
        feed=feed,
        listed=feed.listed(),
        accounts=accounts,
        balances=_balances(config.get("balance", "10000")),
        options=options,
        quotas=Quotas(
            weight=int(config.get("weight_limit", 2400)),
            orders_10s=int(config.get("orders_10s", 300)),
            orders_1m=int(config.get("orders_1m", 1200)),
        ),
        seed=seed,
        keys_seed=accounts[0].secret or accounts[0].key,
        user_events=user_events,
        listen_key_ns=_ns(config, "listen_key_life", 3600.0),
        connection_ns=_ns(config, "connection_life", 86_400.0),
        ping_ns=_ns(config, "ping_period", 180.0),
        pong_ns=_ns(config, "pong_timeout", 600.0),
        messages=int(config.get("messages_per_second", 10)),
        port=int(config.get("port", 0)),
        ledger_limit=int(config.get("ledger_limit", QUIET_FEEDS_LIMIT)),
        strict=bool(config.get("strict_parameters", True)),
        latencies=_latencies(config, seed),
        record=str(config.get("record") or ""),
        persist=persist,
        saved=saved,
    )


def _meant(name: object) -> str:
    close = difflib.get_close_matches(str(name), KEYS, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def make_feed(
    name: str, config: Mapping[str, Any], seed: int, prices: Mapping[str, Decimal]
) -> Feed:
    """Return the feed that a config names.

    Args:
        name: `synthetic`, `recording` or `live`.
        config: The venue's section.
        seed: Of a synthetic market.
        prices: Where synthetic symbols start, if not at the catalogue's prices.

    Raises:
        ConfigError: Its files are wrong.
    """
    symbols = [str(symbol).upper() for symbol in config.get("symbols") or ()]
    active = [str(symbol).upper() for symbol in config.get("active") or symbols]
    if name == "recording":
        feed = make_recording(config, symbols)
        missing = sorted(set(active) - set(feed.listed()))
        if missing:
            held = ", ".join(sorted(feed.listed()))
            message = f"venue.files hold no {', '.join(missing)}; they hold {held}"
            raise ConfigError(message, about=missing[0])
        return feed
    if name == "live":
        if not config.get("rest_url") or not config.get("ws_url"):
            raise ConfigError("venue.feed live needs venue.rest_url and venue.ws_url")
        # what the real exchange lists is known when it has answered
        listed = listing(symbols) | {symbol: info(symbol) for symbol in active}
        return LiveFeed(listed, active, only=bool(symbols))
    rate = float(config.get("rate", 20.0)) * float(config.get("speed", 1.0))
    minutes = int(config.get("history_minutes", 120))
    listed = listing(symbols)
    for symbol, price in prices.items():
        if symbol in listed:
            rules = listed[symbol]
            listed[symbol] = with_price(rules, round_down(price, rules.tick))
    return SyntheticFeed(listed, _known(active, listed), seed, rate, minutes)


def listing(symbols: list[str]) -> dict[str, SymbolInfo]:
    """Return the named symbols' rules, or the whole catalogue when none is named."""
    return {symbol: info(symbol) for symbol in symbols} or dict(catalogue())


def _known(active: list[str], listed: Mapping[str, SymbolInfo]) -> list[str]:
    # What a bot misspelt is not played: whoever asks for it is told that there is no such symbol.
    return [symbol for symbol in active if symbol in listed]


def throwaway(seed: object) -> tuple[str, str]:
    """Return an API key and its secret, the same for the same seed; None: fresh ones."""
    if seed is None:
        return secrets.token_hex(32), secrets.token_hex(32)
    return tuple(  # type: ignore[return-value]
        hashlib.sha256(f"{seed}:{part}".encode()).hexdigest() for part in ("key", "secret")
    )


def _accounts(config: Mapping[str, Any]) -> list[Account]:
    rows = config.get("accounts") or [{}]
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise ConfigError("venue.accounts is no list of mappings; right: [{name: main}]")
    accounts = []
    for number, row in enumerate(rows):
        seed = config.get("key_seed")
        key, secret = throwaway(None if seed is None else f"{seed}:{number}")
        public_key = str(row.get("public_key", config.get("public_key", "")))
        key = str(row.get("key") or (config.get("key") if number == 0 else "") or key)
        secret = str(row.get("secret") or (config.get("secret") if number == 0 else "") or secret)
        name = str(row.get("name", "main" if number == 0 else f"account-{number + 1}"))
        withdrawals = bool(row.get("withdrawals", False))
        accounts.append(Account(name, key, secret, public_key, withdrawals))
    return accounts


def _balances(value: object) -> dict[str, Decimal]:
    rows = value if isinstance(value, Mapping) else {"USDT": value}
    try:
        return {str(asset): Decimal(str(amount)) for asset, amount in rows.items()}
    except InvalidOperation as error:
        raise ConfigError(f"venue.balance {value!r} is not a number") from error


def _options(config: Mapping[str, Any]) -> Options:
    values: dict[str, Any] = {}
    for field in fields(Options):
        if field.name in config:
            values[field.name] = _option(field.name, field.type, config[field.name])
    for name in ("order_latency", "cancel_latency"):
        if name in config:
            values[f"{name}_ns"] = _ns(config, name, 0.0)
    return Options(**values)


def _option(name: str, kind: Any, value: object) -> Any:
    known = CHOICES.get(name)
    if known is not None and value not in known:
        raise ConfigError(f"venue.{name} {value!r} is none of {', '.join(known)}")
    if kind is bool and not isinstance(value, bool):
        raise ConfigError(f"venue.{name} {value!r} is not true or false")
    if kind not in (int, Decimal):
        return value
    try:
        return kind(str(value))
    except (ValueError, InvalidOperation) as error:
        raise ConfigError(f"venue.{name} {value!r} is not a number") from error


def _latencies(config: Mapping[str, Any], seed: int) -> dict[str, Latency]:
    found = config.get("latency") or {}
    if not isinstance(found, Mapping) or set(found) - set(LATENCIES):
        raise ConfigError(f"venue.latency {found!r} is no mapping of {', '.join(LATENCIES)}")
    return {name: read_latency(found.get(name), f"{seed}:{name}") for name in LATENCIES}


def _ns(config: Mapping[str, Any], name: str, default: float) -> int:
    return round(float(config.get(name, default)) * NS_PER_SECOND)
