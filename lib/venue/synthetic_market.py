"""The random market of one symbol: a price that wanders, a ladder that follows, trades that eat."""

import math
from bisect import insort
from decimal import Decimal
from random import Random

from lib.constants import NS_PER_MS, NS_PER_SECOND
from lib.helpers import round_down
from lib.venue.candles import MINUTE_MS, Candle, flat
from lib.venue.market import Level, Levels, MarketEvent, MarkPrice, Print, Quote
from lib.venue.symbols import SymbolInfo

STEPS_PER_RATE = 0.42
"""Book steps per wanted stream message: one step makes a quote, often a trade, a candle, depth."""
VOLATILITY = 0.0001
"""Standard deviation of the log price after one second (about 56 % a year)."""
BACK_TO_START = 1 / 86_400
"""Pull towards the starting price per second, so that a long run keeps its price bands."""
LEVELS = 25
"""Price levels kept on each side."""
LEVEL_NOTIONAL = 20_000.0
TRADE_CHANCE = 0.35
BURST_CHANCE = 0.02
BURST_STEPS = 40
BURST_FACTOR = 4.0
MARK_PERIOD_NS = NS_PER_SECOND
FUNDING_PERIOD_NS = 8 * 3600 * NS_PER_SECOND
MARK_UNIT = Decimal("0.00000001")
FIRST_UPDATE_ID = 428_997_000_000
FIRST_TRADE_ID = 7_940_000_000


class Ladder:
    """One side of the book: ticks and quantities (in steps), best first.

    Args:
        sign: 1 for asks (ascending ticks), -1 for bids.
    """

    def __init__(self, sign: int) -> None:
        """Start empty."""
        self.sign = sign
        self.keys: list[int] = []
        self.qty: dict[int, int] = {}

    def best(self) -> int:
        """Return the best tick."""
        return self.keys[0] * self.sign

    def worst(self) -> int:
        """Return the last tick kept."""
        return self.keys[-1] * self.sign

    def put(self, tick: int, qty: int) -> None:
        """Set a level; quantity 0 deletes it."""
        if qty:
            if tick not in self.qty:
                insort(self.keys, tick * self.sign)
            self.qty[tick] = qty
        elif self.qty.pop(tick, 0):
            self.keys.remove(tick * self.sign)

    def better_than(self, tick: int) -> list[int]:
        """Return the ticks better than or equal to `tick`, best first."""
        found = []
        for key in self.keys:
            if key > tick * self.sign:
                break
            found.append(key * self.sign)
        return found


class SyntheticMarket:
    """Steps at random times; each step moves the book and may print trades.

    Args:
        rules: The symbol's trading rules and starting price.
        seed: With the symbol's name it decides everything but the time of the start.
        rate: Wanted stream messages per second.
        minutes: Length of the invented history.
        start_ns: Time of the first step.
    """

    def __init__(
        self, rules: SymbolInfo, seed: int, rate: float, minutes: int, start_ns: int
    ) -> None:
        """Draw the starting book."""
        self.rules = rules
        self.due_ns = start_ns
        self._random = Random(f"{seed}:{rules.symbol}")
        self._start_ns = start_ns
        self._now_ns = start_ns
        self._minutes = minutes
        self._pause_ns = NS_PER_SECOND / max(0.01, rate * STEPS_PER_RATE)
        self._burst = 0
        self._first = True
        self._home = float(rules.price / rules.tick)
        self._target = self._home
        self._sigma = self._home * VOLATILITY
        self._gap = max(1.0, self._sigma * math.sqrt(self._pause_ns / NS_PER_SECOND) / 2)
        self._touch = LEVEL_NOTIONAL / float(rules.price * rules.step)
        self._min_steps = max(1, int(rules.min_qty / rules.step))
        self._bids, self._asks = Ladder(-1), Ladder(1)
        self._update_id = FIRST_UPDATE_ID + self._random.randrange(10**6)
        self._trade_id = FIRST_TRADE_ID + self._random.randrange(10**6)
        self._mark_due_ns = start_ns
        self._changed: tuple[set[int], set[int]] = (set(), set())

    def step(self, events: list[MarketEvent]) -> None:
        """Append the events of the step at `due_ns`, and set the next `due_ns`."""
        now_ns = self.due_ns
        if self._first:
            self._first = False
            self._open(now_ns, events)
        else:
            self._wander((now_ns - self._now_ns) / NS_PER_SECOND)
            self._move(now_ns, events)
            self._publish(now_ns, events)
        if now_ns >= self._mark_due_ns:
            events.append(self._mark(now_ns))
            self._mark_due_ns = now_ns + MARK_PERIOD_NS
        self._now_ns = now_ns
        self.due_ns = now_ns + self._pause()

    def shift(self, delta_ns: int) -> None:
        """Move the market's clock and what is to come."""
        self.due_ns += delta_ns
        self._now_ns += delta_ns
        self._mark_due_ns += delta_ns

    def history(self) -> list[Candle]:
        """Return invented one-minute candles that end at the starting price."""
        random = Random(f"history:{self.rules.symbol}:{self._home}")
        sigma, price = self._sigma * math.sqrt(60), self._home
        first_id = FIRST_TRADE_ID - 200 * self._minutes - 1
        minute = self._start_ns // NS_PER_MS // MINUTE_MS - 1
        rows: list[Candle] = []
        for back in range(self._minutes):
            before = max(2.0, price - random.gauss(0, sigma))
            high = max(price, before) + abs(random.gauss(0, sigma / 2))
            low = max(1.0, min(price, before) - abs(random.gauss(0, sigma / 2)))
            row = flat("1m", (minute - back) * MINUTE_MS, self._price(round(before)))
            row.close, row.high, row.low = (self._price(round(each)) for each in (price, high, low))
            row.count = random.randint(20, 180)
            row.volume = self._qty(int(self._touch * row.count * random.uniform(0.1, 0.4)) + 1)
            row.taker_volume = round_down(row.volume * Decimal("0.5"), self.rules.step)
            row.quote_volume = row.volume * row.close
            row.taker_quote = row.taker_volume * row.close
            row.first_id = first_id + 200 * (self._minutes - back)
            row.last_id = row.first_id + row.count - 1
            rows.append(row)
            price = before
        rows.reverse()
        return rows

    def _pause(self) -> int:
        if self._burst:
            self._burst -= 1
            return int(self._random.expovariate(BURST_FACTOR / self._pause_ns)) + 1
        if self._random.random() < BURST_CHANCE:
            self._burst = BURST_STEPS
        # Bursts take their share of the steps, so quiet times are slower than the mean.
        return int(self._random.expovariate(0.75 / self._pause_ns)) + 1

    def _open(self, now_ns: int, events: list[MarketEvent]) -> None:
        bid = math.floor(self._target)
        for ladder, best in ((self._bids, bid), (self._asks, bid + 1)):
            tick = best
            for _ in range(LEVELS):
                ladder.put(tick, self._draw())
                tick = max(1, tick + ladder.sign * self._spacing())
        self._update_id += LEVELS
        bids, asks = (self._levels(side, side.qty) for side in (self._bids, self._asks))
        last = self._update_id
        symbol = self.rules.symbol
        events.append(Levels(symbol, bids, asks, last, last, last, now_ns, snapshot=True))
        events.append(self._quote(now_ns))

    def _wander(self, seconds: float) -> None:
        pull = (self._home - self._target) * BACK_TO_START * seconds
        move = self._random.gauss(0, self._sigma * math.sqrt(seconds))
        self._target = max(10.0, self._target + move + pull)

    def _move(self, now_ns: int, events: list[MarketEvent]) -> None:
        bid = max(2, math.floor(self._target))
        spread = 1 if self._random.random() < 0.85 else self._random.randint(2, 3)
        ask = bid + spread
        if bid >= self._asks.best():
            self._sweep(self._asks, bid, now_ns, events)
        elif ask <= self._bids.best():
            self._sweep(self._bids, ask, now_ns, events)
        elif self._random.random() < TRADE_CHANCE:
            self._hit(now_ns, events)
        self._settle(self._bids, bid)
        self._settle(self._asks, ask)

    def _sweep(self, ladder: Ladder, limit: int, now_ns: int, events: list[MarketEvent]) -> None:
        for tick in ladder.better_than(limit):
            if self._random.random() < 0.7:
                events.append(self._print(ladder, tick, ladder.qty[tick], now_ns))
            self._put(ladder, tick, 0)

    def _hit(self, now_ns: int, events: list[MarketEvent]) -> None:
        ladder = self._bids if self._random.random() < 0.5 else self._asks
        tick = ladder.best()
        there = ladder.qty[tick]
        qty = min(there, self._min_steps + int(there * self._random.expovariate(6.0)))
        events.append(self._print(ladder, tick, qty, now_ns))
        self._put(ladder, tick, there - qty)

    def _settle(self, ladder: Ladder, best: int) -> None:
        random = self._random
        for tick in ladder.better_than(best - ladder.sign):
            self._put(ladder, tick, 0)
        if best not in ladder.qty:
            self._put(ladder, best, self._draw())
        else:
            tick = ladder.keys[int(random.random() ** 2 * len(ladder.keys))] * ladder.sign
            self._put(ladder, tick, self._draw())
        while len(ladder.keys) > LEVELS:
            self._put(ladder, ladder.worst(), 0)
        while len(ladder.keys) < LEVELS:
            tick = ladder.worst() + ladder.sign * self._spacing()
            if tick < 1:
                break
            self._put(ladder, tick, self._draw())

    def _publish(self, now_ns: int, events: list[MarketEvent]) -> None:
        changed_bids, changed_asks = self._changed
        count = len(changed_bids) + len(changed_asks)
        bids = self._levels(self._bids, changed_bids)
        asks = self._levels(self._asks, changed_asks)
        changed_bids.clear()
        changed_asks.clear()
        previous = self._update_id
        self._update_id += count
        first, last = previous + 1, self._update_id
        events.append(Levels(self.rules.symbol, bids, asks, first, last, previous, now_ns))
        events.append(self._quote(now_ns))

    def _put(self, ladder: Ladder, tick: int, qty: int) -> None:
        ladder.put(tick, qty)
        self._changed[ladder is self._asks].add(tick)

    def _draw(self) -> int:
        return self._min_steps + int(self._touch * self._random.lognormvariate(-0.7, 1.0))

    def _spacing(self) -> int:
        return 1 + int(self._random.expovariate(1.0) * (self._gap - 1) + 0.5)

    def _levels(self, ladder: Ladder, ticks: "set[int] | dict[int, int]") -> list[Level]:
        ordered = sorted(ticks, reverse=ladder.sign < 0)
        return [(self._price(tick), self._qty(ladder.qty.get(tick, 0))) for tick in ordered]

    def _quote(self, now_ns: int) -> Quote:
        bid, ask = self._bids.best(), self._asks.best()
        return Quote(
            self.rules.symbol,
            self._price(bid),
            self._qty(self._bids.qty[bid]),
            self._price(ask),
            self._qty(self._asks.qty[ask]),
            self._update_id,
            now_ns,
        )

    def _print(self, ladder: Ladder, tick: int, qty: int, now_ns: int) -> Print:
        self._trade_id += 1
        buyer_is_maker = ladder is self._bids
        price, amount = self._price(tick), self._qty(qty)
        return Print(self.rules.symbol, price, amount, buyer_is_maker, self._trade_id, now_ns)

    def _mark(self, now_ns: int) -> MarkPrice:
        mark = (Decimal(self._target) * self.rules.tick).quantize(MARK_UNIT)
        index = (mark * Decimal("0.9999")).quantize(MARK_UNIT)
        rate = (mark - index) / mark
        funding_ns = (now_ns // FUNDING_PERIOD_NS + 1) * FUNDING_PERIOD_NS
        rate = rate.quantize(MARK_UNIT)
        return MarkPrice(self.rules.symbol, mark, index, rate, funding_ns, now_ns)

    def _price(self, tick: int) -> Decimal:
        return tick * self.rules.tick

    def _qty(self, steps: int) -> Decimal:
        return steps * self.rules.step
