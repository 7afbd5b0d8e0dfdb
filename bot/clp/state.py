"""What a CLP stores, and what of it still holds in its next life (pure)."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from bot.clp.liquidation import Progress
from bot.clp.position import same_entry
from bot.clp.profit import Account
from lib.models import ZERO

VERSION = 1


class Mode(StrEnum):
    """What a CLP is doing."""

    START = "START"
    """Account or market is not known yet."""
    WARMUP = "WARMUP"
    """The volatility is not known."""
    QUOTE = "QUOTE"
    PAUSE = "PAUSE"
    LIQUIDATE = "LIQUIDATE"
    HALT = "HALT"
    """It cleans up, or has done so."""


class Verdict(StrEnum):
    """What became of a stored state."""

    FRESH = "fresh"
    """There was none."""
    CONTINUED = "continued"
    """It fits the exchange's position."""
    REBUILT = "rebuilt"
    """It does not: the position counts."""


@dataclass(frozen=True, slots=True)
class ClpState:
    """Everything that outlives a CLP; orders and position are the exchange's to tell.

    Args:
        mode: At the time of the Push.
        qty: Signed position then.
        entry: Its entry price.
        stop: Stop price, None while unknown.
        liquidation: How far one has come, None while there is none.
        pause_until: End of a pause, ns since the epoch; 0 for none.
        pause_causes: Names of the conditions that objected.
        pause_reason: Their words.
        profit: Profit of the day.
    """

    mode: Mode = Mode.START
    qty: Decimal = ZERO
    entry: Decimal = ZERO
    stop: Decimal | None = None
    liquidation: Progress | None = None
    pause_until: int = 0
    pause_causes: str = ""
    pause_reason: str = ""
    profit: Account = field(default_factory=Account)

    def pack(self) -> dict[str, Any]:
        """Return what `AbstractState.Push` takes."""
        liquidation, profit = self.liquidation, self.profit
        return {
            "version": VERSION,
            "mode": self.mode.value,
            "qty": self.qty,
            "entry": self.entry,
            "stop": self.stop,
            "liquidation": [liquidation.initial, liquidation.steps] if liquidation else None,
            "pause": [self.pause_until, self.pause_causes, self.pause_reason],
            "profit": [profit.day, profit.cash, profit.qty, profit.fees, list(profit.trades)],
        }

    @classmethod
    def unpack(cls, stored: dict[str, Any]) -> "ClpState":
        """Return what `pack` was called on.

        Raises:
            ValueError: It is of another shape.
        """
        try:
            if stored["version"] != VERSION:
                raise ValueError(f"version {stored['version']} is not {VERSION}")
            begun = stored["liquidation"]
            day, cash, qty, fees, trades = stored["profit"]
            until, causes, reason = stored["pause"]
            return cls(
                mode=Mode(stored["mode"]),
                qty=_decimal(stored["qty"]),
                entry=_decimal(stored["entry"]),
                stop=None if stored["stop"] is None else _decimal(stored["stop"]),
                liquidation=Progress(_decimal(begun[0]), int(begun[1])) if begun else None,
                pause_until=int(until),
                pause_causes=str(causes),
                pause_reason=str(reason),
                profit=Account(
                    int(day), _decimal(cash), _decimal(qty), _decimal(fees), tuple(map(int, trades))
                ),
            )
        except (KeyError, TypeError, IndexError, ValueError) as error:
            raise ValueError(f"stored state not understood: {error!r}") from error


def resume(
    stored: ClpState | None, qty: Decimal, entry: Decimal, timestamp: int
) -> tuple[ClpState, Verdict]:
    """Return what a new life starts with, checked against the exchange's position.

    A stop belongs to side and entry price: it stays while both do, whatever was closed meanwhile.
    A liquidation goes on with what is left of the position.

    Args:
        stored: Of the former life, None if there is nothing.
        qty: Signed position at the exchange.
        entry: Its entry price.
        timestamp: Time since the epoch, ns.
    """
    if stored is None:
        return ClpState(qty=qty, entry=entry), Verdict.FRESH
    is_same_stand = (
        bool(qty)
        and bool(stored.qty)
        and (qty > 0) is (stored.qty > 0)
        and same_entry(entry, stored.entry)
    )
    is_equal = qty == stored.qty and (is_same_stand or not qty)
    begun = stored.liquidation
    is_going_on = begun is not None and bool(qty) and (qty > 0) is (begun.initial > 0)
    resumed = replace(
        stored,
        mode=Mode.START,
        qty=qty,
        entry=entry,
        stop=stored.stop if is_same_stand else None,
        liquidation=begun if is_going_on else None,
        pause_until=stored.pause_until if stored.pause_until > timestamp else 0,
    )
    return resumed, Verdict.CONTINUED if is_equal else Verdict.REBUILT


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is not a Decimal")
    return value
