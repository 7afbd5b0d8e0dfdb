"""Why no risk may be added, by where and by what: one cause that ends leaves the others (pure)."""

from collections import defaultdict
from collections.abc import Collection


class Blocks:
    """Reasons of blocks, per scope (a symbol, or `*` for all) and cause."""

    def __init__(self) -> None:
        """Block nothing."""
        self._reasons: dict[str, dict[str, str]] = defaultdict(dict)

    def __bool__(self) -> bool:
        """Return whether anything is blocked."""
        return any(self._reasons.values())

    def block(self, scope: str, cause: str, reason: str) -> bool:
        """Block a scope; return whether that cause did not block it before."""
        is_new = cause not in self._reasons[scope]
        self._reasons[scope][cause] = reason
        return is_new

    def free(self, cause: str, but: Collection[str] = ()) -> None:
        """Take a cause away, everywhere but in some scopes."""
        for scope, reasons in self._reasons.items():
            if scope not in but:
                reasons.pop(cause, None)

    def reason(self, scope: str) -> str:
        """Return the first reason why a scope is blocked, "" when it is not."""
        reasons = self._reasons.get(scope)
        return next(iter(reasons.values()), "") if reasons else ""
