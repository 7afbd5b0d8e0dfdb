"""Runs several pieces of work at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(work: list[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the results of all; one alone goes on at once, without a task's wait for its turn."""
    return [await work[0]] if len(work) == 1 else await asyncio.gather(*work)
