"""What a state store promises."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from lib.constants import KEY
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class AbstractState(ABC):
    """Keeps one dictionary per project, bot and symbol over restarts.

    What orders and positions exist is never taken from here: the exchange tells.

    Args:
        config: The bot's merged config; `project`, `name` and `symbol` make its namespace.
        factory: The process's factory.
        timer: The process's timer.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Keep the three things that every constructor gets."""
        self.config = config
        self.factory = factory
        self.timer = timer

    @property
    def namespace(self) -> str:
        """Return `project/bot/SYMBOL`, the name under which the dictionary is kept."""
        parts = (self.config.get(name) for name in (KEY.PROJECT, KEY.NAME, KEY.SYMBOL))
        return "/".join(str(part) for part in parts if part) or "default"

    @abstractmethod
    def Push(self, state: dict[str, Any]) -> None:
        """Replace what is stored by `state`, whole or not at all.

        Decimal and datetime come back as such; see `lib.serialize.dump` for what may be inside.

        Raises:
            TypeError: `state` holds something that JSON cannot express; nothing is changed.
        """

    @abstractmethod
    def Pop(self) -> dict[str, Any]:
        """Return a copy of the last complete Push, {} when there was none; it stays stored.

        Raises:
            ConfigError: What is stored cannot be read; it is never taken for "nothing".
        """
