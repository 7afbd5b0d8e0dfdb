"""A small world that the oracle finds nothing wrong with, to be spoilt by one test each."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lib.chaos.evidence import Evidence, Limits
from lib.chaos.ids import Owners, mark_of
from lib.chaos.journal import Journal
from lib.chaos.ledger import Ledger, LedgerAlgo, LedgerFill, LedgerOrder
from lib.chaos.oracle import judge
from lib.chaos.records import Notebook, line

PROJECT = "drill"
OWNER = "quoter:BTCUSDT"
SYMBOL = "BTCUSDT"
SECOND = 1_000_000_000
BIRTH = 1_795_000_000 * SECOND
"""2026-11-18 11:06:40 UTC."""


def client_id(second: int, micro: int = 0) -> str:
    return f"{mark_of(PROJECT, OWNER)}-20261118.{110640 + second:06d}.{micro:06d}"


def order(name: str, **changes: Any) -> LedgerOrder:
    made = LedgerOrder(
        id=1,
        client_id=name,
        symbol=SYMBOL,
        side="BUY",
        type="LIMIT",
        price=Decimal(100),
        average_price=Decimal(0),
        qty=Decimal(1),
        filled=Decimal(0),
        status="NEW",
        reduce_only=False,
        algo_id=0,
        created_ns=BIRTH + SECOND,
        updated_ns=BIRTH + SECOND,
        born=1,
        ended=3,
    )
    return made._replace(**changes)


def stop(name: str, **changes: Any) -> LedgerAlgo:
    made = LedgerAlgo(
        id=5,
        client_id=name,
        symbol=SYMBOL,
        side="SELL",
        qty=Decimal(1),
        status="NEW",
        reduce_only=True,
        created_ns=BIRTH + SECOND,
    )
    return made._replace(**changes)


def fill(name: str, number: int = 7, **changes: Any) -> LedgerFill:
    made = LedgerFill(
        id=number,
        order_id=1,
        client_id=name,
        symbol=SYMBOL,
        side="BUY",
        price=Decimal(100),
        qty=Decimal(1),
        fee=Decimal("0.02"),
        realised=Decimal(0),
        time_ns=BIRTH + 2 * SECOND,
        step=2,
    )
    return made._replace(**changes)


@dataclass
class Scene:
    """Everything the oracle sees; `rules()` tells what it finds."""

    orders: list[LedgerOrder] = field(default_factory=list)
    algos: list[LedgerAlgo] = field(default_factory=list)
    fills: list[LedgerFill] = field(default_factory=list)
    positions: dict[str, Decimal] = field(default_factory=dict)
    balance: Decimal = Decimal(1000)
    notebook: Notebook = field(default_factory=lambda: Notebook(OWNER))
    journal: Journal | None = None
    limits: Limits = field(default_factory=Limits)
    forbidden: frozenset[str] = frozenset()
    on_crash: str = "cancel"
    deleted: frozenset[str] = frozenset()

    def born(self, second: int = 0, life: int = 1) -> "Scene":
        return self.wrote("life", second, OWNER, life, 4242)

    def wrote(self, kind: str, second: int, *values: Any) -> "Scene":
        self.notebook.feed(line(kind, BIRTH + second * SECOND, *values))
        return self

    def told_fill(self, second: int, one: LedgerFill, *, done: bool = True) -> "Scene":
        key = [one.symbol, one.id, one.order_id]
        numbers = [str(one.qty), str(one.price), False]
        self.wrote("order", second, one.client_id, "FILLED", [*key, *numbers])
        return self.wrote("done", second, *key) if done else self

    def evidence(self) -> Evidence:
        ledger = Ledger(
            time_ns=BIRTH + 60 * SECOND,
            orders=self.orders,
            algos=self.algos,
            fills=self.fills,
            positions=self.positions,
            balances={"USDT": self.balance},
            countdowns={},
        )
        return Evidence(
            ledger,
            {OWNER: self.notebook},
            self.journal,
            Owners(PROJECT, [OWNER]),
            self.limits,
            on_crash={OWNER: self.on_crash},
            forbidden=self.forbidden,
            deleted=self.deleted,
        )

    def rules(self) -> list[str]:
        return [finding.rule for finding in judge(self.evidence())]
