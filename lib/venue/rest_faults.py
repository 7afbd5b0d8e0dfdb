"""What faults do to REST answers."""

from typing import Any

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


def touches(fault: Active, method: str, path: str) -> bool:
    """Return whether a fault concerns a call; `path` may be given without its version."""
    wanted_method, wanted_path = fault.get("method"), fault.get("path")
    if wanted_method not in {None, method}:
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


def fail_items(faults: list[Active], body: Any) -> Any:
    """Return a batch's results with the items that a fault hides replaced by its error."""
    if not isinstance(body, list):
        return body
    for fault in faults:
        fault.strike()
        code = int(fault.get("code"))
        text = fault.get("msg") or "Request throttled by system-level protection."
        for item in fault.get("items") or [1]:
            if item < len(body):
                body[item] = {"code": code, "msg": text}
    return body


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
