"""A run that was tapped, live or in the sandbox, as the tables of a backtest."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from lib.backtest.latencies import Latencies
from lib.backtest.market import Market
from lib.backtest.measured import route
from lib.backtest.minutes import Minutes
from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.recorder import HORIZONS, RunRecorder
from lib.constants import NS_PER_SECOND, OrderType, Side, Status
from lib.errors import ConfigError
from lib.helpers import side_of
from lib.models import ZERO, Order, Update
from lib.recording.replay import Script
from lib.venue.market import Quote
from lib.venue.positions import Position
from lib.venue.symbols import info

SAMPLE_NS = NS_PER_SECOND


class _Books:
    """Account and markets as the recorder asks for them, from what bots were told."""

    def __init__(self) -> None:
        self.wallet = ZERO
        self.funding = ZERO
        self.liquidations = 0
        self.positions: dict[str, Position] = {}

    def position(self, symbol: str) -> tuple[Decimal, Decimal]:
        held = self.positions.get(symbol)
        return (held.entry, held.qty) if held is not None else (ZERO, ZERO)


class TappedRun:
    """Reads taps in the order of their calls.

    Profit counts from 0: a tap does not know what the account held before.

    Args:
        paths: One tap per bot.

    Raises:
        ConfigError: One is no tap, or there is none.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        """Read them all."""
        scripts = [Script(path) for path in paths]
        if not scripts:
            raise ConfigError("there is no tap")
        bots = [script.facts["config"] for script in scripts]
        self.config: dict[str, Any] = {"bots": bots}
        self.project = str(bots[0].get("project") or "taps")
        self.origin: dict[str, Any] = {"taps": [script.owner for script in scripts]}
        self.missing = ["what the account held before: profit counts from 0"]
        symbols = tuple(dict.fromkeys(bot["symbol"] for bot in bots))
        self.account = _Books()
        self.recorder = RunRecorder(symbols, SAMPLE_NS)
        self.markets = {symbol: Market(info(symbol), Minutes([])) for symbol in symbols}
        self.start_ns = min(int(script.facts["time_ns"]) for script in scripts)
        self.end_ns = self.start_ns
        self.events = 0
        self.latencies = Latencies()
        self._orders: dict[str, OwnOrder] = {}
        self._cancelled: dict[str, int] = {}
        """Order id -> when its cancel was first asked for."""
        self._pending: list[tuple[int, int, int, str]] = []
        self.recorder.begin(self.start_ns, ZERO)
        rows = sorted(
            (row for script in scripts for row in _entries(script)), key=lambda row: row[0]
        )
        for time_ns, owner, symbol, entry in rows:
            self._take(time_ns, owner, symbol, entry)
        self.recorder.sample(self.end_ns, self.account, self.markets)

    def _take(self, time_ns: int, owner: str, symbol: str, entry: list[Any]) -> None:
        self.end_ns = max(self.end_ns, time_ns)
        if entry[0] == "call":
            self._mark_out(time_ns)
            self.events += 1
            self._call(entry[1], entry[3], time_ns, owner, symbol)
            if self.recorder.is_due(time_ns):
                self.recorder.sample(time_ns, self.account, self.markets)
        elif entry[0] == "ask" and entry[1] in ("Post", "PostList"):
            self._post(entry, time_ns, owner, symbol)
        elif entry[0] == "ask" and entry[1] == "Cancel":
            self._cancel(entry[2], time_ns, owner)

    def _call(
        self, handler: str, values: list[Any], time_ns: int, owner: str, own_symbol: str
    ) -> None:
        if handler == "onOrderbook" and values[4] in self.markets:
            ask, ask_qty, bid, bid_qty, symbol, _, event_ns, _ = values
            way = route(own_symbol, symbol)
            self.latencies.note("book", way, event_ns, time_ns - event_ns)
            market = self.markets[symbol]
            market.quote = Quote(symbol, bid, bid_qty, ask, ask_qty, 0, event_ns)
            market.book_ns = time_ns
        elif handler == "onTrade":
            way, event_ns = route(own_symbol, values[3]), values[-2]
            self.latencies.note("trade", way, event_ns, time_ns - event_ns)
        elif handler == "onAccount" and values[-1]:
            self.latencies.note("position", own_symbol, values[-1], time_ns - values[-1])
        elif handler == "onOrder":
            self._update(values[0], time_ns, owner)

    def _post(self, entry: list[Any], time_ns: int, owner: str, symbol: str) -> None:
        wanted: list[Order] = entry[2][0] if entry[1] == "PostList" else [_order(entry[2])]
        ids = entry[3] if entry[1] == "PostList" else [entry[3]]
        for client_id, order in zip(ids, wanted, strict=True):
            kind = OrderType.MARKET if order.price is None else OrderType.LIMIT
            own = OwnOrder(
                id=client_id,
                owner=owner,
                symbol=symbol,
                side=side_of(order.qty),
                type=OrderType.STOP_MARKET if order.stopmarket else kind,
                price=order.price or ZERO,
                qty=abs(order.qty),
                post_only=order.post_only,
                reduce_only=order.reduce_only,
                tag=order.tag,
                posted_ns=time_ns,
                arrives_ns=0,
            )
            self._orders[client_id] = own
            self.recorder.on_post(own)

    def _cancel(self, arguments: list[Any], time_ns: int, owner: str) -> None:
        wanted = arguments[0] if len(arguments) > 1 else None
        ids = [wanted] if isinstance(wanted, str) else wanted
        if ids is None:
            ids = [own.id for own in self._orders.values() if own.owner == owner]
        for client_id in ids:
            self._cancelled.setdefault(client_id, time_ns)

    def _update(self, update: Update, time_ns: int, owner: str) -> None:
        own = self._orders.get(update.id)
        if own is not None:
            own.status, own.filled, own.reason = update.status, update.filled_qty, update.reason
            # Rounded as it was sent.
            own.price, own.qty = update.price, update.qty
            if update.exchange_id and not own.accepted_ns:
                own.accepted_ns = update.timestamp
                moment = own.posted_ns
                self.latencies.note("order", update.symbol, moment, update.timestamp - moment)
            if update.exchange_id and not update.replayed:
                moment = update.timestamp
                self.latencies.note("account", update.symbol, moment, time_ns - moment)
            resting = self.markets[update.symbol].resting
            if update.status.is_final:
                self._end(own, update)
                resting.pop(own.id, None)
            elif own.accepted_ns:
                resting[own.id] = own
        if update.fill_qty:
            self._fill(update, owner)

    def _end(self, own: OwnOrder, update: Update) -> None:
        own.ended_ns = own.ended_ns or update.timestamp
        asked_ns = self._cancelled.pop(own.id, 0)
        if asked_ns and update.status is Status.CANCELED:
            self.latencies.note("cancel", update.symbol, asked_ns, update.timestamp - asked_ns)

    def _fill(self, update: Update, owner: str) -> None:
        symbol = update.symbol
        held = self.account.positions.setdefault(symbol, Position(symbol, "BOTH"))
        change = update.fill_qty if update.side is Side.BUY else -update.fill_qty
        realised = held.apply(change, update.fill_price, update.fee)
        self.account.wallet += realised - update.fee
        fill = OwnFill(
            time_ns=update.timestamp,
            owner=owner,
            order_id=update.id,
            symbol=symbol,
            side=update.side,
            price=update.fill_price,
            qty=update.fill_qty,
            fee=update.fee,
            realised=realised,
            maker=update.maker,
            trade_id=update.trade_id,
            mid=self.markets[symbol].mid(),
            position=held.qty,
        )
        self.recorder.on_fill(fill)
        place = self.recorder.fill_count - 1
        for number, seconds in enumerate(HORIZONS):
            due_ns = update.timestamp + round(seconds * NS_PER_SECOND)
            self._pending.append((due_ns, place, number, symbol))

    def _mark_out(self, now_ns: int) -> None:
        due = [each for each in self._pending if each[0] <= now_ns]
        for each in due:
            self._pending.remove(each)
            self.recorder.on_mark_out(each[1], each[2], self.markets[each[3]].mid())


def _order(arguments: list[Any]) -> Order:
    *values, named = arguments
    names = ("qty", "price", "stopmarket", "wait")
    given = dict(zip(names, values, strict=False)) | named
    given.pop("wait", None)
    return Order(**given)


def _entries(script: Script) -> Iterable[tuple[int, str, str, list[Any]]]:
    owner, symbol = script.owner, script.facts["config"]["symbol"]
    time_ns = int(script.facts["time_ns"])
    while (entry := script.next()) is not None:
        if entry[0] == "call":
            time_ns = int(entry[2])
        yield time_ns, owner, symbol, entry
