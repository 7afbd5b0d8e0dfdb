"""Public REST: reference shapes, agreement with the tapes, and each refusal."""

from typing import Any

import pytest

from lib.constants import NS_PER_MINUTE, NS_PER_SECOND
from lib.venue import key_rights
from lib.venue.configuration import read_settings
from lib.venue.endpoints import ENDPOINTS, Security
from lib.venue.market import Quote
from lib.venue.requests import Request
from lib.venue.venue import Venue
from tests.lib.venue.samples import sample, shape

START_NS = 1_790_000_040 * NS_PER_SECOND


class Asker:
    """A venue in virtual time and a way to ask it."""

    def __init__(self, **config: Any) -> None:
        settings = {"active": ["BTCUSDT"], "rate": 100.0, "key_seed": "x", **config}
        self.venue = Venue(read_settings(settings))
        self.now_ns = START_NS
        self.venue.start(self.now_ns)

    def run(self, seconds: float) -> "Asker":
        end_ns = self.now_ns + round(seconds * NS_PER_SECOND)
        while self.now_ns < end_ns:
            self.now_ns = min(end_ns, self.now_ns + NS_PER_SECOND // 4)
            self.venue.advance(self.now_ns)
            self.venue.pulse(self.now_ns)
        return self

    def get(self, path: str, query: str = "", wanted: int = 200) -> Any:
        request = Request("GET", f"/fapi/v1/{path}", query, "", self.venue.account.key)
        answer = self.venue.door.answer(request, self.now_ns)
        assert answer.status == wanted, answer.body
        return answer.body

    def code(self, path: str, query: str = "") -> int:
        return int(self.get(path, query, 400)["code"])


@pytest.fixture(scope="module")
def asker() -> Asker:
    return Asker().run(130)


@pytest.mark.parametrize(
    ("path", "query", "sample_name"),
    [
        ("ping", "", "rest_ping"),
        ("time", "", "rest_time"),
        ("depth", "symbol=BTCUSDT&limit=5", "rest_depth"),
        ("trades", "symbol=BTCUSDT", "rest_trades"),
        ("historicalTrades", "symbol=BTCUSDT", "rest_trades"),
        ("aggTrades", "symbol=BTCUSDT", "rest_aggTrades"),
        ("klines", "symbol=BTCUSDT&interval=1m", "rest_klines"),
        ("premiumIndex", "symbol=BTCUSDT", "rest_premiumIndex"),
        ("ticker/24hr", "symbol=BTCUSDT", "rest_ticker_24hr"),
        ("ticker/bookTicker", "symbol=BTCUSDT", "rest_ticker_bookTicker"),
        ("ticker/price", "symbol=BTCUSDT", "rest_ticker_price"),
        ("openInterest", "symbol=BTCUSDT", "rest_openInterest"),
    ],
)
def test_answers_have_the_shape_of_the_reference(
    asker: Asker, path: str, query: str, sample_name: str
) -> None:
    body = asker.get(path, query)
    assert shape(body) == shape(sample(sample_name))
    if isinstance(body, dict):
        assert list(body) == list(sample(sample_name))


def test_exchange_info_has_the_shape_of_the_reference(asker: Asker) -> None:
    body, wanted = asker.get("exchangeInfo"), sample("rest_exchangeInfo")
    assert list(body) == list(wanted)
    bitcoin = next(row for row in body["symbols"] if row["symbol"] == "BTCUSDT")
    wanted_row = wanted["symbols"][0]
    assert list(bitcoin) == list(wanted_row)
    subtypes = ("underlyingSubType",)
    assert {k: shape(v) for k, v in bitcoin.items() if k not in subtypes} == {
        k: shape(v) for k, v in wanted_row.items() if k not in subtypes
    }
    assert [list(each) for each in bitcoin["filters"]] == [list(f) for f in wanted_row["filters"]]
    assert "BTCUSDT_250926" not in {row["symbol"] for row in body["symbols"]}, "was delivered"


def test_funding_has_the_shape_of_the_reference() -> None:
    asker = Asker(rate=2.0)
    asker.now_ns = (asker.now_ns // (8 * 60 * NS_PER_MINUTE) + 1) * 8 * 60 * NS_PER_MINUTE
    asker.venue.advance(asker.now_ns)
    asker.run(30)
    body = asker.get("fundingRate", "symbol=BTCUSDT")
    assert shape(body) == shape(sample("rest_fundingRate"))
    assert body[0]["fundingTime"] % (8 * 3600 * 1000) == 0


def test_views_of_the_same_thing_agree(asker: Asker) -> None:
    depth = asker.get("depth", "symbol=BTCUSDT&limit=5")
    best = asker.get("ticker/bookTicker", "symbol=BTCUSDT")
    assert [best["bidPrice"], best["bidQty"]] == depth["bids"][0]
    assert [best["askPrice"], best["askQty"]] == depth["asks"][0]
    assert best["lastUpdateId"] == depth["lastUpdateId"]
    last = asker.get("trades", "symbol=BTCUSDT&limit=1")[-1]
    assert asker.get("ticker/price", "symbol=BTCUSDT")["price"] == last["price"]
    assert asker.get("ticker/24hr", "symbol=BTCUSDT")["lastPrice"] == last["price"]
    assert asker.get("klines", "symbol=BTCUSDT&interval=1m&limit=1")[0][4] == last["price"]
    assert asker.get("klines", "symbol=BTCUSDT&interval=1h&limit=1")[0][4] == last["price"]
    aggregate = asker.get("aggTrades", "symbol=BTCUSDT&limit=1")[-1]
    assert (aggregate["l"], aggregate["p"]) == (last["id"], last["price"])
    minutes = asker.get("klines", "symbol=BTCUSDT&interval=1m&limit=1500")
    assert asker.get("ticker/24hr", "symbol=BTCUSDT")["count"] == sum(row[8] for row in minutes)
    tape = asker.venue.stage.tapes["BTCUSDT"]
    assert isinstance(tape.quote, Quote)


def test_klines_page_by_time(asker: Asker) -> None:
    rows = asker.get("klines", "symbol=BTCUSDT&interval=1m&limit=1500")
    assert [row[0] for row in rows] == list(range(rows[0][0], rows[-1][0] + 1, 60_000))
    start, end = rows[3][0], rows[7][0]
    found = asker.get("klines", f"symbol=BTCUSDT&interval=1m&startTime={start}&endTime={end}")
    assert found == rows[3:8]
    assert asker.get("klines", f"symbol=BTCUSDT&interval=1m&startTime={start}&limit=2") == rows[3:5]
    assert asker.get("klines", f"symbol=BTCUSDT&interval=1m&endTime={end}&limit=2") == rows[6:8]
    assert rows[-1][6] >= asker.now_ns // 1_000_000, "the last row is the open candle"


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("depth", "", -1102),
        ("depth", "symbol=NOSUCH", -1121),
        ("depth", "symbol=BTCUSDT&limit=7", -4021),
        ("depth", "symbol=BTCUSDT&limit=many", -1102),
        ("trades", "symbol=BTCUSDT&limit=1001", -1130),
        ("klines", "symbol=BTCUSDT", -1102),
        ("klines", "symbol=BTCUSDT&interval=7m", -1120),
        ("klines", "symbol=BTCUSDT&interval=1s", -1120),
        ("klines", "symbol=BTCUSDT&interval=1m&limit=1501", -1130),
        ("continuousKlines", "pair=BTCUSDT&interval=1m", -1102),
        ("aggTrades", "symbol=BTCUSDT&startTime=1&endTime=99999999", -4166),
        ("ping", "x=1", -1101),
        ("time", "symbol=BTCUSDT&symbol=BTCUSDT", -1101),
        ("depth", "symbol=BTCUSDT&color=red", -1104),
    ],
)
def test_wrong_parameters_get_their_error(asker: Asker, path: str, query: str, code: int) -> None:
    assert asker.code(path, query) == code


def test_continuous_klines_know_seconds(asker: Asker) -> None:
    query = "pair=BTCUSDT&contractType=PERPETUAL&interval=1s&limit=5"
    assert len(asker.get("continuousKlines", query)) == 5


def test_unknown_path_and_wrong_method_get_the_real_answer(asker: Asker) -> None:
    body = asker.get("nothing", wanted=404)
    assert body == {"code": -5000, "msg": "Path /fapi/v1/nothing, Method GET is invalid"}
    request = Request("DELETE", "/fapi/v1/depth")
    assert asker.venue.door.answer(request, asker.now_ns).status == 405


def test_weights_are_those_of_the_reference() -> None:
    def weight(path: str, **params: str) -> int:
        found = ENDPOINTS[("GET", f"/fapi/v1/{path}")].weight
        return found if isinstance(found, int) else found(params)

    assert [weight("depth", limit=x) for x in ("5", "50", "100", "500", "1000")] == [
        2,
        2,
        5,
        10,
        20,
    ]
    assert weight("depth") == 10
    assert [weight("klines", limit=x) for x in ("99", "100", "500", "1500")] == [1, 2, 5, 10]
    assert (weight("ticker/24hr"), weight("ticker/24hr", symbol="X")) == (40, 1)
    assert (weight("openOrders"), weight("openOrders", symbol="X")) == (40, 1)


def test_every_public_endpoint_answers(asker: Asker) -> None:
    query = "symbol=BTCUSDT&pair=BTCUSDT&contractType=PERPETUAL&interval=1m"
    for (method, path), endpoint in ENDPOINTS.items():
        if method != "GET" or endpoint.security is Security.SIGNED:
            continue
        wanted = [p for p in query.split("&") if p.split("=")[0].lower() in endpoint.names]
        request = Request(method, path, "&".join(wanted), "", asker.venue.account.key)
        answer = asker.venue.door.answer(request, asker.now_ns)
        assert answer.status == 200, (path, answer.body)
        weighed = "x-mbx-used-weight-1m" in answer.headers
        assert weighed == endpoint.weighed


def test_every_signed_endpoint_is_known_to_the_engine(asker: Asker) -> None:
    signed = [key for key, each in ENDPOINTS.items() if each.security is Security.SIGNED]
    # what a key may do is no affair of the account, and told at the door
    signed.remove(("GET", key_rights.PATH))
    for method, path in signed:
        found = asker.venue.engine.request("main", method, path, {}, asker.now_ns)
        assert found is not None, (method, path)
