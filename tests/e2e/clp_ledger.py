"""What the venue's ledger must look like after a CLP has traded, from its rows alone."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

D = Decimal
CENT = D("0.01")
BUY = "BUY"


class Event(NamedTuple):
    """One thing that happened to one symbol; sorted by time, ends before beginnings."""

    time_ns: int
    rank: int
    row: dict[str, Any]


ENDED, FILLED, CREATED = range(3)


def assert_orders_keep_the_rules(ledger: dict[str, Any]) -> None:
    """Quotes never take, and everything else can only reduce."""
    limits = {order["id"] for order in ledger["orders"] if order["type"] == "LIMIT"}
    for order in ledger["orders"]:
        if order["id"] in limits:
            assert order["time_in_force"] == "GTX", order
        else:
            assert order["reduce_only"], order
    assert all(stop["reduce_only"] for stop in ledger["algo_orders"])
    for fill in ledger["fills"]:
        assert fill["maker"] is (fill["order_id"] in limits), fill


def assert_exposure_is_kept(ledger: dict[str, Any], symbol: str, max_usd: Decimal) -> None:
    """Position and open orders of a side never come to more than is allowed.

    Args:
        ledger: The venue's.
        symbol: Of one bot.
        max_usd: What is allowed; a price may move by a percent after an order was placed.
    """
    position, left = D(0), {}
    for event in history(ledger, symbol):
        row = event.row
        if event.rank == CREATED:
            left[row["id"]] = (row["side"], D(row["price"]), D(row["qty"]))
        elif event.rank == FILLED:
            position += signed(row)
            if row["order_id"] in left:
                side, price, qty = left[row["order_id"]]
                left[row["order_id"]] = (side, price, qty - D(row["qty"]))
        else:
            left.pop(row["id"], None)
        buys = [(price, qty) for side, price, qty in left.values() if side == BUY]
        sells = [(price, qty) for side, price, qty in left.values() if side != BUY]
        for sign, orders in ((1, buys), (-1, sells)):
            for price, _ in orders[-1:]:
                worst = sign * position + sum(qty for _, qty in orders)
                assert worst * price <= max_usd * D("1.01"), (symbol, event)
        if buys and sells:
            assert max(buys)[0] < min(sells)[0], (symbol, event)


def assert_held(
    ledger: dict[str, Any], symbol: str, hold_s: float, excused: list[tuple[int, int]]
) -> int:
    """Orders that are cancelled have stood for their holding time; return how many there were.

    Args:
        ledger: The venue's.
        symbol: Of one bot whose levels have no `force`.
        hold_s: Holding time, less what requests may take.
        excused: Times (from, to) in ns in which a pause or a death cancels everything.
    """
    count = 0
    for order in ledger["orders"]:
        if order["symbol"] != symbol or order["status"] != "CANCELED":
            continue
        end_ns = order["updated_ns"]
        if any(first <= end_ns <= last for first, last in excused):
            continue
        count += 1
        assert end_ns - order["created_ns"] >= hold_s * 1e9, order
    return count


def assert_money_is_explained(ledger: dict[str, Any]) -> None:
    """Wallet and positions are what fills and fees make of the deposit, to the cent."""
    [account] = [one for one in ledger["accounts"].values() if one["deposits"]]
    cash, held = D(0), defaultdict(D)
    for fill in ledger["fills"]:
        assert fill["fee_asset"] == "USDT"
        rate = D("0.0002") if fill["maker"] else D("0.0005")
        assert abs(D(fill["fee"]) - D(fill["qty"]) * D(fill["price"]) * rate) < CENT
        cash -= signed(fill) * D(fill["price"]) + D(fill["fee"])
        held[fill["symbol"]] += signed(fill)
    positions = {row["symbol"]: row for row in account["positions"]}
    assert {symbol: qty for symbol, qty in held.items() if qty} == {
        symbol: D(row["qty"]) for symbol, row in positions.items()
    }
    invested = sum((D(row["qty"]) * D(row["entry_price"]) for row in positions.values()), D(0))
    earned = D(account["balances"]["USDT"]) - D(account["deposits"]["USDT"])
    assert abs(earned - (cash + invested)) < CENT


def profit_at(ledger: dict[str, Any], symbol: str, time_ns: int, mid: Decimal) -> Decimal:
    """Return what the fills of a symbol have earned by a time, the position at `mid`."""
    fills = [one for one in ledger["fills"] if one["symbol"] == symbol and one["time_ns"] < time_ns]
    return sum((signed(one) * (mid - D(one["price"])) - D(one["fee"]) for one in fills), D(0))


def history(ledger: dict[str, Any], symbol: str) -> Iterator[Event]:
    """Return what happened to the quotes and the position of a symbol, in order."""
    events = [
        Event(fill["time_ns"], FILLED, fill) for fill in ledger["fills"] if fill["symbol"] == symbol
    ]
    for order in ledger["orders"]:
        if order["symbol"] == symbol and order["type"] == "LIMIT":
            events.append(Event(order["created_ns"], CREATED, order))
            if order["status"] not in ("NEW", "PARTIALLY_FILLED"):
                # Its last fill has the same time, and comes before.
                events.append(Event(order["updated_ns"] + 1, ENDED, order))
    return iter(sorted(events, key=lambda event: event[:2]))


def signed(row: dict[str, Any]) -> Decimal:
    """Return a fill's quantity, negative for a sale."""
    return D(row["qty"]) if row["side"] == BUY else -D(row["qty"])
