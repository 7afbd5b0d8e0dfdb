"""A tap: everything that crosses a bot's border while it runs, so that it can be replayed.

What goes in: each call of a handler, in order, after what the worker has skipped. What it asks
for: each call of its exchange, its clock and its state, with the answer. A bot that depends on
nothing else does the same again when it is given the same.

A tap is a file of arrays, `[kind, …]`; a last one that is not whole is left out:
`["start", facts]`, `["call", handler, time_ns, arguments]`, `["ask", what, arguments, answer]`,
`["fail", what, arguments, error's class, its text, its code]`, and after each call (and the
constructor) `["done"]`, `["raised", error's class, its text]`, or `["cut"]` where the worker has
interrupted it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lib.exchange.abstract_exchange import AbstractExchange
from lib.factory.abstract_factory import AbstractFactory
from lib.models import Order
from lib.recording.tap_file import MOST_BYTES, TapFile
from lib.redaction import redact_fields
from lib.timer import AbstractTimer

HANDLERS = (
    "onTime", "onOrderbook", "onTrade", "onCandle", "onAccount", "onOrder", "onStatus", "onMessage",
    "Clean",
)  # fmt: skip
QUESTIONS = (
    "isOnline", "getBook", "getBalance", "getPositions", "getTick", "getMinQty", "getCandles",
    "Post", "PostList", "Cancel", "open_orders", "trouble",
)  # fmt: skip


class Tap:
    """Takes notes while a call goes on: constructor or handler.

    Args:
        path: The file; replaced.
        facts: What `["start", …]` tells: class, config, time.
        most_bytes: Size from which on no further call is noted.
    """

    def __init__(self, path: Path, facts: dict[str, Any], most_bytes: int = MOST_BYTES) -> None:
        """Make the file."""
        self.path = path
        self.is_busy = False
        """Whether a call goes on."""
        self._file = TapFile(path, most_bytes)
        self._depth = 0
        self._write("start", facts)

    @property
    def is_closed(self) -> bool:
        """Whether nothing is noted any more."""
        return self._file.is_closed

    def close_if_full(self) -> bool:
        """Finish a file that may not grow any more; return whether that was now."""
        if self._file.is_closed or not self._file.is_full:
            return False
        self._file.close()
        return True

    def flush(self) -> None:
        """Make what was noted so far safe from a crash of the process."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    @contextmanager
    def call(self, *head: Any) -> Iterator[None]:
        """Note one call: `head` (if any) before, its outcome after it.

        Whatever it raises is noted and goes on.
        """
        if head:
            self._write("call", *head)
        self.is_busy = True
        try:
            yield
        except Exception as error:
            self._write("raised", type(error).__name__, str(error))
            raise
        except BaseException:
            self._write("cut")
            raise
        else:
            self._write("done")
        finally:
            self.is_busy = False

    def answer(self, what: str, arguments: list[Any], ask: Callable[[], Any]) -> Any:
        """Return what `ask` answers, and note it, or its error."""
        # What an answer itself asks for is not the bot's doing.
        is_noted = self.is_busy and not self._depth
        self._depth += 1
        try:
            answer = ask()
        except Exception as error:
            if is_noted:
                code = getattr(error, "code", 0)
                self._write("fail", what, arguments, type(error).__name__, str(error), code)
            raise
        finally:
            self._depth -= 1
        if is_noted:
            self._write("ask", what, arguments, answer)
        return answer

    def _write(self, *values: Any) -> None:
        self._file.write(list(values))


class TapTimer(AbstractTimer):
    """A timer whose answers are noted.

    Args:
        timer: The real one.
        tap: Takes the notes.
    """

    def __init__(self, timer: AbstractTimer, tap: Tap) -> None:
        """Keep both."""
        self._timer = timer
        self._tap = tap

    def Timestamp(self) -> int:
        """Return nanoseconds since the epoch."""
        found: int = self._tap.answer("Timestamp", [], self._timer.Timestamp)
        return found

    def Monotonic(self) -> int:
        """Return monotonic nanoseconds."""
        found: int = self._tap.answer("Monotonic", [], self._timer.Monotonic)
        return found

    def Sleep(self, seconds: float) -> None:
        """Wait."""
        self._tap.answer("Sleep", [seconds], lambda: self._timer.Sleep(seconds))

    async def SleepAsync(self, seconds: float) -> None:
        """Wait; not noted, for a bot's handlers cannot await."""
        await self._timer.SleepAsync(seconds)


def tapped_exchange(real: type[AbstractExchange], tap: Tap) -> type[AbstractExchange]:
    """Return a class like `real` whose answers are noted."""

    def noted(name: str) -> Callable[..., Any]:
        def call(self: Any, *values: Any, **named: Any) -> Any:
            arguments = [*(_kept(value) for value in values), dict(sorted(named.items()))]
            values = tuple(_kept(value) for value in values)
            method = getattr(super(made, self), name)
            return tap.answer(name, arguments, lambda: method(*values, **named))

        return call

    names = [name for name in QUESTIONS if hasattr(real, name)]
    made: Any = type(real.__name__, (real,), {name: noted(name) for name in names})
    found: type[AbstractExchange] = made
    return found


def make_tapped(
    bot_class: type[Any],
    config: dict[str, Any],
    factory: AbstractFactory,
    timer: AbstractTimer,
    path: Path,
    target: str = "",
    most_bytes: int = MOST_BYTES,
) -> tuple[Any, Tap]:
    """Make a bot whose border is tapped; return it and its tap.

    Args:
        bot_class: Its class.
        config: What its constructor gets; secrets in it do not reach the tap.
        factory: Its factory, `Exchange` set; it is changed.
        timer: Its timer.
        path: The tap's file.
        target: Where its class is found again; by its module's name where that is empty.
        most_bytes: Size from which on the file takes no more calls.
    """
    name = target or f"{bot_class.__module__}:{bot_class.__qualname__}"
    facts = {"class": name, "config": redact_fields(config), "time_ns": timer.Timestamp()}
    tap = Tap(path, facts, most_bytes)
    # What reads the clock beside the bot must not do it in the bot's name.
    factory.Exchange = _with_timer(tapped_exchange(factory.Exchange, tap), timer)
    factory.State = _with_timer(_noted(factory.State, "Pop", tap), timer)
    factory.Logger = _with_timer(factory.Logger, timer)
    factory.Database = _with_timer(_noted(factory.Database, "readLast", tap), timer)
    with tap.call():
        bot = bot_class(config, factory, TapTimer(timer, tap))
    tap.flush()
    for handler in HANDLERS:
        setattr(bot, handler, _noted_handler(bot, handler, tap, timer))
    return bot, tap


def _noted_handler(bot: Any, name: str, tap: Tap, timer: AbstractTimer) -> Callable[..., None]:
    method = getattr(bot, name)

    def call(*values: Any) -> None:
        # A handler that calls another one is one call.
        if tap.is_busy or tap.is_closed:
            method(*values)
            return
        try:
            with tap.call(name, timer.Timestamp(), list(values)):
                method(*values)
        finally:
            if name == "onTime":
                # What a crash may cost at most is a second.
                tap.flush()
            if name == "Clean":
                tap.close()
            elif tap.close_if_full():
                bot.logger.warning("the tap is full; nothing more is noted", file=tap.path)

    return call


def _with_timer(real: Any, timer: AbstractTimer) -> Any:
    def make(self: Any, config: dict[str, Any], factory: AbstractFactory, _: object) -> None:
        real.__init__(self, config, factory, timer)

    return type(real.__name__, (real,), {"__init__": make})


def _noted(real: Any, name: str, tap: Tap) -> Any:
    def ask(self: Any, *values: Any) -> Any:
        return tap.answer(name, list(values), lambda: getattr(real, name)(self, *values))

    return type(real.__name__, (real,), {name: ask})


def _kept(value: Any) -> Any:
    # An iterator can be read once only.
    if value is None or isinstance(value, str | bytes | int | float | Order):
        return value
    return list(value) if hasattr(value, "__iter__") else value
