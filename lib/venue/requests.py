"""REST requests and answers as the pure venue sees them."""

from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from lib.venue.refusals import Refusal

HTTP_OK = 200
ALIASES = {"orderidlist": "orderIdList", "origclientorderidlist": "origClientOrderIdList"}
"""Spellings that the exchange accepts beside the documented ones."""


class Request(NamedTuple):
    """One REST call as it came in; `query` and `body` are the exact texts."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    key: str | None = None


class Answer(NamedTuple):
    """One REST answer.

    `body` is JSON-ready, or text with `html`; `delay` is in seconds; with `cut` the connection is
    reset instead.
    """

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed in place
    delay: float = 0.0
    html: bool = False
    cut: bool = False

    def code(self) -> int:
        """Return the exchange's code in the body, 0 without one."""
        code = self.body.get("code", 0) if isinstance(self.body, dict) else 0
        return code if isinstance(code, int) else 0


def parameters(request: Request) -> dict[str, str]:
    """Return the parameters of query and body; the query's value wins.

    Raises:
        Refusal: -1101 when a name comes twice in one of them.
    """
    merged: dict[str, str] = {}
    for text in (request.body, request.query):
        pairs = parse_qsl(text, keep_blank_values=True)
        if len(pairs) != len({name for name, _ in pairs}):
            name, sent = Counter(name for name, _ in pairs).most_common(1)[0]
            raise Refusal(-1101, f"Duplicate values for parameter '{name}' ({sent} times).")
        merged.update(pairs)
    for other, name in ALIASES.items():
        if other in merged:
            merged[name] = merged.pop(other)
    return merged
