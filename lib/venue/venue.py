"""The venue as a whole without its sockets: requests and time in, answers and frames out."""

from collections import deque
from random import Random
from typing import Any

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.venue.auth import Account, Auth
from lib.venue.configuration import Settings
from lib.venue.door import Door
from lib.venue.engine import Engine
from lib.venue.faults import Args, Faults
from lib.venue.hub import Hub
from lib.venue.limits import Limits, limit_row
from lib.venue.outlets import Outlets
from lib.venue.persistence import Saved
from lib.venue.rest_market import RestMarket
from lib.venue.stage import Stage
from lib.venue.user_delivery import UserDelivery
from lib.venue.user_streams import ListenKeys

LISTING_FAULTS = {"delist", "change_filters"}
LATE_NS = NS_PER_SECOND
"""A feed that is later than this was asleep: it goes on from now instead of hurrying after."""


class Venue:
    """Everything behind the sockets; pure, told the time.

    Args:
        settings: What was configured.
    """

    def __init__(self, settings: Settings) -> None:
        """Build the parts; nothing moves before `start`."""
        self.settings = settings
        self.hub = Hub()
        self.hub.latency = settings.latencies["market"]
        self.offset_ns = 0
        self.engine = Engine(settings.listed, settings.options, settings.seed)
        self.stage = Stage(settings.feed, self.engine, self.hub)
        self.accounts = settings.accounts
        self.limits = Limits(settings.quotas)
        self.keys = ListenKeys(Random(settings.keys_seed), settings.listen_key_ns)
        self.faults = Faults(self.engine.fault, self._once())
        self.outlets = Outlets(self.hub, self.faults)
        self.users = UserDelivery(self.hub, self.keys, self.faults, settings.user_events)
        market = RestMarket(self.stage, self._quota_rows())
        self.auth = Auth(settings.accounts)
        self.door = Door(self, market)
        self.requests: deque[dict[str, Any]] = deque(maxlen=settings.ledger_limit)
        self.changed = False
        """Whether an account is another one than at the last `save`."""
        self.commands: list[tuple[str, Args]] = []
        """What only the sockets can do: close connections."""

    @property
    def account(self) -> Account:
        """The first account, whose credentials are handed out."""
        return self.accounts[0]

    def start(self, now_ns: int) -> None:
        """Open the accounts and begin to play."""
        self.stage.start(now_ns)
        saved = self.settings.saved
        if saved is not None:
            self._restore(saved, now_ns)
        known = {each.name for each in saved.accounts} if saved is not None else set()
        for account in self.accounts:
            if account.name not in known:
                self.engine.open_account(account.name, self.settings.balances, now_ns)

    def deadline(self) -> int | None:
        """Return when something is due next, ns; stream pulses come on top."""
        times = (self.stage.feed.due(), self.engine.deadline(), self.outlets.deadline())
        return min((time for time in times if time is not None), default=None)

    def advance(self, now_ns: int) -> None:
        """Do all that is due."""
        self.hub.now_ns = now_ns
        due_ns = self.stage.feed.due()
        if due_ns is not None and now_ns - due_ns > LATE_NS:
            self.stage.feed.shift(now_ns - due_ns)
        self.stage.advance(now_ns)
        self.engine.advance(now_ns)
        self.settle(now_ns)
        for key in self.keys.expired(now_ns):
            self.users.expire(key, now_ns)
        self.outlets.advance(now_ns)

    def pulse(self, now_ns: int) -> None:
        """Publish the paced streams."""
        self.hub.now_ns = now_ns
        self.stage.streams.pulse(now_ns)

    def settle(self, now_ns: int) -> None:
        """Deliver what the engine did: user events and liquidations."""
        for account, event in self.engine.take_events():
            self.changed = True
            self.users.deliver(account, event, now_ns)
        for event in self.engine.take_market_events():
            self.stage.streams.on_force_order(event)

    def save(self) -> Saved:
        """Return what outlives this venue, and forget that it has changed."""
        self.changed = False
        saved = self.engine.save()
        saved.prices = {name: tape.last_price() for name, tape in self.stage.tapes.items()}
        return saved

    def ledger(self, account: str | None = None) -> dict[str, Any]:
        """Return the truth: the engine's ledger and every request."""
        return {**self.engine.ledger(account), "requests": list(self.requests)}

    def note_named(self, account: str, method: str, params: dict[str, str], now_ns: int) -> None:
        """Write a websocket API request into the ledger; its signature was valid."""
        shown = {name: text for name, text in params.items() if name != "signature"}
        row = {"time_ns": now_ns, "method": "WS", "path": method, "params": shown}
        self.requests.append({**row, "signature": "valid", "account": account})

    def add_fault(self, request: Args, now_ns: int) -> dict[str, Any]:
        """Switch a fault on.

        Raises:
            Refusal: It is unknown or misdescribed.
        """
        row = self.faults.add(request, frozenset(self.hub.connections), now_ns)
        self.outlets.arm()
        self.settle(now_ns)
        if request.get("name") in LISTING_FAULTS:
            self.stage.streams.on_listing(self.stage.listing[str(request["symbol"])], now_ns)
        return row

    def clear_faults(self, which: str, now_ns: int) -> int:
        """Switch faults off; clocks and clock checks return to normal."""
        if not which:
            self._set_offset({"ms": 0}, now_ns)
            self.limits.banned_until_ns = 0
        gone = self.faults.clear(which)
        self.outlets.arm()
        return gone

    def _restore(self, saved: Saved, now_ns: int) -> None:
        for account in saved.accounts:
            for symbol in [each.symbol for each in account.positions] + [
                each.symbol for each in account.orders
            ]:
                self.stage.ensure(symbol, now_ns)
        self.engine.restore(saved, now_ns)

    def _once(self) -> dict[str, Any]:
        return {
            "close_all": lambda args, now_ns: self.commands.append(("close_all", args)),
            "cut_connections": lambda args, now_ns: self.commands.append(("cut", args)),
            "expire_listen_key": self._expire,
            "clock_offset": self._set_offset,
        }

    def _expire(self, args: Args, now_ns: int) -> None:
        names = [args["account"]] if args.get("account") else [a.name for a in self.accounts]
        for name in names:
            key = self.keys.close(name)
            if key is not None:
                self.users.expire(key, now_ns)

    def _set_offset(self, args: Args, now_ns: int) -> None:
        offset_ns = int(args.get("ms", 0)) * NS_PER_MS
        delta_ns, self.offset_ns = offset_ns - self.offset_ns, offset_ns
        if delta_ns:
            self.stage.feed.shift(delta_ns)
            self.stage.streams.shift(delta_ns)

    def _quota_rows(self) -> list[dict[str, object]]:
        quotas = self.settings.quotas
        return [
            limit_row("REQUEST_WEIGHT", "MINUTE", 1, quotas.weight),
            limit_row("ORDERS", "MINUTE", 1, quotas.orders_1m),
            limit_row("ORDERS", "SECOND", 10, quotas.orders_10s),
        ]
