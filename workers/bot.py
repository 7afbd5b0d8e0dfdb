"""The bot worker: one bot on one symbol, called from a plain poll loop without asyncio."""

import traceback

from lib.bus.start import Start
from lib.constants import ExitCode
from lib.factory import make_factory
from lib.timer import LiveTimer
from workers.bot_class import check_bot_class
from workers.bot_guard import Guard
from workers.bot_loop import BotLoop

__all__ = ["check_bot_class", "main"]


def main(start: Start) -> int:
    """Run the bot worker that `start` describes; return its exit code."""
    general = start.config["general"]
    timer = LiveTimer()
    factory = make_factory(start.config["factory"], general)
    log = factory.Logger({**general, "name": start.name}, factory, timer)
    guard = Guard()
    try:
        if start.lifeline_fd >= 0:
            guard.watch(start.lifeline_fd)
        return BotLoop(start, factory, timer, log, guard).run()
    except Exception:  # noqa: BLE001 - a worker's top level
        log.critical("crashed", traceback=traceback.format_exc())
        return ExitCode.ERROR
    finally:
        guard.close()
