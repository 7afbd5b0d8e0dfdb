"""What every factory must do; run your own through it by a subclass with a `factory` fixture.

Its `config` must be complete enough to make all five parts.
"""

import pytest

from lib.database import AbstractDatabase
from lib.factory import AbstractFactory
from lib.logger import AbstractLogger
from lib.state import AbstractState
from lib.timer import AbstractTimer
from lib.vault import AbstractVault

PARENTS = {
    "Vault": AbstractVault,
    "Database": AbstractDatabase,
    "Timer": AbstractTimer,
    "Logger": AbstractLogger,
    "State": AbstractState,
}


class FactoryContract:
    """Tests of `AbstractFactory`."""

    @pytest.mark.parametrize("role", list(PARENTS))
    def test_each_role_is_a_class_that_can_be_made(
        self, factory: AbstractFactory, role: str
    ) -> None:
        part = getattr(factory, role)

        assert isinstance(part, type)
        assert issubclass(part, PARENTS[role])
        timer = factory.Timer()
        made = timer if role == "Timer" else part(factory.config, factory, timer)
        assert isinstance(made, PARENTS[role])

    def test_the_parts_share_one_timer(self, factory: AbstractFactory) -> None:
        timer = factory.Timer()

        for role in ("Vault", "Database", "Logger", "State"):
            made = getattr(factory, role)(factory.config, factory, timer)
            assert made.timer is timer
            assert made.factory is factory

    def test_the_config_is_left_alone(self, factory: AbstractFactory) -> None:
        before = repr(factory.config)

        for role in ("Vault", "Database", "Logger", "State"):
            getattr(factory, role)(factory.config, factory, factory.Timer())

        assert repr(factory.config) == before
