"""The order of checks at the venue's REST door, and who answers."""

from typing import TYPE_CHECKING, Any

from lib.venue import key_rights
from lib.venue.auth import Account
from lib.venue.endpoints import ENDPOINTS, PATHS, SIGNING, Endpoint, Security
from lib.venue.faults import Active
from lib.venue.refusals import Refusal
from lib.venue.requests import HTTP_OK, Answer, Request, parameters
from lib.venue.rest_faults import REST_FAULTS, BatchFault, apply_after, apply_before, touches
from lib.venue.rest_market import RestMarket

if TYPE_CHECKING:
    from lib.venue.venue import Venue

LISTEN_KEY = "/fapi/v1/listenKey"
WEIGHT_HEADER = "x-mbx-used-weight-1m"
COUNT_HEADERS = ("x-mbx-order-count-10s", "x-mbx-order-count-1m")
NOT_FOUND = 404
HARMLESS = frozenset(SIGNING)
"""Clients that sign everything send these to public endpoints, too."""
UNREAD = {(method, "/fapi/v1/algoOrder"): ("symbol",) for method in ("GET", "DELETE")}
"""What passes unread although no page documents it: ccxt names the symbol beside an algo id."""


class Door:
    """Checks a request as the exchange does and lets it in.

    The order is: ban, path, weight, key, time, signature, parameters, order limits; the rest is
    the engine's.

    Args:
        venue: What is behind the door.
        market: Answers public requests.
    """

    def __init__(self, venue: "Venue", market: RestMarket) -> None:
        """Keep both."""
        self._venue = venue
        self.market = market

    def answer(self, request: Request, now_ns: int) -> Answer:
        """Do what a request asks, with the faults that are on, and note it in the ledger."""
        seen: dict[str, str] = {"signature": "none", "account": ""}
        faults = touching(self._venue.faults.named(REST_FAULTS, now_ns), request)
        answer = apply_before(faults)
        if answer is None:
            answer = apply_after(faults, self._answer(request, seen, now_ns))
        self._note(request, seen, answer, now_ns)
        return answer

    def _answer(self, request: Request, seen: dict[str, str], now_ns: int) -> Answer:
        headers: dict[str, str] = {}
        try:
            return self._let_in(request, seen, headers, now_ns)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body(), {**headers, **refusal.headers})

    def _let_in(
        self, request: Request, seen: dict[str, str], headers: dict[str, str], now_ns: int
    ) -> Answer:
        venue = self._venue
        venue.limits.check_ban(now_ns)
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None:
            raise _no_such(request)
        params = parameters(request)
        weight = endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(params)
        if endpoint.weighed:
            headers[WEIGHT_HEADER] = str(venue.limits.weight.count(0, now_ns) + weight)
            venue.limits.count_weight(weight, now_ns)
        else:
            venue.limits.count_funding(now_ns)
        if endpoint.security is Security.NONE:
            return Answer(HTTP_OK, self._public(endpoint, params, now_ns), headers)
        account = venue.auth.account(request.key)
        seen["account"] = account.name
        if endpoint.security is Security.KEY:
            return Answer(HTTP_OK, self._keyed(endpoint, account, params, now_ns), headers)
        seen["signature"] = "unchecked"
        if not venue.faults.named({"ignore_recv_window"}, now_ns):
            venue.auth.check_time(params, now_ns)
        seen["signature"] = "invalid"
        venue.auth.check_signature(account, request.query, request.body)
        seen["signature"] = "valid"
        if endpoint.path == key_rights.PATH:
            return Answer(HTTP_OK, key_rights.key_rights(account), headers)
        return self.trade(endpoint, account, params, headers, now_ns)

    def trade(
        self,
        endpoint: Endpoint,
        account: Account,
        params: dict[str, str],
        headers: dict[str, str],
        now_ns: int,
    ) -> Answer:
        """Let the engine answer a request whose sender is known.

        Raises:
            Refusal: Too many orders.
        """
        venue = self._venue
        if endpoint.orders != (0, 0):
            used = venue.limits.count_orders(account.name, endpoint.orders, now_ns)
            headers.update(zip(COUNT_HEADERS, map(str, used), strict=True))
        counts = venue.limits.used_orders(account.name, now_ns)
        params["_count_10s"], params["_count_1m"] = map(str, counts)
        for name in UNREAD.get((endpoint.method, endpoint.path), ()):
            params.pop(name, None)
        for symbol in _symbols(params):
            venue.stage.ensure(symbol, now_ns)
        batch = None
        if endpoint.path.endswith("/batchOrders"):
            batch = BatchFault(venue.faults.named({"fail_batch"}, now_ns), params)
            if batch.is_all:
                return Answer(HTTP_OK, batch.apply([]), headers)
        found = venue.engine.request(account.name, endpoint.method, endpoint.path, params, now_ns)
        if found is None:
            raise _no_such(Request(endpoint.method, endpoint.path))
        status, body = found
        venue.settle(now_ns)
        return Answer(status, body if batch is None else batch.apply(body), headers)

    def _public(self, endpoint: Endpoint, params: dict[str, str], now_ns: int) -> Any:
        if self._venue.settings.strict:
            _check_names(endpoint, params)
        return self.market.answer(endpoint.path, params, now_ns)

    def _keyed(
        self, endpoint: Endpoint, account: Account, params: dict[str, str], now_ns: int
    ) -> Any:
        if endpoint.path != LISTEN_KEY:
            return self.market.answer(endpoint.path, params, now_ns)
        return self.listen_key(endpoint.method, account, now_ns)

    def listen_key(self, method: str, account: Account, now_ns: int) -> dict[str, str]:
        """Create, renew or close an account's listenKey.

        Raises:
            Refusal: -1125 when there is none to renew or close.
        """
        keys = self._venue.keys
        if method == "POST":
            return {"listenKey": keys.create(account.name, now_ns)}
        if method == "PUT":
            return {"listenKey": keys.renew(account.name, now_ns)}
        key = keys.close(account.name)
        if key is None:
            raise Refusal(-1125)
        self._venue.users.close(key)
        return {}

    def _note(self, request: Request, seen: dict[str, str], answer: Answer, now_ns: int) -> None:
        params = _lenient(request)
        params.pop("signature", None)
        self._venue.requests.append(
            {
                "time_ns": now_ns,
                "method": request.method,
                "path": request.path,
                "params": params,
                **seen,
                "status": answer.status,
                "code": answer.code(),
                "cut": answer.cut,
            }
        )


def touching(faults: list[Active], request: Request) -> list[Active]:
    """Return the faults that concern a request."""
    params = _lenient(request) if faults else {}
    return [each for each in faults if touches(each, request.method, request.path, params)]


def late_request(faults: list[Active], request: Request, draw: float) -> float:
    """Return by how many seconds a request is late before it is looked at.

    Args:
        faults: The active `delay_rest` faults.
        request: What came in.
        draw: A random number in 0..1 for the jitter.
    """
    delay = 0.0
    for fault in touching(faults, request):
        if fault.get("before"):
            fault.strike()
            delay += float(fault.get("delay")) + draw * float(fault.get("jitter"))
    return delay


def _lenient(request: Request) -> dict[str, str]:
    try:
        return parameters(request)
    except Refusal:
        return {}


def _symbols(params: dict[str, str]) -> list[str]:
    symbol = params.get("symbol")
    return [symbol] if symbol else []


def _check_names(endpoint: Endpoint, params: dict[str, str]) -> None:
    read = [name for name in params if name.lower() in endpoint.names | HARMLESS]
    if len(read) == len(params):
        return
    if not endpoint.names:
        raise Refusal(-1101, f"Too many parameters; expected '0' and received '{len(params)}'.")
    raise Refusal(
        -1104,
        f"Not all sent parameters were read; read '{len(read)}' parameter(s) "
        f"but was sent '{len(params)}'.",
    )


def _no_such(request: Request) -> Refusal:
    text = f"Path {request.path}, Method {request.method} is invalid"
    return Refusal(-5000, text, status=405 if request.path in PATHS else NOT_FOUND)
