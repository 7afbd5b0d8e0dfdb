"""Plays the venue's faults, and fills in what only the venue knows: prices, quantities, steps."""

from decimal import Decimal
from typing import Any

from lib.chaos.schedule import Strike
from lib.chaos.struck import Struck, missed
from lib.helpers import plain, round_down, round_up
from workers.chaos_system import System

NOTIONAL = Decimal(150)
FAR = Decimal("0.03")
"""Distance of what somebody places by hand."""
PLACEMENTS = ("order", "batchorders")
HELD_SECONDS = 5.0
"""How long a fault that needs a position waits for one."""
MOVING = frozenset({"liquidate", "adl", "manual_trade"})


class VenueStriker:
    """Switches the venue's faults on and off.

    Args:
        system: Whose venue.
    """

    def __init__(self, system: System) -> None:
        """Have hit nothing."""
        self._system = system
        self._timer = system.timer

    async def strike(self, strike: Strike) -> Struck:
        """Let one fault of the venue happen; return when it is over."""
        venue, name = self._system.venue, strike.kind.target
        args = await self._resolve(strike)
        at_ns = self._timer.Timestamp()
        refusal = await venue.strike(name, args)
        if refusal:
            return missed(self._timer.Timestamp(), refusal)
        symbol = str(args.get("symbol", ""))
        if not strike.seconds:
            return Struck(
                at_ns,
                self._timer.Timestamp(),
                moved=frozenset({symbol} if name in MOVING else ()),
                ended=symbol if strike.kind.ends_symbol else "",
            )
        hit = await self._last(strike, args, at_ns)
        moved: frozenset[str] = frozenset()
        if name == "mode_flip":
            await venue.strike(name, args)
            moved = frozenset(self._system.drill.symbols)
        await venue.clear()
        if not hit:
            return missed(self._timer.Timestamp(), "nothing came that it could hit")
        now_ns = self._timer.Timestamp()
        return Struck(at_ns, now_ns, in_request=strike.kind.in_request, moved=moved)

    async def _last(self, strike: Strike, args: dict[str, Any], at_ns: int) -> bool:
        """Let a fault last, or until it is used up; return whether it hit anything."""
        name, most = strike.kind.target, args.get("count", 0)
        if not most:
            await self._timer.SleepAsync(strike.seconds)
            return True

        async def used_up() -> bool:
            return bool(await self._used(name, most, at_ns) >= most)

        await self._system.until(used_up, strike.seconds)
        return await self._used(name, most, at_ns) > 0

    async def _used(self, name: str, most: int, at_ns: int) -> int:
        """Return how often a fault that may be used `most` times has been used."""
        venue = self._system.venue
        if name == "late_accept":
            _, requests = await venue.ledger()
            return sum(
                row["method"] == "POST"
                and row["path"].lower().endswith(PLACEMENTS)
                and row["time_ns"] >= at_ns
                for row in requests
            )
        left = [row.get("left", 0) for row in await venue.active() if row["name"] == name]
        return most - (left[0] if left else 0)

    async def _resolve(self, strike: Strike) -> dict[str, Any]:
        """Return a fault's arguments with what only the venue knows filled in."""
        args = dict(strike.args)
        if strike.kind.target in ("liquidate", "adl"):
            held = await self._held()
            args["symbol"] = held[int(strike.pick * len(held))] if held else args["symbol"]
        if args.get("tick") == "x10":
            rules = await rules_of(self._system, args["symbol"])
            args["tick"] = plain(10 * rules["PRICE_FILTER"]["tickSize"])
        if args.get("qty") in ("min", "-min"):
            sign = Decimal(-1 if args["qty"] == "-min" else 1)
            qty, price = await by_hand(self._system, args["symbol"], sign)
            args["qty"] = plain(sign * qty)
            if args.get("price") == "far":
                args["price"] = plain(price)
        return args

    async def _held(self) -> list[str]:
        """Return the traded symbols with a position, as soon as there is one."""
        held: list[str] = []

        async def is_held() -> bool:
            ledger, _ = await self._system.venue.ledger()
            held[:] = [one for one in ledger.positions if one in self._system.drill.symbols]
            return bool(held)

        await self._system.until(is_held, HELD_SECONDS)
        return held


async def by_hand(system: System, symbol: str, sign: Decimal) -> tuple[Decimal, Decimal]:
    """Return (quantity, far price) of a small order."""
    rules = await rules_of(system, symbol)
    book = await system.venue.public("/fapi/v1/ticker/bookTicker", symbol=symbol)
    mid = (Decimal(book["bidPrice"]) + Decimal(book["askPrice"])) / 2
    qty = round_up(NOTIONAL / mid, rules["LOT_SIZE"]["stepSize"])
    return qty, round_down(mid * (1 - sign * FAR), rules["PRICE_FILTER"]["tickSize"])


async def rules_of(system: System, symbol: str) -> dict[str, dict[str, Decimal]]:
    """Return a symbol's filters: type -> tick or step size."""
    info = await system.venue.public("/fapi/v1/exchangeInfo")
    row = next(each for each in info["symbols"] if each["symbol"] == symbol)
    steps = ("tickSize", "stepSize")
    return {
        each["filterType"]: {key: Decimal(each[key]) for key in steps if key in each}
        for each in row["filters"]
    }
