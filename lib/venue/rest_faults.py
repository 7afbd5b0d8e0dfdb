"""What faults do to REST answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from lib.venue.faults import Active
from lib.venue.requests import Answer

REST_FAULTS = frozenset(
    {"reject_rest", "unknown_rest", "hang_rest", "reset_rest", "delay_rest", "rate_limit"}
)
GATEWAY_PAGE = "<html>502 Bad Gateway</html>"
UNKNOWN_TEXT = "Unknown error, please check your request or try again later."
RATE_TEXTS = {
    429: "Too many requests; current limit of IP(127.0.0.1) is 2400 requests per minute. "
    "Please use the websocket for live updates to avoid polling the API.",
    418: "Way too many requests; IP(127.0.0.1) banned. "
    "Please use the websocket for live updates to avoid bans.",
}
UNAVAILABLE = 503
BUSY_TEXT = "Request throttled by system-level protection. Please try again."
EXITS = ("reduceOnly", "closePosition")
"""Parameters that mark an order which can only take risk away."""
BATCH_LISTS = ("batchOrders", "orderIdList", "origClientOrderIdList")


def touches(fault: Active, method: str, path: str, params: Mapping[str, str]) -> bool:
    """Return whether a fault concerns a call; its `path` may be given without its version."""
    wanted_method, wanted_path = fault.get("method"), fault.get("path")
    if wanted_method not in {None, method}:
        return False
    if fault.get("spare_exits") and any(params.get(name) == "true" for name in EXITS):
        return False
    return wanted_path is None or path == wanted_path or path.endswith(f"/{wanted_path}")


def apply_before(faults: list[Active]) -> Answer | None:
    """Return the answer to a request that is never executed, None when it goes on."""
    for fault in faults:
        if fault.name == "delay_rest" or fault.get("executed"):
            continue
        return _answer(fault)
    return None


def apply_after(faults: list[Active], answer: Answer) -> Answer:
    """Return what a request's sender sees after it was executed."""
    for fault in faults:
        if fault.name == "delay_rest":
            if not fault.get("before"):
                fault.strike()
                answer = answer._replace(delay=answer.delay + float(fault.get("delay")))
            continue
        return _answer(fault)
    return answer


class BatchFault:
    """Fails single items of one batch call, executed or not.

    Args:
        faults: The active `fail_batch` faults.
        params: Parameters of the call; items that must not be executed are taken out.
    """

    def __init__(self, faults: list[Active], params: dict[str, str]) -> None:
        """Take out what must not be executed."""
        self._hidden: dict[int, dict[str, Any]] = {}
        self._removed: set[int] = set()
        self.is_all = False
        """Nothing is left to execute."""
        for fault in faults:
            fault.strike()
            code, text = int(fault.get("code")), fault.get("msg") or BUSY_TEXT
            for item in fault.get("items") or [1]:
                self._hidden[item] = {"code": code, "msg": text}
                if not fault.get("executed"):
                    self._removed.add(item)
        for name in BATCH_LISTS:
            if self._removed and name in params:
                self._remove(params, name)

    def apply(self, body: Any) -> Any:
        """Return the answer with the failed items in their places."""
        if not isinstance(body, list) or not self._hidden:
            return body
        for item in sorted(self._removed):
            body.insert(item, None)
        for item, error in self._hidden.items():
            if item < len(body):
                body[item] = error
        return body

    def _remove(self, params: dict[str, str], name: str) -> None:
        try:
            rows = orjson.loads(params[name])
        except orjson.JSONDecodeError:
            return
        self._removed = {item for item in self._removed if item < len(rows)}
        kept = [row for item, row in enumerate(rows) if item not in self._removed]
        params[name] = orjson.dumps(kept).decode()
        self.is_all = not kept


def _answer(fault: Active) -> Answer:
    fault.strike()
    match fault.name:
        case "hang_rest":
            return Answer(UNAVAILABLE, "", delay=float(fault.get("hang")), cut=True)
        case "reset_rest":
            return Answer(UNAVAILABLE, "", cut=True)
        case "unknown_rest":
            body: dict[str, Any] = {"msg": UNKNOWN_TEXT}
            if fault.get("coded"):
                body["code"] = -1000
            return Answer(UNAVAILABLE, body)
        case "rate_limit":
            status, wait = int(fault.get("status")), str(fault.get("retry_after"))
            return Answer(status, {"code": -1003, "msg": RATE_TEXTS[status]}, {"Retry-After": wait})
        case _:
            return _rejection(fault)


def _rejection(fault: Active) -> Answer:
    status, code, wait = int(fault.get("status")), fault.get("code"), fault.get("retry_after")
    headers = {} if wait is None else {"Retry-After": str(wait)}
    if fault.get("html"):
        return Answer(status, GATEWAY_PAGE, headers, html=True)
    body: dict[str, Any] = {} if code is None else {"code": int(code)}
    return Answer(status, {**body, "msg": fault.get("msg")}, headers)
