"""The latencies of a run, as measured from a bot's side, for a backtest to draw from (pure).

Times of the exchange and of the bot are compared as they are: between clocks that disagree, what
one way seems to take longer, the other seems to take shorter.
"""

from lib.backtest.measured import FIELDS, Row
from lib.constants import NS_PER_SECOND

KINDS = ("order", "cancel", "account")
MOST = 101
"""Values kept of a kind: its quantiles, when there are more."""
PLACES = 6


class Latencies:
    """Collects delays and tells their distribution."""

    def __init__(self) -> None:
        """Know none."""
        self._market: list[int] = []
        self._rows: dict[str, list[int]] = {kind: [] for kind in KINDS}
        self.moments: list[Row] = []
        """The same, each with its time, of runs that know it."""

    def market(self, delay_ns: int) -> None:
        """Note how long a market event took to a bot."""
        self._market.append(max(0, delay_ns))

    def add(self, kind: str, delay_ns: int) -> None:
        """Note how long an order or a cancel took to the exchange, or news of the account back."""
        self._rows[kind].append(max(0, delay_ns))

    def note(self, kind: str, symbol: str, time_ns: int, delay_ns: int) -> None:
        """Note how long something took; see `lib.backtest.measured`."""
        self.moments.append(Row(time_ns, symbol, kind, max(0, delay_ns)))
        if kind == "book":
            self.market(delay_ns)
        elif kind in self._rows:
            self.add(kind, delay_ns)

    def table(self) -> str:
        """Return the rows that have a time, ascending, as text; "" where there are none."""
        if not self.moments:
            return ""
        rows = sorted(self.moments, key=lambda row: row.time_ns)
        return "".join(f"{','.join(map(str, row))}\n" for row in (FIELDS, *rows))

    def section(self) -> dict[str, str | list[str]]:
        """Return `backtest.latency`: the market's median, quantiles of the rest."""
        found: dict[str, str | list[str]] = {
            kind: _quantiles(rows, MOST) for kind, rows in self._rows.items() if rows
        }
        if self._market:
            (found["market"],) = _quantiles(self._market, 1)
        return found


def _quantiles(rows: list[int], most: int) -> list[str]:
    rows = sorted(rows)
    count = min(len(rows), most)
    places = [(2 * number + 1) * len(rows) // (2 * count) for number in range(count)]
    return [f"{rows[place] / NS_PER_SECOND:.{PLACES}f}s" for place in places]
