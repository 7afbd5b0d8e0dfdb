"""A live or sandbox run as its database tells it, as the tables of a backtest."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import nan
from typing import Any

from lib.backtest.latencies import Latencies
from lib.backtest.orders import OwnFill, OwnOrder
from lib.backtest.recorder import HORIZONS, RunRecorder, Stance
from lib.constants import KEY, NS_PER_MS, NS_PER_SECOND, OrderType, Side, Status
from lib.database import AbstractDatabase
from lib.errors import ConfigError
from lib.models import ZERO
from lib.recording.chronicle import FILLS, MARKOUTS, ORDERS, PATH
from lib.venue.positions import Position

SAMPLE_NS = NS_PER_SECOND
GAP_NS = 10 * NS_PER_SECOND
"""Silence of a bot's samples that is told."""
STRAY_SAMPLES = 3
"""Samples in a row that contradict the fills, after which they are believed."""
Row = Mapping[str, Any]


class HistoryRun:
    """Reads the records that bots have left between two times.

    Args:
        database: Where they are.
        start_ns: From when on, ns since the epoch.
        end_ns: Until when.
        bots: Names of the bots; none = all.
        project: Names the run.
        config: What it was configured with.

    Raises:
        ConfigError: There is nothing of these bots in that time.
        DatabaseUnavailable: The database does not answer.
    """

    def __init__(
        self,
        database: AbstractDatabase,
        start_ns: int,
        end_ns: int,
        bots: Iterable[str],
        project: str,
        config: dict[str, Any],
    ) -> None:
        """Read it all."""
        wanted = frozenset(bots)

        def read(series: str) -> list[dict[str, Any]]:
            rows = database.read_series(series, start_ns, end_ns)
            return [row for row in rows if not wanted or row.get("bot") in wanted]

        path, fills, orders, marks = (read(each) for each in (PATH, FILLS, ORDERS, MARKOUTS))
        if not path:
            raise ConfigError(
                f"{database.target} has no record of {', '.join(sorted(wanted)) or project!r} then"
            )
        self.project = project
        self.config = config
        self.origin = {"database": database.target, "bots": sorted({_owner(row) for row in path})}
        self.missing: list[str] = ["orders that were still open at the end"]
        self.latencies = Latencies()
        self.funding = ZERO
        self.liquidations = 0
        self.events = len(path) + len(fills) + len(orders)
        self.end_ns = int(path[-1][KEY.TIMESTAMP])
        symbols = tuple(dict.fromkeys(str(row["symbol"]) for row in path))
        self.recorder = RunRecorder(symbols, SAMPLE_NS)
        self._positions = {symbol: Position(symbol, "BOTH") for symbol in symbols}
        self._strays = dict.fromkeys(symbols, 0)
        self._stances = {symbol: Stance(ZERO, nan, nan, ZERO, ZERO) for symbol in symbols}
        self._seen: dict[str, int] = {}
        self._places: dict[tuple[str, int], int] = {}
        self._wallet = self._first_wallet(path)
        self._play(path, fills)
        self._take_orders(orders)
        self._take_marks(marks)
        self._judge(path)

    @property
    def account(self) -> "HistoryRun":
        """Return what is asked of the account at the end: fundings and liquidations."""
        return self

    def _first_wallet(self, path: list[dict[str, Any]]) -> Decimal:
        for row in path:
            if "wallet" in row:
                return _decimal(row["wallet"])
        self.missing.append("the wallet: equity counts from 0")
        return ZERO

    def _play(self, path: list[dict[str, Any]], fills: list[dict[str, Any]]) -> None:
        firsts: dict[str, Row] = {}
        for row in path:
            if "position" in row:
                firsts.setdefault(str(row["symbol"]), row)
        for symbol, first in firsts.items():
            held = self._positions[symbol]
            held.qty, held.entry = _decimal(first["position"]), _decimal(first.get("entry", 0))
        began = self._wallet + sum(
            (_decimal(first["mid"]) - held.entry) * held.qty
            for symbol, first in firsts.items()
            if "mid" in first and (held := self._positions[symbol]).qty
        )
        self.recorder.begin(int(path[0][KEY.TIMESTAMP]), Decimal(began))
        waiting = [row for row in fills if row["symbol"] in self._positions]
        place = 0
        for row in path:
            while place < len(waiting) and waiting[place][KEY.TIMESTAMP] <= row[KEY.TIMESTAMP]:
                self._fill(waiting[place])
                place += 1
            self._sample(row)
        for row in waiting[place:]:
            self._fill(row)

    def _sample(self, row: Row) -> None:
        now_ns, symbol = int(row[KEY.TIMESTAMP]), str(row["symbol"])
        owner = _owner(row)
        if now_ns - self._seen.get(owner, now_ns) > GAP_NS:
            seconds = (now_ns - self._seen[owner]) / NS_PER_SECOND
            self.missing.append(f"{seconds:,.0f} s of {owner}")
        self._seen[owner] = now_ns
        if "latency_ms" in row:
            self.latencies.market(round(float(row["latency_ms"]) * NS_PER_MS))
        held = self._positions[symbol]
        self._compare(symbol, held, row)
        self._stances[symbol] = Stance(
            _decimal(row.get("mid", 0)),
            float(row.get("bid", nan)),
            float(row.get("ask", nan)),
            held.entry,
            held.qty,
        )
        if self.recorder.is_due(now_ns):
            self.recorder.note(now_ns, self._wallet, self._stances)

    def _compare(self, symbol: str, held: Position, row: Row) -> None:
        if "position" not in row or _decimal(row["position"]) == held.qty:
            self._strays[symbol] = 0
            return
        self._strays[symbol] += 1
        if self._strays[symbol] >= STRAY_SAMPLES:
            told = _decimal(row["position"])
            self.missing.append(f"fills of {symbol}: its position went from {held.qty} to {told}")
            held.qty, held.entry = told, _decimal(row.get("entry", 0))

    def _fill(self, row: Row) -> None:
        symbol, trade_id = str(row["symbol"]), int(row["trade_id"])
        if (symbol, trade_id) in self._places:
            return  # told to two lives of its bot
        held = self._positions[symbol]
        qty, price, fee = (_decimal(row[name]) for name in ("qty", "price", "fee"))
        side = Side(row["side"])
        realised = held.apply(qty if side is Side.BUY else -qty, price, fee)
        self._wallet += realised - fee
        self._places[symbol, trade_id] = self.recorder.fill_count
        self.recorder.on_fill(
            OwnFill(
                time_ns=int(row[KEY.TIMESTAMP]),
                owner=_owner(row),
                order_id=str(row["client_id"]),
                symbol=symbol,
                side=side,
                price=price,
                qty=qty,
                fee=fee,
                realised=realised,
                maker=bool(row["maker"]),
                trade_id=trade_id,
                mid=_decimal(row.get("mid", 0)),
                position=held.qty,
            )
        )

    def _take_orders(self, rows: list[dict[str, Any]]) -> None:
        newest = {str(row["client_id"]): row for row in rows}
        for client_id, row in newest.items():
            posted_ns, accepted_ns = int(row["posted_ns"]), int(row["accepted_ns"])
            own = OwnOrder(
                id=client_id,
                owner=_owner(row),
                symbol=str(row["symbol"]),
                side=Side(row["side"]),
                type=OrderType(row["type"]),
                price=_decimal(row["price"]),
                qty=_decimal(row["qty"]),
                post_only=False,
                reduce_only=bool(row["reduce_only"]),
                tag="",
                posted_ns=posted_ns,
                arrives_ns=0,
                status=Status(row["status"]),
                filled=_decimal(row["filled"]),
                reason=str(row.get("reason", "")),
                accepted_ns=accepted_ns,
                ended_ns=int(row[KEY.TIMESTAMP]),
            )
            self.recorder.on_post(own)
            if accepted_ns:
                self.latencies.add("order", accepted_ns - posted_ns)

    def _take_marks(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            place = self._places.get((str(row["symbol"]), int(row["trade_id"])))
            if place is not None and "mid" in row:
                number = HORIZONS.index(float(row["seconds"]))
                self.recorder.on_mark_out(place, number, _decimal(row["mid"]))

    def _judge(self, path: list[dict[str, Any]]) -> None:
        self.recorder.note(self.end_ns, self._wallet, self._stances)
        unmarked = sum(None in marked.later for marked in self.recorder.fills)
        if unmarked:
            self.missing.append(f"some mark-outs of {unmarked:,} fills")
        wallets = [_decimal(row["wallet"]) for row in path if "wallet" in row]
        if wallets and (other := wallets[-1] - self._wallet):
            self.missing.append(
                f"{other.normalize():+f} of the wallet's change, which is no fill or fee of these "
                "bots: fundings, transfers, others' trades"
            )


def _owner(row: Row) -> str:
    return f"{row.get('bot', '?')}:{row.get('symbol', '?')}"


def _decimal(value: Any) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
