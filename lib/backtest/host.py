"""One bot of a backtest: its object, its handlers, its desk."""

import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from lib.backtest.desk import Desk
from lib.backtest.exchange import BacktestExchange
from lib.backtest.logger import RunLogger
from lib.backtest.settings import BotPlan
from lib.backtest.timer import RunTimer
from lib.database.no_db import NoDb
from lib.errors import ConfigError, TickvisorError
from lib.factory.custom_factory import CustomFactory
from lib.recording.tap import make_tapped
from lib.recording.tap_file import SUFFIX
from lib.registry import find
from lib.state.memory_state import MemoryState

CONTINUE = "continue"
BASE = "bot.abstract_bot:AbstractBot"


class BotFailed(TickvisorError):
    """A bot's own code raised; `trace` tells where."""

    def __init__(self, owner: str, error: BaseException) -> None:
        """Keep the traceback, from the handler on."""
        super().__init__(f"{owner}: {type(error).__name__}: {error}")
        tail = error.__traceback__
        while tail is not None and tail.tb_next is not None and _is_ours(tail):
            tail = tail.tb_next
        self.trace = "".join(traceback.format_exception(type(error), error, tail))


def _is_ours(tail: TracebackType) -> bool:
    return Path(tail.tb_frame.f_code.co_filename).parent == Path(__file__).parent


class Host:
    """Makes a bot and calls its handlers.

    Args:
        plan: Which class, for which symbol, with which config.
        desk: Its side of the account.
        timer: The run's clock.
        logger: Class of its logger.
        tap: Folder for a tap of it; "" for none.
    """

    def __init__(
        self,
        plan: BotPlan,
        desk: Desk,
        timer: RunTimer,
        logger: type[RunLogger],
        tap: str = "",
    ) -> None:
        """Make the bot.

        Raises:
            ConfigError: Its class cannot be found, or it refuses its config.
            BotFailed: Its constructor raised.
        """
        self.plan = plan
        self.owner = desk.owner
        self.desk = desk
        self.is_online = False
        self._base = find("bot", BASE)
        factory = CustomFactory(
            plan.config, database=NoDb, timer=RunTimer, logger=logger, state=MemoryState
        )
        factory.Exchange = BacktestExchange.bound_to(desk)
        self._log = logger(plan.config, factory, timer)
        bot_class = load_bot_class(plan.target)
        try:
            if tap:
                path = Path(tap) / f"{plan.name}-{plan.symbol}{SUFFIX}"
                self.bot, _ = make_tapped(bot_class, plan.config, factory, timer, path, plan.target)
            else:
                self.bot = bot_class(plan.config, factory, timer)
        except ConfigError as error:
            raise ConfigError(f"bot {self.owner}: {error}") from error
        except Exception as error:
            raise BotFailed(self.owner, error) from error

    def handler(self, name: str) -> Callable[..., None] | None:
        """Return one of the bot's handlers, None when it does not override it."""
        method = getattr(self.bot, name)
        if getattr(type(self.bot), name, None) is getattr(self._base, name):
            return None
        if self.plan.on_error == CONTINUE:
            return self._forgiving(method)
        found: Callable[..., None] = method
        return found

    def call(self, name: str, *values: Any) -> None:
        """Call a handler, if the bot has it."""
        method = self.handler(name)
        if method is not None:
            method(*values)

    def is_in(self, error: BaseException) -> bool:
        """Return whether an error was raised by this bot's code, or by what it called."""
        frames = traceback.walk_tb(error.__traceback__)
        return any(frame.f_locals.get("self") is self.bot for frame, _ in frames)

    def clean(self) -> None:
        """Let the bot tidy up; what it raises is logged."""
        self._forgiving(self.bot.Clean)()

    def _forgiving(self, method: Callable[..., None]) -> Callable[..., None]:
        def call(*values: Any) -> None:
            try:
                method(*values)
            except Exception as error:  # noqa: BLE001 - the config says `on_error: continue`
                self._log.error("a handler failed; going on", handler=method.__name__, error=error)

        return call


def load_bot_class(target: str) -> type[Any]:
    """Return the class that a config names.

    Raises:
        ConfigError: There is none, or a handler that it must have is missing; in one line.
    """
    found = find("bot", target, find("bot", BASE))
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        raise ConfigError(f"bot {target!r}: {found.__name__} lacks {', '.join(missing)}")
    return found
