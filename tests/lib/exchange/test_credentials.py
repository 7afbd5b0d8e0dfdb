from typing import Any

import pytest

from lib.errors import ConfigError
from lib.exchange.credentials import resolve_keys
from lib.factory import AbstractFactory, make_factory
from lib.timer import VirtualTimer

NAME = "BINANCE.FUTURES"


def factory(vault: str) -> AbstractFactory:
    return make_factory({"name": "SandboxFactory", "parts": {"vault": vault}}, {})


def section(**more: Any) -> dict[str, Any]:
    return {"name": NAME, "rest_url": "http://x", **more}


def test_the_sections_own_keys_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_FUTURES_KEY", "from the environment")
    found = resolve_keys(
        section(key="in the file", secret="too"), {}, factory("EnvVault"), VirtualTimer()
    )
    assert (found["key"], found["secret"], found["rest_url"]) == ("in the file", "too", "http://x")


def test_the_vault_fills_in_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_FUTURES_SECRET", "from the environment")
    found = resolve_keys(section(key="in the file"), {}, factory("EnvVault"), VirtualTimer())
    assert found["secret"] == "from the environment"


@pytest.mark.parametrize("vault", ["EnvVault", "ConfigVault"])
def test_what_is_nowhere_is_named_with_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, vault: str
) -> None:
    for name in ("BINANCE_FUTURES_KEY", "BINANCE_FUTURES_SECRET", "KEY", "SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError) as caught:
        resolve_keys(section(), {"project": "p"}, factory(vault), VirtualTimer())
    text = str(caught.value)
    assert "'key' of BINANCE.FUTURES is missing" in text
    assert "in the section 'BINANCE.FUTURES'" in text
    assert "\n" not in text


def test_a_private_key_takes_the_secrets_place() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"

    found = resolve_keys(section(key="k", private_key=pem), {}, factory("EnvVault"), VirtualTimer())

    assert found["secret"] == pem
