"""The login of a vault outlives the hour in which the exchange worker asked for its keys."""

import asyncio
from typing import Any

from lib.constants import NS_PER_SECOND
from lib.factory import CustomFactory
from lib.logger import AbstractLogger
from lib.timer import VirtualTimer
from lib.vault import AbstractVault, EnvVault, VaultUnavailable
from workers.secrets import keep_login

CONFIG = {"general": {"project": "t", "exchange": "BINANCE.FUTURES"}, "exchange": {}}
ANSWERS: list[float | Exception | None] = []
CALLS: list[int] = []


class LeasedVault(AbstractVault):
    """Gives the answers of the test, and notes when it was asked."""

    def Get(self, name: str) -> str:
        return name

    def renew(self) -> float | None:
        CALLS.append(self.timer.Timestamp() // NS_PER_SECOND)
        answer = ANSWERS.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class ListLogger(AbstractLogger):
    """Keeps the messages."""

    messages: list[str]

    def write(self, level: str, message: str, fields: dict[str, Any]) -> None:
        self.messages.append(f"{level} {message}")


class HurryingTimer(VirtualTimer):
    """Sleeps no real time."""

    async def SleepAsync(self, seconds: float) -> None:
        self.advance(seconds)


async def keep(vault: type[AbstractVault], *answers: float | Exception | None) -> list[str]:
    ANSWERS[:], CALLS[:] = answers, []
    factory, timer = CustomFactory({}, vault=vault), HurryingTimer()
    log = ListLogger({}, factory, timer)
    log.messages = []
    async with asyncio.timeout(10):
        await keep_login(CONFIG, factory, timer, log)
    return log.messages


async def test_a_lease_is_renewed_as_often_as_the_vault_asks_for() -> None:
    assert await keep(LeasedVault, 100.0, 50.0, None) == []

    assert CALLS == [0, 100, 150]


async def test_a_vault_that_is_away_is_asked_again_and_told_once() -> None:
    away = VaultUnavailable("away")

    messages = await keep(LeasedVault, away, away, 10.0, away, None)

    assert CALLS == [0, 30, 60, 70, 100]
    assert messages == ["WARNING vault login not renewed, tried again"] * 2


async def test_a_lease_that_is_nearly_over_does_not_make_it_spin() -> None:
    await keep(LeasedVault, 0.0, 0.0, None)

    assert CALLS == [0, 1, 2]


async def test_most_vaults_have_nothing_to_renew() -> None:
    assert await keep(EnvVault) == []
