"""What a vault promises."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from lib.errors import ConfigError
from lib.redaction import remember
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory


class AbstractVault(ABC):
    """A place where secrets are kept; asked by the exchange worker alone.

    Args:
        config: The merged config; `exchange` names the section that the secrets belong to.
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

    @abstractmethod
    def Get(self, name: str) -> str:
        """Return one secret.

        Args:
            name: One of the names in `lib.constants.VAULT`.

        Raises:
            ConfigError: It is not there; names what is missing and where it was looked for.
        """

    def renew(self) -> float | None:
        """Keep the login alive; the exchange worker calls it as long as it lives.

        Returns:
            Seconds after which to call again; None when there is nothing to renew.
        """
        return None

    def _found(self, value: str) -> str:
        # Whatever leaves a vault is hidden in every log from here on.
        return remember(value)

    def _missing(self, name: str, where: str, advice: str) -> ConfigError:
        exchange = self.config.get("exchange") or "the exchange"
        return ConfigError(
            f"secret {name!r} of {exchange} is missing: looked for it in {where}; {advice}"
        )
