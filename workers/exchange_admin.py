"""What a user asks of the exchange worker by the `supervisor` command: shown, halted, set right.

Requests come as commands `[request id, arguments]` of the supervisor; every one is answered by one
report of the kind `answer`.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from lib.constants import ExitCode, Status
from lib.errors import ExchangeError
from lib.exchange.binance.authority import Authority, Spawn
from lib.exchange.binance.flatten import Flatten
from lib.helpers import plain
from lib.journal.writer import JournalWriter
from lib.logger import AbstractLogger
from lib.oms.ids import intent_id
from lib.oms.risk import EVERYONE
from lib.oms.tracked import Tracked
from lib.timer import AbstractTimer

Facts = dict[str, Any]
Action = Callable[[Facts], Coroutine[Any, Any, Facts]]
FILLS = 200
FLATTEN_SECONDS = 30.0
RECONCILE_SECONDS = 10.0
STEP_SECONDS = 0.05
ROUNDS = round(RECONCILE_SECONDS / STEP_SECONDS)


class ExchangeAdmin:
    """Answers requests of users.

    Args:
        authority: Knows and does.
        journal: Has what is past.
        project: Name of the run.
        timer: The process's timer.
        log: The worker's logger.
        spawn: Starts a task.
        report: Tells the supervisor.
    """

    def __init__(
        self,
        authority: Authority,
        journal: JournalWriter | None,
        project: str,
        timer: AbstractTimer,
        log: AbstractLogger,
        spawn: Spawn,
        report: Callable[[str, Facts], None],
    ) -> None:
        """Have answered nothing."""
        self._authority = authority
        self._orders = authority.orders
        self._journal = journal
        self._timer = timer
        self._log = log
        self._spawn = spawn
        self._report = report
        self._flatten = Flatten(authority, project, timer, log)
        self._actions: dict[str, Action] = {
            "halt": self._halt,
            "resume": self._resume,
            "orders": self._show_orders,
            "positions": self._show_positions,
            "fills": self._show_fills,
            "reconcile": self._reconcile,
            "resolve": self._resolve,
        }

    def offer(self, action: str, answer: Action) -> None:
        """Answer a further kind of request."""
        self._actions[action] = answer

    def handle(self, action: str, args: list[Any]) -> bool:
        """Start answering; return whether it was a request of this kind."""
        if action not in self._actions or len(args) != 2 or not isinstance(args[1], dict):
            return False
        self._spawn(self._answer(str(args[0]), action, args[1]), f"request {action}")
        return True

    async def _answer(self, request_id: str, action: str, wanted: Facts) -> None:
        try:
            facts = await self._actions[action](wanted)
        except ExchangeError as error:
            facts = {"ok": False, "error": f"the exchange could not be asked: {error}", "exit": 1}
        except (TypeError, ValueError, ArithmeticError) as error:
            # whoever speaks to the control socket by hand must not end the worker
            facts = {"ok": False, "error": f"{action}: {error}", "exit": ExitCode.USAGE}
        self._report("answer", {"ok": True, **facts, "id": request_id})

    # --- halting

    async def _halt(self, wanted: Facts) -> Facts:
        owners = list(wanted.get("owners") or [EVERYONE])
        seconds = float(wanted.get("within") or FLATTEN_SECONDS)
        self._authority.warden.halt(owners, str(wanted.get("reason") or "by the user"))
        chosen = self._owners(None if EVERYONE in owners else owners)
        self._authority.cancel([order for order in self._open(chosen) if not order.is_stop])
        if not wanted.get("flatten"):
            return {"halted": owners}
        left = await self._flatten.run(chosen, seconds)
        facts: Facts = {"halted": owners, "positions": left.positions, "orders": left.orders}
        if left.positions or left.orders:
            facts |= {"ok": False, "exit": 1, "error": _left_text(left.positions, left.orders)}
        return facts

    async def _resume(self, wanted: Facts) -> Facts:
        owners = wanted.get("owners") or None
        self._authority.warden.resume(owners)
        return {"halted": sorted(self._authority.warden.latches.halts)}

    # --- showing

    async def _show_orders(self, wanted: Facts) -> Facts:
        listed = await self._authority.gateway.open_orders(self._authority.belief.rules)
        theirs = {intent_id(row.id): row for row in listed}
        rows = []
        for order in self._open(self._owners(wanted.get("owners"))):
            found = theirs.pop(order.id, None)
            rows.append(_row_of(order, found.status.value if found else "not listed"))
        if not wanted.get("owners"):
            rows += [
                {
                    "owner": self._orders.owner_of(row.id) or "", "id": row.id,
                    "symbol": row.symbol, "side": row.side.value, "type": row.type.value,
                    "price": plain(row.price), "qty": plain(row.qty),
                    "filled": plain(row.filled_qty), "status": "", "exchange": row.status.value,
                }
                for row in theirs.values()
            ]  # fmt: skip
        return {"orders": rows, "halted": self._authority.warden.latches.halts}

    async def _show_positions(self, wanted: Facts) -> Facts:
        listed = {row.symbol: row for row in await self._authority.gateway.positions()}
        rows = []
        for owner in self._owners(wanted.get("owners")):
            symbol = owner.rpartition(":")[2]
            believed, found = self._authority.book.position(symbol), listed.get(symbol)
            rows.append(
                {
                    "owner": owner, "symbol": symbol, "qty": believed.qty,
                    "price": believed.price, "exchange": plain(found.qty) if found else "0",
                }
            )  # fmt: skip
        return {"positions": rows}

    async def _show_fills(self, wanted: Facts) -> Facts:
        owners = self._owners(wanted.get("owners"))
        if self._journal is None:
            return {"fills": []}
        limit = int(wanted.get("limit") or FILLS)
        rows = await self._journal.ask(lambda store: store.fills(owners, limit))
        if rows is None:
            return {"ok": False, "exit": 1, "error": "the orders' journal does not answer"}
        acked = self._orders.deliveries.acked
        return {
            "fills": [
                {
                    "owner": row.owner, "number": row.sequence, "symbol": row.symbol,
                    "side": row.side, "qty": row.qty, "price": row.price, "fee": row.fee,
                    "fee_asset": row.fee_asset, "trade": row.trade_id, "id": row.id,
                    "time_ns": row.event_ns, "acknowledged": row.sequence <= acked(row.owner),
                }
                for row in rows
            ]
        }  # fmt: skip

    # --- setting right

    async def _reconcile(self, _wanted: Facts) -> Facts:
        sync, sweeping = self._authority.sync, self._authority.sweeping
        checks, corrections, found = sync.checks, sync.corrections, sweeping.found
        clear = await sweeping.sweep_all(sync.symbols())
        sync.request()
        for _ in range(ROUNDS):
            if sync.checks > checks and not self._authority.book.doubts:
                break
            await self._timer.SleepAsync(STEP_SECONDS)
        return {
            "complete": clear and sync.checks > checks,
            "corrections": sync.corrections - corrections,
            "fills": sweeping.found - found,
        }

    async def _resolve(self, wanted: Facts) -> Facts:
        name = str(wanted.get("id", ""))
        order = self._orders.get(name)
        if order is None:
            return {"ok": False, "exit": 2, "error": f"no order {name} is known"}
        if not order.is_open:
            return {"order": order.id, "status": order.status.value}
        if order.status is not Status.UNKNOWN:
            error = f"{order.id} is {order.status}: the exchange has it; cancel it"
            return {"ok": False, "exit": 1, "error": error}
        now_ns = self._authority.gateway.now_ns()
        reason = "called not placed by the user"
        self._authority.desk.run(self._orders.end(order.id, Status.NOT_PLACED, reason, now_ns))
        self._log.warning("order resolved by the user", id=order.id)
        return {"order": order.id, "status": order.status.value}

    def _owners(self, owners: list[str] | None) -> list[str]:
        known = sorted({*self._authority.owners, *(order.owner for order in self._open(None))})
        return known if not owners else [owner for owner in known if owner in owners]

    def _open(self, owners: list[str] | None) -> list[Tracked]:
        return [
            order for order in self._orders.open_orders() if owners is None or order.owner in owners
        ]


def _row_of(order: Tracked, exchange: str) -> Facts:
    return {
        "owner": order.owner, "id": order.id, "symbol": order.symbol, "side": order.side.value,
        "type": order.type, "price": plain(order.price), "qty": plain(order.qty),
        "filled": plain(order.filled_qty), "status": order.status.value, "exchange": exchange,
    }  # fmt: skip


def _left_text(positions: dict[str, str], orders: list[str]) -> str:
    parts = [f"{symbol} {qty}" for symbol, qty in positions.items()]
    if orders:
        parts.append(f"{len(orders)} order" + "s" * (len(orders) > 1))
    return "not flat yet: " + ", ".join(parts)
