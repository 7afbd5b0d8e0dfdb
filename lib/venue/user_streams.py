"""Listen keys: one per account, an hour of life, renewed by asking."""

from random import Random
from string import ascii_letters, digits

from lib.constants import NS_PER_MINUTE
from lib.venue.refusals import Refusal

LIFE_NS = 60 * NS_PER_MINUTE
LENGTH = 64


class ListenKeys:
    """Keeps the active key of every account; pure.

    Args:
        random: Draws the keys.
        life_ns: How long a key lives without renewal.
    """

    def __init__(self, random: Random, life_ns: int = LIFE_NS) -> None:
        """Start without keys."""
        self._random = random
        self._life_ns = life_ns
        self._keys: dict[str, str] = {}
        self._ends: dict[str, int] = {}
        self._owners: dict[str, str] = {}

    def create(self, account: str, now_ns: int) -> str:
        """Return the account's key, new or renewed."""
        key = self._keys.get(account)
        if key is None:
            key = "".join(self._random.choices(ascii_letters + digits, k=LENGTH))
            self._keys[account] = key
            self._owners[key] = account
        self._ends[account] = now_ns + self._life_ns
        return key

    def renew(self, account: str, now_ns: int) -> str:
        """Extend the account's key.

        Raises:
            Refusal: -1125 when there is none.
        """
        if account not in self._keys:
            raise Refusal(-1125)
        return self.create(account, now_ns)

    def close(self, account: str) -> str | None:
        """End the account's key and return it, None when there is none."""
        self._ends.pop(account, None)
        key = self._keys.pop(account, None)
        if key is not None:
            self._owners.pop(key, None)
        return key

    def account(self, key: str) -> str | None:
        """Return whose active key this is."""
        return self._owners.get(key)

    def key(self, account: str) -> str | None:
        """Return the active key of an account."""
        return self._keys.get(account)

    def expired(self, now_ns: int) -> list[str]:
        """End the keys whose time is over and return them."""
        over = [account for account, end_ns in self._ends.items() if end_ns <= now_ns]
        return [key for key in map(self.close, over) if key is not None]
