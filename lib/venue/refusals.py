"""Refusals at the venue's door, before the trading engine is asked: keys, limits, bad requests."""

from typing import Any

TEXTS: dict[int, str] = {
    -1022: "Signature for this request is not valid.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1125: "This listenKey does not exist.",
    -1130: "Data sent for parameter 'limit' is not valid.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action, request ip: 127.0.0.1",
    -4021: "Depth limit is not valid.",
}


class Refusal(Exception):
    """An error answer.

    Args:
        code: The exchange's negative code.
        text: Its words; the table's when empty.
        status: HTTP status.
        headers: Further headers, `Retry-After`.
    """

    def __init__(
        self, code: int, text: str = "", status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        """Keep what the answer needs."""
        self.code = code
        self.text = text or TEXTS[code]
        self.status = status
        self.headers = headers or {}
        super().__init__(f"{code} {self.text}")

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        return {"code": self.code, "msg": self.text}
