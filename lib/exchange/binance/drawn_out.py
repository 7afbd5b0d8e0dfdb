"""Lets a drill strike while a request is on its way."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from lib.failpoints import failpoint, is_armed
from lib.timer import AbstractTimer

T = TypeVar("T")
IN_FLIGHT_SECONDS = 0.02
"""How long a drill lets the bytes travel."""


async def drawn_out(method: str, request: Coroutine[Any, Any, T], timer: AbstractTimer) -> T:
    """Run a request; while a drill waits for it, strike after its bytes have left.

    Args:
        method: `post` or `cancel`, what the steps' names begin with.
        request: What to run.
        timer: The process's timer.
    """
    step = f"{method}.after_send"
    if not is_armed(step):
        result = await request
    else:
        task = asyncio.ensure_future(request)
        await timer.SleepAsync(IN_FLIGHT_SECONDS)
        failpoint(step)
        result = await task
    failpoint(f"{method}.after_ack")
    return result
