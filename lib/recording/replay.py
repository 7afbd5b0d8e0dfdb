"""Replays a tap: the same bot, given the same, must do the same; the first difference is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lib import errors
from lib.errors import ConfigError, ExchangeError, TickvisorError
from lib.exchange.abstract_exchange import AbstractExchange
from lib.factory.custom_factory import CustomFactory
from lib.logger.abstract_logger import AbstractLogger
from lib.recording.tap import QUESTIONS
from lib.recording.tap_codec import unpacker
from lib.registry import find
from lib.state.memory_state import MemoryState
from lib.timer import AbstractTimer

POSTS = ("Post", "PostList")


class Diverged(TickvisorError):
    """The bot has asked for something else than when it was tapped."""


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
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from error
        self._rows: Iterator[Any] = unpacker(self._file)
        first = self._read()
        if not isinstance(first, list) or first[:1] != ["start"]:
            self._file.close()
            raise ConfigError("is no tap of a bot", str(path))
        self.facts: dict[str, Any] = first[1]
        self.number = 0
        self.orders = self.cancels = 0

    def next(self) -> list[Any] | None:
        """Return the next array, None at the end or where the file is torn."""
        row = self._read()
        self.number += 1
        return row if isinstance(row, list) else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> Any:
        try:
            return next(self._rows, None)
        except ValueError:
            return None

    def answer(self, what: str, arguments: list[Any]) -> Any:
        """Return what was answered to the same question.

        Raises:
            Diverged: Another question was asked here.
            ExchangeError: That was the answer.
        """
        row = self.next()
        if row is None:
            raise Diverged("the tap is over")
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
    try:
        return _replay(script, target)
    finally:
        script.close()


def _replay(script: Script, target: str) -> Replayed:
    config = script.facts["config"]
    owner = f"{config.get('name')}:{config.get('symbol')}"
    bot_class = find("bot", target or str(script.facts["class"]))
    calls = 0
    try:
        bot = bot_class(config, _factory(config, script), _ScriptTimer(script))
        _expect_done(script)
        while (row := script.next()) is not None:
            if row[0] != "call":
                raise Diverged(f"it had gone on with {row[1]}{_shown(row[2])}")
            calls += 1
            getattr(bot, row[1])(*row[3])
            _expect_done(script)
    except Diverged as error:
        difference = f"call {calls}, entry {script.number}: {error}"
        return Replayed(owner, calls, script.orders, script.cancels, difference, script.number)
    return Replayed(owner, calls, script.orders, script.cancels, "", script.number)


def _expect_done(script: Script) -> None:
    row = script.next()
    if row is not None and row[0] != "done":
        raise Diverged(f"did not ask {row[1]}{_shown(row[2])}")


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


def _factory(config: dict[str, Any], script: Script) -> CustomFactory:
    def asked(name: str) -> Any:
        def call(_self: Any, *values: Any, **named: Any) -> Any:
            kept = [_listed(value) for value in values]
            return script.answer(name, [*kept, dict(sorted(named.items()))])

        return call

    def pop(_self: Any) -> Any:
        return script.answer("Pop", [])

    factory = CustomFactory(config, logger=SilentLogger)
    factory.State = type("ScriptState", (MemoryState,), {"Pop": pop, "Push": _forget})
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
