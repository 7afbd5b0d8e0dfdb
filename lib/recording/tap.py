"""A tap: everything that crosses a bot's border while it runs, so that it can be replayed.

What goes in: each call of a handler, in order, after what the worker has skipped. What it asks
for: each call of its exchange, its clock and its state, with the answer. A bot that depends on
nothing else does the same again when it is given the same.

A tap is a file of MessagePack arrays, `[kind, …]`; a last one that is not whole is left out:
`["start", facts]`, `["call", handler, time_ns, arguments]`, `["ask", what, arguments, answer]`,
`["fail", what, arguments, error's class, its text, its code]`, `["done"]` after each call.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.exchange.abstract_exchange import AbstractExchange
from lib.factory.abstract_factory import AbstractFactory
from lib.models import Order
from lib.recording.tap_codec import pack
from lib.timer import AbstractTimer

SUFFIX = ".tap"
HANDLERS = (
    "onTime", "onOrderbook", "onTrade", "onCandle", "onAccount", "onOrder", "onStatus", "onMessage",
    "Clean",
)  # fmt: skip
QUESTIONS = (
    "isOnline", "getBook", "getBalance", "getPositions", "getTick", "getMinQty", "getCandles",
    "Post", "PostList", "Cancel", "open_orders", "trouble",
)  # fmt: skip
BUFFER = 1 << 16


class Tap:
    """Writes a tap.

    Args:
        path: The file; replaced.
        facts: What `["start", …]` tells: owner, class, config.
    """

    def __init__(self, path: Path, facts: dict[str, Any]) -> None:
        """Open the file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=BUFFER)
        self._depth = 0
        self.is_busy = False
        """Whether a handler runs."""
        self.write("start", facts)

    def write(self, *values: Any) -> None:
        """Append one array."""
        self._file.write(pack(list(values)))

    def flush(self) -> None:
        """Hand what waits to the system."""
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def answer(self, what: str, arguments: list[Any], ask: Callable[[], Any]) -> Any:
        """Return what `ask` answers, and note it, or its error."""
        self._depth += 1
        try:
            answer = ask()
        except Exception as error:
            if self._depth == 1:
                code = getattr(error, "code", 0)
                self.write("fail", what, arguments, type(error).__name__, str(error), code)
            raise
        finally:
            self._depth -= 1
        # What an answer itself asks for is not the bot's doing.
        if not self._depth:
            self.write("ask", what, arguments, answer)
        return answer


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
) -> tuple[Any, Tap]:
    """Make a bot whose border is tapped; return it and its tap.

    Args:
        bot_class: Its class.
        config: What its constructor gets.
        factory: Its factory, `Exchange` set; it is changed.
        timer: Its timer.
        path: The tap's file.
    """
    name = f"{bot_class.__module__}:{bot_class.__qualname__}"
    tap = Tap(path, {"class": name, "config": config, "time_ns": timer.Timestamp()})
    # What reads the clock beside the bot must not do it in the bot's name.
    factory.Exchange = _with_timer(tapped_exchange(factory.Exchange, tap), timer)
    factory.State = _with_timer(_tapped_state(factory.State, tap), timer)
    factory.Logger = _with_timer(factory.Logger, timer)
    factory.Database = _with_timer(factory.Database, timer)
    bot = bot_class(config, factory, TapTimer(timer, tap))
    tap.write("done")
    for handler in HANDLERS:
        setattr(bot, handler, _noted_handler(getattr(bot, handler), tap, timer))
    return bot, tap


def _noted_handler(
    method: Callable[..., None], tap: Tap, timer: AbstractTimer
) -> Callable[..., None]:
    name = method.__name__

    def call(*values: Any) -> None:
        if tap.is_busy:
            # A handler that calls another one.
            method(*values)
            return
        tap.write("call", name, timer.Timestamp(), list(values))
        tap.is_busy = True
        try:
            method(*values)
        finally:
            tap.is_busy = False
            tap.write("done")
            if name == "onTime":
                # What a crash may cost at most is a second.
                tap.flush()
            if name == "Clean":
                tap.close()

    return call


def _with_timer(real: Any, timer: AbstractTimer) -> Any:
    def make(self: Any, config: dict[str, Any], factory: AbstractFactory, _: object) -> None:
        real.__init__(self, config, factory, timer)

    return type(real.__name__, (real,), {"__init__": make})


def _tapped_state(real: Any, tap: Tap) -> Any:
    def pop(self: Any) -> Any:
        return tap.answer("Pop", [], lambda: real.Pop(self))

    return type(real.__name__, (real,), {"Pop": pop})


def _kept(value: Any) -> Any:
    # An iterator can be read once only.
    if value is None or isinstance(value, str | bytes | int | float | Order):
        return value
    return list(value) if hasattr(value, "__iter__") else value
