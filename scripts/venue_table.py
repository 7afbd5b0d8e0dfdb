"""Keeps the tables of docs/venue.md current: `python scripts/venue_table.py [--check]`.

The tables are made from the venue's own: endpoints, stream names, websocket methods, faults.
"""

import sys
from pathlib import Path

from made_tables import main

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lib.venue.endpoints import ENDPOINTS, Endpoint, Security  # noqa: E402
from lib.venue.fault_table import ENGINE_FAULTS, FAULTS  # noqa: E402
from lib.venue.stream_names import ALL_SYMBOLS, PLAIN, Kind, Route, parse  # noqa: E402
from lib.venue.ws_api import METHODS  # noqa: E402

PAGE = ROOT / "docs" / "venue.md"
DIFFERENCES = {
    "/fapi/v1/exchangeInfo": "`underlyingSubType` is empty; delivered contracts are left out",
    "/fapi/v1/historicalTrades": "knows the newest 1000 trades",
    "/fapi/v1/trades": "knows the newest 1000 trades",
    "/fapi/v1/aggTrades": "knows the newest 1000 rows",
    "/fapi/v1/rpiDepth": "there are no RPI orders: the same as depth",
    "/fapi/v1/klines": "keeps 1600 minutes; longer intervals are made of them",
    "/fapi/v1/continuousKlines": "`1s` reaches as far as the newest 1000 trades",
    "/fapi/v1/markPriceKlines": "the trades' candles without volumes",
    "/fapi/v1/indexPriceKlines": "the trades' candles without volumes",
    "/fapi/v1/premiumIndexKlines": "always zero",
    "/fapi/v1/fundingInfo": "empty: every symbol is funded every 8 h",
    "/fapi/v1/fundingRate": "knows the fundings since the venue was started",
    "/fapi/v1/openInterest": "the day's volume stands in for it",
    "/fapi/v1/ticker/bookTicker": "without a symbol: those that play",
    "/fapi/v1/ticker/24hr": "without a symbol: those that play",
    "/fapi/v1/ticker/price": "without a symbol: those that play",
    "/fapi/v2/ticker/price": "without a symbol: those that play",
    "/fapi/v1/premiumIndex": "without a symbol: those that play",
    "/sapi/v1/account/apiRestrictions": "of the main address; `venue.accounts` says the rights",
    "/api/v3/ping": "of Spot, because clients call it when they connect",
    "/api/v3/time": "of Spot, because clients call it when they connect",
}
SAMPLE_WEIGHTS = ({"limit": "5", "symbol": "X"}, {"limit": "1000"})
MORE_STREAMS = (
    "<s>@depth",
    "<s>@depth@0ms",
    "<s>@depth@100ms",
    "<s>@depth@500ms",
    "<s>@rpiDepth@500ms",
    "<s>@depth5",
    "<s>@depth10@100ms",
    "<s>@depth20@500ms",
    "<s>@kline_1m",
    "<s>_perpetual@continuousKline_1m",
)


def weight(endpoint: Endpoint) -> str:
    """Return an endpoint's weight, or its range."""
    if isinstance(endpoint.weight, int):
        return str(endpoint.weight)
    found = sorted({endpoint.weight(params) for params in SAMPLE_WEIGHTS})
    return " to ".join(map(str, found))


def endpoints_table() -> list[str]:
    """Return the table of REST calls."""
    rows = [
        "| call | key | weight | orders 10 s / 1 min | differs |",
        "| --- | --- | --- | --- | --- |",
    ]
    keys = {Security.NONE: "-", Security.KEY: "key", Security.SIGNED: "signed"}
    for each in ENDPOINTS.values():
        counts = "-" if each.orders == (0, 0) else f"{each.orders[0]} / {each.orders[1]}"
        note = DIFFERENCES.get(each.path, "")
        call = f"`{each.method} {each.path}`"
        rows.append(f"| {call} | {keys[each.security]} | {weight(each)} | {counts} | {note} |")
    return rows


def streams_table() -> list[str]:
    """Return the table of websocket streams."""
    names = [*(f"<s>@{name}" for name in PLAIN), *MORE_STREAMS, *ALL_SYMBOLS]
    rows = ["| stream | route | pace | |", "| --- | --- | --- | --- |"]
    for name in names:
        stream = parse(name.replace("<s>", "btcusdt"))
        assert stream is not None, name  # noqa: S101 - our own table
        pace = f"{stream.speed_ms} ms" if stream.speed_ms else "each event"
        note = "acknowledged, never moves" if stream.kind is Kind.QUIET else ""
        if stream.kind is Kind.CONTRACT:
            note = "at a delisting or a change of rules by a fault"
        rows.append(f"| `{name}` | {stream.route.value} | {pace} | {note} |")
    rows.append(f"| `<listenKey>` | {Route.PRIVATE.value} | each event | user data |")
    return rows


def methods_table() -> list[str]:
    """Return the table of websocket API methods."""
    rows = ["| method | does what |", "| --- | --- |"]
    rows += [f"| `{name}` | `{' '.join(call)}` |" for name, call in METHODS.items()]
    rows.append("| `session.logon`, `session.status`, `session.logout` | Ed25519 keys only |")
    return rows


def faults_table() -> list[str]:
    """Return the table of faults."""
    rows = ["| fault | arguments | what happens |", "| --- | --- | --- |"]
    for each in FAULTS.values():
        shown = " ".join(f"`{k}`" if v is None else f"`{k}={v}`" for k, v in each.arguments.items())
        text = each.text.replace("|", "\\|")
        if each.name in ENGINE_FAULTS:
            # The engine's faults name their arguments before a colon.
            head, colon, tail = text.partition(": ")
            shown, text = (head, tail) if colon else ("", text)
        rows.append(f"| `{each.name}` | {shown} | {text} |")
    return rows


def tables() -> dict[str, list[str]]:
    """Return what stands between the markers of the page, by marker."""
    return {
        "endpoints": endpoints_table(),
        "streams": streams_table(),
        "methods": methods_table(),
        "faults": faults_table(),
    }


if __name__ == "__main__":
    sys.exit(main(PAGE, "venue_table.py", tables(), sys.argv[1:]))
