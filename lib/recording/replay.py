"""Replays a tap: the same bot, given the same, must do the same; the first difference is told."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from lib import errors
from lib.database.no_db import NoDb
from lib.errors import ConfigError, ExchangeError
from lib.exchange.abstract_exchange import AbstractExchange
from lib.factory.custom_factory import CustomFactory
from lib.logger.abstract_logger import AbstractLogger
from lib.recording.tap import QUESTIONS
from lib.recording.tap_file import read_tap
from lib.registry import find
from lib.state.memory_state import MemoryState
from lib.timer import AbstractTimer

POSTS = ("Post", "PostList")


class Diverged(BaseException):
    """The bot has done something else than when it was tapped; not for a bot to catch."""


class Over(BaseException):
    """Ends a replay where the tap is torn; not for a bot to catch."""


class Cut(BaseException):
    """Ends a call where the worker has interrupted it; not for a bot to catch."""


class Replayed(NamedTuple):
    """What a replay has come to; `difference` is empty when all was the same."""

    owner: str
    calls: int
    orders: int
    cancels: int
    difference: str
    entries: int


class SilentLogger(AbstractLogger):
    """Writes nothing."""

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        """Write nothing."""


class Script:
    """The arrays of a tap, one after the other.

    Args:
        path: The tap.

    Raises:
        ConfigError: It is none.
    """

    def __init__(self, path: Path) -> None:
        """Read the first array."""
        self._rows: Iterator[Any] = read_tap(path)
        first = next(self._rows, None)
        if not isinstance(first, list) or first[:1] != ["start"]:
            raise ConfigError("is no tap of a bot", str(path))
        self.facts: dict[str, Any] = first[1]
        self.number = 0
        self.orders = self.cancels = 0

    @property
    def owner(self) -> str:
        """Return whose tap it is: `<bot name>:<SYMBOL>`."""
        config = self.facts["config"]
        return f"{config.get('name')}:{config.get('symbol')}"

    def next(self) -> list[Any] | None:
        """Return the next array, None at the end or where the file is torn."""
        row = next(self._rows, None)
        self.number += 1
        return row if isinstance(row, list) else None

    def answer(self, what: str, arguments: list[Any]) -> Any:
        """Return what was answered to the same question.

        Raises:
            Diverged: Another question was asked here.
            ExchangeError: That was the answer.
            Cut: The call was interrupted before it was asked.
            Over: The tap ends here.
        """
        row = self.next()
        if row is None:
            raise Over
        if row[0] == "cut":
            raise Cut
        if row[0] not in ("ask", "fail") or row[1] != what or row[2] != arguments:
            wanted = f"{row[1]}{_shown(row[2])}" if row[0] in ("ask", "fail") else "nothing more"
            raise Diverged(f"asked {what}{_shown(arguments)} where it had asked {wanted}")
        if what in POSTS:
            self.orders += 1 if what == "Post" else len(arguments[0])
        self.cancels += what == "Cancel"
        if row[0] == "fail":
            raise _error(*row[3:])
        return row[3]


def replay(path: Path, target: str = "") -> Replayed:
    """Run a tap's bot over it again.

    Args:
        path: The tap.
        target: Another class than the tapped one; "" for that.

    Raises:
        ConfigError: It is no tap, or the class cannot be found.
    """
    script = Script(path)
    config = script.facts["config"]
    bot_class = find("bot", target or str(script.facts["class"]))
    calls = 0
    difference = ""
    try:
        made: list[Any] = []
        _call(
            script, lambda: made.append(bot_class(config, _factory(script), _ScriptTimer(script)))
        )
        while (row := script.next()) is not None:
            if row[0] != "call" or not made:
                raise Diverged(f"it had gone on with {row[1]}{_shown(row[2])}")
            calls += 1
            _call(script, partial(getattr(made[0], row[1]), *row[3]))
    except Over:
        pass
    except Diverged as error:
        difference = f"call {calls}, entry {script.number}: {error}"
    return Replayed(script.owner, calls, script.orders, script.cancels, difference, script.number)


def _call(script: Script, call: Callable[[], None]) -> None:
    """Make one call and see that it ends as it did."""
    ending = "done"
    try:
        call()
    except Cut:
        return
    except Exception as error:  # noqa: BLE001 - a bot's own; it must have raised it then, too
        ending = type(error).__name__
    row = script.next()
    if row is None or row[0] == "cut":
        return
    if row[0] in ("ask", "fail"):
        raise Diverged(f"did not ask {row[1]}{_shown(row[2])}")
    if (had := row[1] if row[0] == "raised" else row[0]) != ending:
        raise Diverged(f"ended with {ending} where it had ended with {had}")


class _ScriptTimer(AbstractTimer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def Timestamp(self) -> int:
        return int(self._script.answer("Timestamp", []))

    def Monotonic(self) -> int:
        return int(self._script.answer("Monotonic", []))

    def Sleep(self, seconds: float) -> None:
        self._script.answer("Sleep", [seconds])

    async def SleepAsync(self, seconds: float) -> None:
        return


def _factory(script: Script) -> CustomFactory:
    def asked(name: str) -> Any:
        def call(_self: Any, *values: Any, **named: Any) -> Any:
            kept = [_listed(value) for value in values]
            return script.answer(name, [*kept, dict(sorted(named.items()))])

        return call

    def noted(name: str) -> Any:
        return lambda _self, *values: script.answer(name, list(values))

    factory = CustomFactory(script.facts["config"], logger=SilentLogger)
    factory.State = type("ScriptState", (MemoryState,), {"Pop": noted("Pop"), "Push": _forget})
    factory.Database = type("ScriptDb", (NoDb,), {"readLast": noted("readLast")})
    methods = {name: asked(name) for name in QUESTIONS}
    factory.Exchange = type("ScriptExchange", (AbstractExchange,), methods)
    return factory


def _forget(_self: Any, _state: dict[str, Any]) -> None:
    """Store nothing: a state would date it, and the clock is the bot's."""


def _listed(value: Any) -> Any:
    if hasattr(value, "__iter__") and not isinstance(value, str | bytes):
        return list(value)
    return value


def _error(name: str, text: str, code: int) -> Exception:
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, ExchangeError):
        return kind(text, code)
    return RuntimeError(f"{name}: {text}")


def _shown(arguments: list[Any]) -> str:
    *values, last = arguments or [{}]
    named = [f"{key}={value}" for key, value in last.items()] if isinstance(last, dict) else [last]
    return f"({', '.join(map(str, [*values, *named]))})"
