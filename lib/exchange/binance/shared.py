"""One question for all who asked before it left."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Questions by key; each answer serves everybody who waited when its question left.

    An answer is never older than the moment at which somebody asked for it.
    """

    def __init__(self) -> None:
        """Have asked nothing."""
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: dict[str, int] = defaultdict(int)
        self._answers: dict[str, tuple[int, T]] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Return an answer to a question that leaves after this call began; errors are passed on.

        Args:
            key: What is asked about.
            ask: Asks.
        """
        self._asked[key] += 1
        mine = self._asked[key]
        async with self._locks[key]:
            upto, answer = self._answers.get(key, (0, None))
            if upto >= mine and answer is not None:
                return answer
            upto = self._asked[key]
            found = await ask()
            self._answers[key] = (upto, found)
            return found
