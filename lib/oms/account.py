"""Positions and balances of one account: reports in, messages on change out (pure)."""

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from lib.bus.protocol import Account, Balance, OrderUpdate
from lib.constants import NS_PER_MS, Side
from lib.helpers import decimal, plain
from lib.models import ZERO
from lib.oms.events import AccountReport, BalanceReport, PositionReport

Change = Account | Balance
YOUNG_NS = 1_000 * NS_PER_MS
"""An event younger than this may be missing from a list that lags behind."""


FILLS = 1_000
"""Newest fills remembered per symbol."""


class _SignedFill(NamedTuple):
    qty: Decimal
    at_ns: int


class _Doubt(NamedTuple):
    row: PositionReport
    asked_ns: int


class AccountBook:
    """What is known of one account; older reports never replace newer ones.

    Args:
        exchange: Name of the exchange, as messages carry it.
        symbols: Symbols whose positions are told even while they are flat.
    """

    def __init__(self, exchange: str, symbols: Iterable[str]) -> None:
        """Start flat, without balances."""
        self._exchange = exchange
        self._positions = {
            symbol: PositionReport(symbol, ZERO, ZERO, ZERO, 0) for symbol in symbols
        }
        self._balances: dict[str, Balance] = {}
        self._fills: dict[str, deque[_SignedFill]] = {}
        """Those that no position contains yet: each order that adds risk waits for their sum."""
        self._doubts: dict[str, _Doubt] = {}
        self._proven_flat: set[str] = set()
        self._read_flat_ns: dict[str, int] = {}
        """Since which read a symbol has been flat in every one."""
        self.events = 0
        self.balances_moved = False
        """True when what is available may be another amount than was read last."""

    def watch(self, symbols: Iterable[str]) -> None:
        """Tell the positions of further symbols even while they are flat."""
        for symbol in symbols:
            self._positions.setdefault(symbol, PositionReport(symbol, ZERO, ZERO, ZERO, 0))

    def position(self, symbol: str) -> Account:
        """Return the position of one symbol; flat when it was never told."""
        report = self._positions.get(symbol, PositionReport(symbol, ZERO, ZERO, ZERO, 0))
        return self._message(report)

    def is_flat(self, symbol: str) -> bool:
        """Return whether nothing is held of a symbol, as far as was told."""
        report = self._positions.get(symbol)
        return report is None or not report.qty

    def is_proven_flat(self, symbol: str) -> bool:
        """Return whether nothing can be held of a symbol: what protects a position may go.

        An event or two reads must have said so since the last gap, and no fill nor read since then
        another thing.
        """
        return symbol in self._proven_flat and not any(self.possible(symbol))

    def on_gap(self) -> None:
        """Take in that nobody listens: what is held may change unseen."""
        self._proven_flat.clear()
        self._read_flat_ns.clear()

    def symbols(self) -> list[str]:
        """Return the symbols whose positions are known."""
        return list(self._positions)

    def possible(self, symbol: str) -> list[Decimal]:
        """Return what may be held of a symbol: as told, as last read, and with newer fills."""
        report = self._positions.get(symbol)
        qty = report.qty if report else ZERO
        found = [qty]
        if symbol in self._fills:
            found.append(qty + sum((each.qty for each in self._fills[symbol]), ZERO))
        if symbol in self._doubts:
            found.append(self._doubts[symbol].row.qty)
        return found

    def entry_price(self, symbol: str) -> Decimal:
        """Return the entry price of a symbol's position, 0 while flat or never told."""
        report = self._positions.get(symbol)
        return report.price if report else ZERO

    def on_fill(self, update: OrderUpdate) -> None:
        """Take in a fill: the position that it made may be told later."""
        report = self._positions.get(update.symbol)
        if report is not None and update.event_ns <= report.event_ns:
            return
        qty = decimal(update.fill_qty)
        signed = qty if update.side == Side.BUY else -qty
        fills = self._fills.setdefault(update.symbol, deque(maxlen=FILLS))
        fills.append(_SignedFill(signed, update.event_ns))

    def balance(self, asset: str) -> Balance | None:
        """Return the balance of one margin asset, None while unknown."""
        return self._balances.get(asset)

    def on_report(self, report: AccountReport) -> list[Change]:
        """Take in an event of the account stream."""
        self.events += 1
        self.balances_moved = True
        changes: list[Change] = []
        for position in report.positions:
            changes += self._set_position(position)
            self._note_flat(position, proven=True)
        return changes + self.on_balances(report.balances)

    def on_positions(self, rows: Iterable[PositionReport], asked_ns: int) -> list[Account]:
        """Take in the whole list of positions, from which flat ones may be missing.

        Args:
            rows: The list.
            asked_ns: The exchange's clock when it was asked for.
        """
        changes: list[Account] = []
        listed = {row.symbol: row for row in rows}
        for symbol in self._positions.keys() | listed.keys():
            row = listed.get(symbol) or self._flat(symbol, asked_ns)
            if row is None:
                continue
            since_ns = self._read_flat_ns.setdefault(symbol, asked_ns)
            self._note_flat(row, proven=asked_ns - since_ns >= YOUNG_NS)
            if self._is_sure(row, asked_ns):
                changes += self._set_position(row)
                self._forget_fills(symbol, asked_ns - YOUNG_NS)
        return changes

    @property
    def doubts(self) -> list[str]:
        """Return the symbols of which a read has shown another position than is believed."""
        return list(self._doubts)

    def on_balances(self, rows: Iterable[BalanceReport]) -> list[Change]:
        """Take in balances, whichever are told."""
        changes: list[Change] = []
        for row in rows:
            known = self._balances.get(row.asset)
            if known is not None and row.event_ns < known.event_ns:
                continue
            message = Balance(
                row.asset, plain(row.balance), plain(_available(row, known)), row.event_ns
            )
            self._balances[row.asset] = message
            if known is None or message[:3] != known[:3]:
                changes.append(message)
        return changes

    def _set_position(self, report: PositionReport) -> list[Account]:
        known = self._positions.get(report.symbol)
        if known is not None and report.event_ns < known.event_ns:
            return []
        if known is not None and report.event_ns > known.event_ns:
            self._doubts.pop(report.symbol, None)
        self._positions[report.symbol] = report
        self._forget_fills(report.symbol, report.event_ns)
        if known is None:
            return [self._message(report)] if report.qty else []
        if known.qty == report.qty and known.price == report.price:
            return []
        return [self._message(report)]

    def _note_flat(self, row: PositionReport, *, proven: bool) -> None:
        if row.qty:
            self._proven_flat.discard(row.symbol)
            self._read_flat_ns.pop(row.symbol, None)
        elif proven:
            self._proven_flat.add(row.symbol)

    def _forget_fills(self, symbol: str, until_ns: int) -> None:
        fills = self._fills.pop(symbol, ())
        newer = deque((each for each in fills if each.at_ns > until_ns), FILLS)
        if newer:
            self._fills[symbol] = newer

    def _flat(self, symbol: str, asked_ns: int) -> PositionReport | None:
        # The list says nothing about when: its time must not outdate an event that is under way,
        # nor may a list that lags behind undo an event just seen.
        known = self._positions[symbol]
        if known.event_ns > asked_ns - YOUNG_NS:
            return None
        return PositionReport(symbol, ZERO, ZERO, ZERO, known.event_ns)

    def _is_sure(self, row: PositionReport, asked_ns: int) -> bool:
        # One read may lag behind or run ahead: another position than is believed needs two that
        # agree. Until then risk counts the worse of both.
        known = self._positions.get(row.symbol)
        is_same = known is not None and row.qty == known.qty and not self._lacks(row, asked_ns)
        if known is None or is_same or (not known.event_ns and row.event_ns):
            self._doubts.pop(row.symbol, None)
            return True
        if row.event_ns < known.event_ns:
            return False
        doubt = self._doubts.get(row.symbol)
        if doubt is None or doubt.row.qty != row.qty:
            self._doubts[row.symbol] = _Doubt(row, asked_ns)
            return False
        if asked_ns - doubt.asked_ns < YOUNG_NS:
            return False
        del self._doubts[row.symbol]
        return True

    def _lacks(self, row: PositionReport, asked_ns: int) -> bool:
        """Return whether there are fills that a position should contain, and does not."""
        fills = self._fills.get(row.symbol, ())
        return any(row.event_ns < each.at_ns <= asked_ns - YOUNG_NS for each in fills)

    def _message(self, report: PositionReport) -> Account:
        return Account(
            report.symbol,
            plain(report.price),
            plain(report.qty),
            self._exchange,
            report.event_ns,
            plain(report.unrealized),
        )


def _available(row: BalanceReport, known: Balance | None) -> Decimal:
    # The account stream tells the wallet only: what is available moves with it until the next read.
    if row.available is not None:
        return row.available
    if known is None:
        return row.balance
    return decimal(known.available) + row.balance - decimal(known.balance)
