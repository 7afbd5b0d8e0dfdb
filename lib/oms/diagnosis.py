"""Whether an account and a host are fit for trading, from what was read of them (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.oms.countdowns import LONGEST_SECONDS, PER_SYMBOL_NS, WEIGHT, period_of, timeout_of

CLOCK_WARN_MS = 250
CLOCK_WRONG_MS = 1_000
DISK_WARN_BYTES = 1_000_000_000
DISK_WRONG_BYTES = 50_000_000
FILES_WARN = 1_024
FILES_WRONG = 128
TRADING = "TRADING"
WEIGHT_LIMIT = 2_400


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: str
    """`ok`, `warning`, `wrong`, or `unreachable` (nothing could be asked)."""
    text: str
    passes: bool = False
    """What is wrong may be right in a minute: the host's clock, its disk."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """Settings of one symbol at the exchange."""

    name: str
    status: str
    margin_type: str
    leverage: int


@dataclass(frozen=True, slots=True)
class Account:
    """Settings of the account."""

    hedge: bool
    multi_assets: bool
    can_trade: bool


@dataclass(frozen=True, slots=True)
class Host:
    """What the host has."""

    clock_ms: float | None
    """Our clock minus the exchange's; None where there is none to compare with."""
    free_bytes: int
    files: int
    """Descriptors that one process may have."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the configuration wants."""

    symbols: tuple[str, ...]
    dead_man: float
    rest_url: str
    ws_url: str
    paper: bool
    is_real: bool
    """The addresses are an exchange's own, not a venue's."""
    known: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Environment -> parts of its host names."""
    leverage: int | None = None
    margin_type: str | None = None
    """What every symbol is to be set to; None = as it is."""


def examine_account(account: Account) -> list[Finding]:
    """Return what there is to say about the account's settings."""
    return [
        _judge(not account.hedge, "position mode one-way", "hedge mode; one-way mode is needed"),
        _judge(account.can_trade, "the key may trade", "the key may not trade futures"),
        _judge(
            not account.multi_assets, "single-asset margin", "multi-assets margin is on", warn=True
        ),
    ]


def examine_rights(*, withdrawals: bool) -> list[Finding]:
    """Return what there is to say about the rights of the key."""
    text = "the key may withdraw: take that right from it"
    return [_judge(not withdrawals, "the key may not withdraw", text, warn=True)]


def examine_symbols(symbols: Iterable[Symbol], wanted: Wanted) -> list[Finding]:
    """Return what there is to say about the traded symbols."""
    known = {symbol.name: symbol for symbol in symbols}
    found = []
    for name in wanted.symbols:
        symbol = known.get(name)
        if symbol is None:
            found.append(Finding("wrong", f"{name} is not listed"))
            continue
        text = f"{name}: {symbol.status}, {symbol.margin_type.lower()}, leverage {symbol.leverage}"
        found.append(Finding("ok" if symbol.status == TRADING else "wrong", text))
        found += _mismatches(symbol, wanted)
    return found


def _mismatches(symbol: Symbol, wanted: Wanted) -> list[Finding]:
    asked = (
        ("leverage", symbol.leverage, wanted.leverage),
        ("margin", symbol.margin_type.lower(), wanted.margin_type),
    )
    return [
        Finding("wrong", f"{symbol.name}: {what} is {found}, the configuration says {wish}")
        for what, found, wish in asked
        if wish is not None and found != wish
    ]


def examine_host(host: Host) -> list[Finding]:
    """Return what there is to say about the host."""
    disk = f"{host.free_bytes / 1e9:.1f} GB free for the journal"
    files = f"{host.files} descriptors per process"
    return [
        *_clock(host.clock_ms),
        Finding(_level(-host.free_bytes, -DISK_WARN_BYTES, -DISK_WRONG_BYTES), disk, passes=True),
        Finding(_level(-host.files, -FILES_WARN, -FILES_WRONG), files),
    ]


def _clock(clock_ms: float | None) -> list[Finding]:
    if clock_ms is None:
        return []
    level = _level(abs(clock_ms), CLOCK_WARN_MS, CLOCK_WRONG_MS)
    return [Finding(level, f"clock {clock_ms:+.0f} ms off the exchange's", passes=True)]


def examine_plan(wanted: Wanted) -> list[Finding]:
    """Return what there is to say about the configuration itself."""
    count = len(wanted.symbols)
    switch = examine_dead_man(wanted.dead_man, count, is_real=wanted.is_real)
    return [switch, *_environment(wanted)]


def examine_dead_man(wanted: float, count: int, *, is_real: bool) -> Finding:
    """Return what there is to say about the dead-man switch.

    Args:
        wanted: Its timeout as configured, seconds; 0 = off.
        count: Number of symbols.
        is_real: It protects real money.
    """
    if not wanted:
        level = "warning" if is_real else "ok"
        return Finding(level, "dead-man switch off: a dead host leaves its orders resting")
    seconds = timeout_of(wanted, count)
    period = period_of(wanted, count)
    share = 60 / period * count * WEIGHT / WEIGHT_LIMIT
    text = (
        f"dead-man switch: {seconds:.0f} s, refreshed every {period:.0f} s for {count} symbols, "
        f"{share:.0%} of the weight; it also cancels orders placed by hand"
    )
    if seconds > LONGEST_SECONDS:
        most = int(LONGEST_SECONDS / 3 / (PER_SYMBOL_NS / 1e9))
        text = (
            f"dead-man switch of {seconds:.0f} s is longer than {LONGEST_SECONDS:.0f} s: trade at "
            f"most {most} symbols with one account, or set `dead_man: 0`"
        )
        return Finding("wrong", text)
    return Finding("ok", text)


def _environment(wanted: Wanted) -> list[Finding]:
    orders, data = (_place(wanted, url) for url in (wanted.rest_url, wanted.ws_url))
    if orders == data:
        return [Finding("ok", f"orders and market data: {orders}")]
    text = f"orders go to {orders}, market data come from {data}"
    if wanted.paper:
        return [Finding("ok", f"{text} (paper: true)")]
    return [Finding("wrong", f"{text}; say `paper: true` if that is meant")]


def _place(wanted: Wanted, url: str) -> str:
    host = url.partition("://")[2].partition("/")[0].partition(":")[0]
    for name, parts in wanted.known.items():
        if any(part in host for part in parts):
            return name
    return host


def _judge(good: bool, yes: str, no: str, *, warn: bool = False) -> Finding:
    if good:
        return Finding("ok", yes)
    return Finding("warning" if warn else "wrong", no)


def _level(value: float, warn: float, wrong: float) -> str:
    if value >= wrong:
        return "wrong"
    return "warning" if value >= warn else "ok"
