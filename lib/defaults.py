"""The one place of values that a user may override: each with its unit and its reason.

Written as a user would write them in YAML; `supervisor check --defaults` prints which of them a
configuration leans on. The key is the way to the value in the file.
"""

from typing import Any, NamedTuple

from lib.durations import seconds


class Default(NamedTuple):
    """A value that stands unless the configuration says otherwise."""

    value: Any
    unit: str
    reason: str


DEFAULTS: dict[str, Default] = {
    "factory": Default("SandboxFactory", "name", "needs no server and no file"),
    "exchange": Default("BINANCE.FUTURES", "name", "the one that ships"),
    "EXCHANGE.dead_man": Default(
        "60s", "duration", "one weight unit per symbol each 20 s; longer leaves orders unattended"
    ),
    "EXCHANGE.dead_man_off": Default((), "symbols", "every symbol has its dead-man switch"),
    "EXCHANGE.dead_man_covers_algo": Default(
        "unknown", "name", "nobody has written down whether it cancels conditional orders"
    ),
    "EXCHANGE.conditional_entries": Default(
        value=False, unit="bool", reason="a stop that adds risk could trigger without its bot"
    ),
    "EXCHANGE.foreign_orders": Default("warn", "name", "somebody trading by hand should be seen"),
    "EXCHANGE.journal_sync": Default(
        "normal", "name", "survives any process; `full` survives the machine and costs 0.4 ms"
    ),
    "EXCHANGE.order_window": Default(
        "3s", "duration", "recvWindow: so long the exchange may still take an order's request"
    ),
    "EXCHANGE.absence_margin": Default(
        "2s", "duration", "after the window, before an order of unknown fate can be proven absent"
    ),
    "EXCHANGE.absence_margin_conditional": Default(
        "60s", "duration", "conditional orders are another service, whose reads lag longer"
    ),
    "EXCHANGE.absence_apart": Default(
        "1s", "duration", "between two answers that deny an order: one alone may lag behind"
    ),
    "EXCHANGE.risk.max_position_usd": Default(25_000, "quote asset", "a typing error stays small"),
    "EXCHANGE.risk.max_position_qty": Default(0, "base quantity", "0 = no limit but the one above"),
    "EXCHANGE.risk.max_order_usd": Default(10_000, "quote asset", "a typing error stays small"),
    "EXCHANGE.risk.max_order_qty": Default(0, "base quantity", "0 = no limit but the one above"),
    "EXCHANGE.risk.max_open_orders": Default(50, "orders", "the exchange allows 200 per symbol"),
    "EXCHANGE.risk.max_orders_per_second": Default(20, "orders", "the exchange allows 30"),
    "EXCHANGE.risk.price_band": Default(0.15, "share", "farther off the book is a mistake"),
    "EXCHANGE.risk.max_daily_loss_usd": Default(1_000, "quote asset", "then somebody must look"),
    "EXCHANGE.risk.max_refusals": Default(
        20, "in 10 s", "a bot that is refused again and again is wrong: it is paused for 60 s"
    ),
    "EXCHANGE.risk.account.max_position_usd": Default(100_000, "quote asset", "four bots' worth"),
    "EXCHANGE.risk.account.max_position_qty": Default(0, "base quantity", "no limit of its own"),
    "EXCHANGE.risk.account.max_order_usd": Default(0, "quote asset", "no limit of its own"),
    "EXCHANGE.risk.account.max_order_qty": Default(0, "base quantity", "no limit of its own"),
    "EXCHANGE.risk.account.max_open_orders": Default(500, "orders", "ten bots' worth"),
    "EXCHANGE.risk.account.max_orders_per_second": Default(
        30, "orders", "the exchange's 300 in ten seconds"
    ),
    "EXCHANGE.risk.account.price_band": Default(0, "share", "the bots' own counts"),
    "EXCHANGE.risk.account.max_daily_loss_usd": Default(2_500, "quote asset", "some bots' worth"),
    "EXCHANGE.risk.account.max_refusals": Default(0, "in 10 s", "bots are paused one by one"),
    "EXCHANGE.paper": Default(
        value=False, unit="bool", reason="live data with simulated fills is asked for by name"
    ),
    "venue.feed": Default("synthetic", "name", "needs no file and no network"),
    "venue.seed": Default(1, "number", "the same market in every run"),
    "venue.speed": Default(1.0, "times", "as fast as it was recorded"),
    "venue.port": Default(0, "port", "0 takes any free one, so that several runs do not collide"),
    "venue.loop": Default(
        value=True, unit="bool", reason="a sandbox should not end with its recording"
    ),
    "venue.start": Default(0, "duration", "from the beginning of the recording"),
    "venue.rate": Default(20.0, "events/s per symbol", "a lively but readable market"),
    "venue.balance": Default("10000", "quote asset", "enough for small orders in every symbol"),
    "stream.replicas": Default(1, "processes", "2 is hot standby, and doubles the traffic"),
    "stream.channels": Default(
        ("book", "trade", "candle"), "names", "what bots have handlers for; mark, depth add load"
    ),
    "stream.store": Default((), "names", "a database of every tick is asked for by name"),
    "stream.candles": Default("closed", "name", "unfinished candles are four times the events"),
    "watchdog.book": Default(
        "learned", "duration", "3 s where quotes come all the time, more for a quiet symbol"
    ),
    "watchdog.trade": Default(0, "duration", "quiet minutes are normal: try `learned`"),
    "watchdog.candle": Default(0, "duration", "follows the trades"),
    "watchdog.mark": Default("10s", "duration", "comes every second or three"),
    "watchdog.depth": Default("learned", "duration", "moves as the book does"),
    "watchdog.account": Default("60s", "duration", "cross-checked by REST at half of it"),
    "watchdog.heartbeat": Default("1s", "duration", "four missed beats of 250 ms"),
    "watchdog.lag": Default(
        "500ms", "duration", "a loop so late for seconds is busy with something else; 0 = off"
    ),
    "watchdog.delay": Default("2s", "duration", "nobody should trade on older data; 0 = off"),
    "watchdog.dropped": Default(0.5, "share", "half of the events skipped is far behind; 0 = off"),
    "watchdog.slow_restart": Default(
        "60s", "duration", "slow for so long, a new life may help; 0 = only warn"
    ),
    "watchdog.errors": Default("50 in 60s", "rate", "one a second is no accident any more"),
    "restart.backoff": Default("0..30s", "range", "the first restart at once, then doubling"),
    "restart.limit": Default("10 in 60s", "rate", "a worker that dies more often will not heal"),
    "restart.on_failed": Default("isolate", "name", "the other bots trade on"),
    "restart.restarts_with": Default((), "workers", "nothing restarts but what is ill itself"),
    "restart.grace": Default(
        "3s", "duration", "a bot's Clean has 2 s; the exchange worker proves its orders gone: 12 s"
    ),
    "influx.timeout": Default("5s", "duration", "of one request; its records are offered again"),
    "influx.gzip": Default(value=False, unit="bool", reason="costs CPU, and saves only bandwidth"),
    "influx.verify_tls": Default(value=True, unit="bool", reason="a token goes over this line"),
    "timescale.host": Default("localhost", "name", "a database beside the bots"),
    "timescale.port": Default(5432, "port", "PostgreSQL's own"),
    "timescale.dbname": Default("tickvisor", "name", "the program's name"),
    "timescale.timeout": Default("5s", "duration", "of one transaction; then it is offered again"),
    "timescale.copy": Default(value=True, unit="bool", reason="ten times as quick as INSERT"),
    "sqlite.timeout": Default(
        "5s", "duration", "waiting for another worker's write, which takes milliseconds"
    ),
    "spool.max_bytes": Default(
        256 * 1024 * 1024, "bytes", "an hour at 1,000 records/s of some 70 bytes, per database"
    ),
    "spool.memory_records": Default(20_000, "records", "20 s at 1,000/s; some 10 MB"),
    "spool.batch_records": Default(
        1_000, "records", "such a request costs a database little more than one of a single record"
    ),
    "spool.batch_time": Default(
        "250ms", "duration", "how old a record gets before it is sent: what a SIGKILL may cost"
    ),
    "spool.max_pause": Default(
        "30s", "duration", "between two offers to a database that is down, doubling up to it"
    ),
    "vault.timeout": Default("5s", "duration", "of one request"),
    "vault.mount": Default("secret", "name", "where a new Vault mounts its KV engine"),
    "vault.version": Default(2, "number", "of the KV engine; what a new Vault has"),
    "vault.auth": Default("token", "name", "the login that needs no further setting"),
    "vault.verify_tls": Default(value=True, unit="bool", reason="keys go over this line"),
    "log.format": Default("text", "name", "json is for machines"),
    "log.level": Default("info", "name", "life cycle and orders"),
    "log.size": Default("10MB", "bytes", "of one file; a day of one worker at `info`"),
    "log.keep": Default(5, "files", "older ones beside each: some days to look back"),
    "on_event.level": Default("warning", "name", "what goes as planned is in `supervisor events`"),
    "on_event.events": Default(("*",), "names", "all that are of that level"),
    "on_event.workers": Default(("*",), "names", "all, and the supervisor itself"),
    "on_event.timeout": Default("10s", "duration", "of one delivery; then it counts as failed"),
    "on_event.every": Default(
        "1m", "duration", "before the same event of the same worker is told again"
    ),
    "bots.on_error": Default("restart", "name", "a strategy in an unknown state should not trade"),
    "bots.on_crash": Default("cancel", "name", "quotes without a bot are a risk"),
    "bots.candles": Default("closed", "name", "one call a minute"),
    "bots.history": Default(value=True, unit="bool", reason="a run should be reported on later"),
    "bots.tap": Default(value=False, unit="bool", reason="notes of all a bot sees take disk space"),
}


def default(name: str) -> Any:
    """Return one default value, as a user would write it."""
    return DEFAULTS[name].value


def default_seconds(name: str) -> float:
    """Return one default duration in seconds."""
    return seconds(default(name))
