"""The venue's own endpoints under /venue/: faults on command and the truth for tests."""

from collections.abc import Mapping
from typing import Any

import orjson

from lib.venue import payloads
from lib.venue.fault_table import FAULTS
from lib.venue.refusals import Refusal
from lib.venue.requests import HTTP_OK
from lib.venue.venue import Venue

ADMIN = "/venue/"


def answer_admin(
    venue: Venue, now_ns: int, method: str, path: str, query: Mapping[str, str], text: str
) -> tuple[int, bytes]:
    """Answer one request of a test or an operator: HTTP status and JSON bytes."""
    try:
        return HTTP_OK, payloads.encode(_body(venue, now_ns, method, path, query, text))
    except Refusal as refusal:
        return refusal.status, payloads.encode(refusal.body())


def _body(
    venue: Venue, now_ns: int, method: str, path: str, query: Mapping[str, str], text: str
) -> Any:
    match method, path:
        case "GET", "/venue/faults":
            known = [
                {"name": each.name, "arguments": each.arguments, "text": each.text}
                for each in FAULTS.values()
            ]
            return {"active": venue.faults.rows(now_ns), "known": known}
        case "POST", "/venue/faults":
            return venue.add_fault(_object(text), now_ns)
        case "DELETE", "/venue/faults":
            which = query.get("id") or query.get("name") or ""
            return {"cleared": venue.clear_faults(which, now_ns)}
        case "GET", "/venue/ledger":
            return venue.ledger(query.get("account"))
        case "GET", "/venue/status":
            return {
                "now_ns": now_ns,
                "events": venue.stage.events,
                "sent": venue.hub.sent,
                "connections": connections(venue),
                "symbols": list(venue.stage.tapes),
            }
        case _:
            raise Refusal(-5000, f"Path {path}, Method {method} is invalid", status=404)


def connections(venue: Venue) -> list[dict[str, Any]]:
    """Return one row per open websocket."""
    return [
        {
            "number": each.number,
            "route": each.route.value,
            "combined": each.combined,
            "streams": list(each.streams),
            "listen_keys": len(each.keys),
        }
        for each in venue.hub.connections.values()
    ]


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise Refusal(-1102, f"the body is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refusal(-1102, "the body is not a JSON object")
    return found
