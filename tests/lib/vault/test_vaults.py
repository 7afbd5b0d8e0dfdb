"""The vaults: contract over all, and those that need no server."""

from collections.abc import Iterator
from typing import Any

import pytest

from lib.constants import VAULT
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.redaction import redact
from lib.timer import LiveTimer
from lib.vault import AbstractVault, ConfigVault, EnvVault, KeyringVault, VaultUnavailable
from tests.contracts.vault import KEY_VALUE, VaultContract
from tests.server_fixtures import need

FACTORY = SandboxFactory({})
TIMER = LiveTimer()
CONFIG = {"exchange": "BINANCE.FUTURES"}


class TestConfigVault(VaultContract):
    place = "the config's section 'BINANCE.FUTURES'"

    @pytest.fixture
    def vault(self) -> AbstractVault:
        section = {"rest_url": "https://fapi.binance.com", "key": KEY_VALUE}
        return ConfigVault({**CONFIG, "BINANCE.FUTURES": section}, FACTORY, TIMER)

    @pytest.mark.parametrize(
        "config",
        [{}, {"exchange": "X"}, {"exchange": "X", "X": None}, {"exchange": "X", "X": {"key": " "}}],
    )
    def test_whatever_is_missing_it_is_one_clear_error(self, config: dict[str, Any]) -> None:
        with pytest.raises(ConfigError, match=r"secret 'key' of .* is missing"):
            ConfigVault(config, FACTORY, TIMER).Get(VAULT.KEY)


class TestEnvVault(VaultContract):
    place = "the environment ($BINANCE_FUTURES_SECRET and $SECRET)"

    @pytest.fixture
    def vault(self, monkeypatch: pytest.MonkeyPatch) -> AbstractVault:
        monkeypatch.setenv("BINANCE_FUTURES_KEY", KEY_VALUE)
        for name in ("KEY", "SECRET", "BINANCE_FUTURES_SECRET"):
            monkeypatch.delenv(name, raising=False)
        return EnvVault(CONFIG, FACTORY, TIMER)

    def test_the_plain_name_is_the_second_choice(
        self, vault: AbstractVault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KEY", "plain-name-value")
        assert vault.Get(VAULT.KEY) == KEY_VALUE

        monkeypatch.setenv("BINANCE_FUTURES_KEY", " ")
        assert vault.Get(VAULT.KEY) == "plain-name-value"

    def test_without_an_exchange_only_the_plain_name_counts(
        self, vault: AbstractVault, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KEY", "plain-name-value")

        assert EnvVault({}, FACTORY, TIMER).Get(VAULT.KEY) == "plain-name-value"


class TestKeyringVault(VaultContract):
    """Over a keyring in memory, by the keyring package's own interface for backends."""

    place = "the keyring's service 'tickvisor:BINANCE.FUTURES'"

    @pytest.fixture
    def vault(self) -> Iterator[AbstractVault]:
        need("keyring")
        import keyring
        from keyring.backend import KeyringBackend
        from keyring.errors import KeyringLocked

        class MemoryKeyring(KeyringBackend):
            priority = 1
            kept: dict[tuple[str, str], str] = {}  # noqa: RUF012

            def get_password(self, service: str, username: str) -> str | None:
                if username == "locked":
                    raise KeyringLocked("locked")
                return self.kept.get((service, username))

            def set_password(self, service: str, username: str, password: str) -> None:
                self.kept[service, username] = password

            def delete_password(self, service: str, username: str) -> None:
                del self.kept[service, username]

        former = keyring.get_keyring()
        keyring.set_keyring(MemoryKeyring())  # type: ignore[no-untyped-call]
        keyring.set_password("tickvisor:BINANCE.FUTURES", "key", KEY_VALUE)
        yield KeyringVault(CONFIG, FACTORY, TIMER)
        keyring.set_keyring(former)

    def test_a_locked_keyring_is_unavailable(self, vault: AbstractVault) -> None:
        with pytest.raises(VaultUnavailable, match="does not open: locked"):
            vault.Get("locked")


def test_a_multi_line_secret_is_hidden_line_by_line() -> None:
    section = {"private_key": "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIAj\n-----END KEY-----"}
    vault = ConfigVault({"exchange": "X", "X": section}, FACTORY, TIMER)

    assert "MC4CAQAwBQYDK2VwBCIEIAj" in vault.Get(VAULT.PRIVATE_KEY)
    assert redact("line MC4CAQAwBQYDK2VwBCIEIAj leaked") == "line *** leaked"
