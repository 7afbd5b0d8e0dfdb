"""The strategy under hftbacktest: the engine is compiled, and so is the strategy (numba)."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    CANCELED,
    DEPTH_EVENT,
    EXCH_EVENT,
    FILLED,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

from benchmarks.backtest_peers import rules
from benchmarks.backtest_peers.rules import (
    LOT,
    LOTS_PER_UNIT,
    MAKER_FEE,
    TICK,
    TICKS_PER_UNIT,
    Played,
    Quotes,
    main,
)

WIDTH, OFF, QTY, MOST = rules.WIDTH, rules.OFF, rules.QTY, rules.LIMIT
MAX_FILLS = 200_000
WAIT_NS = 10**15
NO_RESPONSES = False
FEED = 2
"""What `wait_next_feed` returns when an event has come."""
BOTH = EXCH_EVENT | LOCAL_EVENT | DEPTH_EVENT
BID, ASK = BOTH | BUY_EVENT, BOTH | SELL_EVENT


@njit  # type: ignore[untyped-decorator]
def maker(hbt: Any, fills: Any) -> int:
    """Run the strategy; return the number of fills, which are (time, sign, price) rows."""
    ids = np.zeros(2, np.int64)  # of the bid and the ask; 0 for none
    prices = np.zeros(2, np.int64)
    last_bid = last_ask = count = 0
    while hbt.wait_next_feed(NO_RESPONSES, WAIT_NS) == FEED:
        before, count = count, note_fills(hbt, ids, fills, count)
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if count > before or (bid == last_bid and ask == last_ask):
            continue
        last_bid, last_ask = bid, ask
        held = round(hbt.position(0) * LOTS_PER_UNIT)
        for side in range(2):
            sign = 1 - 2 * side
            price = (bid + ask) // 2 - WIDTH if side == 0 else -(-(bid + ask) // 2) + WIDTH
            if ids[side] == 0 and abs(held + sign * QTY) <= MOST:
                ids[side] = post(hbt, side, price)
                prices[side] = price
            elif ids[side] and abs(price - prices[side]) >= OFF:
                hbt.cancel(0, ids[side], False)  # noqa: FBT003 - numba takes no keyword
    return count


@njit  # type: ignore[untyped-decorator]
def note_fills(hbt: Any, ids: Any, fills: Any, count: int) -> int:
    """Write what has filled, forget what is done; return the new number of fills."""
    for side in range(2):
        if ids[side] == 0:
            continue
        order = hbt.orders(0).get(ids[side])
        if order.status == FILLED:
            fills[count] = order.exch_timestamp, 1 - 2 * side, order.exec_price_tick
            count += 1
        if order.status in (FILLED, CANCELED):
            ids[side] = 0
    hbt.clear_inactive_orders(0)
    return count


@njit  # type: ignore[untyped-decorator]
def post(hbt: Any, side: int, tick: int) -> int:
    """Post an order; return its id: its time and side."""
    number: int = hbt.current_timestamp * 2 + side
    price, qty = tick / TICKS_PER_UNIT, QTY / LOTS_PER_UNIT
    if side == 0:
        hbt.submit_buy_order(0, number, price, qty, GTX, LIMIT, False)  # noqa: FBT003
    else:
        hbt.submit_sell_order(0, number, price, qty, GTX, LIMIT, False)  # noqa: FBT003
    return number


def prepare(folder: Path, quotes: Quotes, *, warm_up: bool) -> None:
    """Write the quotes as changes of two levels, in the engine's own format."""
    rows: list[tuple[int, int, float, float]] = []
    was_bid = was_ask = 0
    for time_ns, bid, bid_qty, ask, ask_qty in zip(*quotes, strict=True):
        sides = [(BID, was_bid, bid, bid_qty), (ASK, was_ask, ask, ask_qty)]
        # The side that gives way goes first, so that the book is never crossed.
        for event, before, price, qty in sides if ask <= was_ask else reversed(sides):
            rows.append((event, time_ns, price / TICKS_PER_UNIT, qty / LOTS_PER_UNIT))
            if before not in (0, price):
                rows.append((event, time_ns, before / TICKS_PER_UNIT, 0.0))
        was_bid, was_ask = bid, ask
    data = np.zeros(len(rows), event_dtype)
    for name, column in zip(("ev", "exch_ts", "px", "qty"), zip(*rows, strict=True), strict=True):
        data[name] = column
    data["local_ts"] = data["exch_ts"]
    np.savez(folder / f"depth-{warm_up}.npz", data=data)


def play(folder: Path, *, warm_up: bool) -> Played:
    """Play them."""
    asset = (
        BacktestAsset()
        .data([str(folder / f"depth-{warm_up}.npz")])
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(float(MAKER_FEE), float(MAKER_FEE))
        .tick_size(float(TICK))
        .lot_size(float(LOT))
    )
    hbt = HashMapMarketDepthBacktest([asset])
    fills = np.zeros((MAX_FILLS, 3), np.int64)
    count = maker(hbt, fills)
    state, depth = hbt.state_values(0), hbt.depth(0)
    middle = (depth.best_bid + depth.best_ask) / 2
    profit = state.balance + state.position * middle - state.fee
    hbt.close()
    rows = [(int(t), "BUY" if sign > 0 else "SELL", int(p)) for t, sign, p in fills[:count]]
    return Played(rows, float(profit))


if __name__ == "__main__":
    main(sys.argv[1:], prepare, play)
