"""The websocket API: the same requests as REST, in JSON frames."""

from dataclasses import dataclass
from typing import Any

import orjson

from lib.constants import NS_PER_MS
from lib.venue.auth import Account, mandatory
from lib.venue.endpoints import ENDPOINTS, Endpoint, Security
from lib.venue.refusals import Refusal
from lib.venue.requests import HTTP_OK, Answer
from lib.venue.rest_faults import REST_FAULTS, apply_after, apply_before, touches
from lib.venue.venue import Venue

HANDSHAKE_WEIGHT = 5
HIDING = "returnRateLimits"
METHODS: dict[str, tuple[str, str]] = {
    "order.place": ("POST", "/fapi/v1/order"),
    "order.modify": ("PUT", "/fapi/v1/order"),
    "order.cancel": ("DELETE", "/fapi/v1/order"),
    "order.status": ("GET", "/fapi/v1/order"),
    "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
    "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
    "account.balance": ("GET", "/fapi/v2/balance"),
    "v2/account.balance": ("GET", "/fapi/v3/balance"),
    "account.status": ("GET", "/fapi/v2/account"),
    "v2/account.status": ("GET", "/fapi/v3/account"),
    "account.position": ("GET", "/fapi/v2/positionRisk"),
    "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
    "depth": ("GET", "/fapi/v1/depth"),
    "ticker.price": ("GET", "/fapi/v2/ticker/price"),
    "ticker.book": ("GET", "/fapi/v1/ticker/bookTicker"),
    "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
    "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
    "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
}
"""Websocket method → the REST call that does the same."""


@dataclass(slots=True)
class Session:
    """One websocket: since when, whether rate limits are shown, and who logged on."""

    since_ns: int
    shown: bool
    account: Account | None = None
    authorized_ns: int = 0
    hidden: bool = False
    """Whether the request at hand wants no rate limits in its answer."""


class WsApi:
    """Answers the websocket API; pure.

    Args:
        venue: What is asked.
    """

    def __init__(self, venue: Venue) -> None:
        """Keep the venue."""
        self._venue = venue

    def connected(self, now_ns: int) -> None:
        """Count a handshake."""
        self._venue.limits.weight.count(HANDSHAKE_WEIGHT, now_ns)

    def answer(self, session: Session, text: str, now_ns: int) -> tuple[bytes, float]:
        """Return the answering frame (empty: none) and the seconds to wait before it is sent."""
        number: Any = None
        try:
            request = orjson.loads(text)
            if not isinstance(request, dict):
                raise Refusal(-1102, mandatory("method"))
            number = request.get("id")
            answer, account = self._answer(session, request, now_ns)
        except orjson.JSONDecodeError:
            refusal = Refusal(-1000, "Invalid JSON.")
            answer, account = Answer(refusal.status, refusal.body()), None
        except Refusal as refusal:
            answer, account = Answer(refusal.status, refusal.body()), None
        if answer.cut:
            return b"", 0.0
        name = "result" if answer.status == HTTP_OK else "error"
        frame: dict[str, Any] = {"id": number, "status": answer.status, name: answer.body}
        if session.shown and not session.hidden:
            frame["rateLimits"] = self._venue.limits.rows(account, now_ns)
        return orjson.dumps(frame), answer.delay

    def _answer(
        self, session: Session, request: dict[str, Any], now_ns: int
    ) -> tuple[Answer, str | None]:
        method = str(request.get("method", ""))
        params = request.get("params") or {}
        if not isinstance(params, dict):
            raise Refusal(-1102, mandatory("params"))
        named = {str(name): _text(each) for name, each in params.items()}
        session.hidden = named.get(HIDING) == "false"
        self._venue.limits.check_ban(now_ns)
        if method.startswith("session."):
            return Answer(HTTP_OK, self._session(session, method, named, now_ns)), None
        if method not in METHODS:
            raise Refusal(-1102, f"Unknown method '{method}'.", status=400)
        endpoint = ENDPOINTS[METHODS[method]]
        faults = [
            fault
            for fault in self._venue.faults.named(REST_FAULTS, now_ns)
            if touches(fault, endpoint.method, endpoint.path, named)
        ]
        before = apply_before(faults)
        if before is not None:
            return before, None
        account, answer = self._let_in(session, method, endpoint, named, now_ns)
        return apply_after(faults, answer), account if endpoint.orders != (0, 0) else None

    def _let_in(
        self,
        session: Session,
        method: str,
        endpoint: Endpoint,
        params: dict[str, str],
        now_ns: int,
    ) -> tuple[str | None, Answer]:
        venue = self._venue
        weight = endpoint.weight if isinstance(endpoint.weight, int) else endpoint.weight(params)
        venue.limits.count_weight(weight, now_ns)
        if endpoint.security is Security.NONE:
            return None, Answer(HTTP_OK, venue.door.market.answer(endpoint.path, params, now_ns))
        account = session.account
        if account is None or "apiKey" in params:
            account = venue.auth.account(params.get("apiKey"))
            if endpoint.security is Security.SIGNED:
                if not venue.faults.named({"ignore_recv_window"}, now_ns):
                    venue.auth.check_time(params, now_ns)
                venue.auth.check_named(account, params)
        if method.startswith("userDataStream."):
            return None, Answer(HTTP_OK, venue.door.listen_key(endpoint.method, account, now_ns))
        params.pop("apiKey", None)
        params.pop(HIDING, None)
        venue.note_named(account.name, method, params, now_ns)
        return account.name, venue.door.trade(endpoint, account, params, {}, now_ns)

    def _session(
        self, session: Session, method: str, params: dict[str, str], now_ns: int
    ) -> dict[str, Any]:
        if method == "session.logon":
            account = self._venue.auth.account(params.get("apiKey"))
            if not account.public_key:
                raise Refusal(-4056, "HMAC_SHA256 API key is not supported.")
            self._venue.auth.check_time(params, now_ns)
            self._venue.auth.check_named(account, params)
            session.account, session.authorized_ns = account, now_ns
        elif method == "session.logout":
            session.account = None
        elif method != "session.status":
            raise Refusal(-1102, f"Unknown method '{method}'.")
        owner = session.account
        return {
            "apiKey": owner.key if owner else None,
            "authorizedSince": session.authorized_ns // NS_PER_MS if owner else None,
            "connectedSince": session.since_ns // NS_PER_MS,
            "returnRateLimits": session.shown,
            "serverTime": now_ns // NS_PER_MS,
        }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else orjson.dumps(value).decode()
