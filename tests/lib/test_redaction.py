"""Secrets stay out of texts, by value and by shape."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import redaction
from lib.redaction import is_secret_name, redact, redact_fields, remember, remember_config

SECRET = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"


@pytest.fixture(autouse=True, scope="module")
def forget() -> Iterator[None]:
    """What these tests remember must not be hidden in the output of others."""
    before = dict(redaction._values)
    yield
    redaction._values.clear()
    redaction._values.update(before)


@pytest.mark.parametrize(
    "text",
    [
        "GET /fapi/v1/order?symbol=BTCUSDT&signature={} failed",
        "wss://host/private/stream?listenKey={}&events=x",
        "headers {{'X-MBX-APIKEY': '{}'}}",
        '{{"apiKey": "{}", "x": 1}}',
        '"{{\\"secret\\": \\"{}\\"}}"',
        "Authorization: Token {}",
        "Authorization: Bearer {}",
        "X-Vault-Token: {}",
        "password={};host=x",
        "postgresql://ann:{}@db:5432/bots",
        "secret_id = {}",
        "client(api_key='{}', api_secret=\"{}\")",
        "token: {}\nnext: line",
        "private_key: '-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----'",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    hidden = redact(text.format(SECRET, SECRET))

    assert SECRET not in hidden
    assert "***" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "order posted at 61234.5 for 0.010",
        "secret 'key' of BINANCE.FUTURES is missing: looked for it in $BINANCE_FUTURES_KEY",
        "write `secret: ${BINANCE_SECRET}` there",
        "https://localhost:8086/api",
        "tokens left, key figures",
        "keyword=1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_redacted_json_is_still_json() -> None:
    text = json.dumps({"secret": SECRET, "nested": json.dumps({"token": SECRET}), "n": 1})

    found = json.loads(redact(text))

    assert SECRET not in json.dumps(found)
    assert found["n"] == 1
    assert json.loads(found["nested"]) == {"token": "***"}


@given(st.text(min_size=6, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_remembered_value_never_gets_through(secret: str, before: str, after: str) -> None:
    remember(secret)

    assert secret not in redact(before + secret + after) or secret in "***"


def test_a_value_with_another_one_inside_disappears_whole() -> None:
    remember("inner-secret")
    remember("outer-inner-secret-outer")

    assert redact("x outer-inner-secret-outer y") == "x *** y"


def test_short_values_are_not_remembered() -> None:
    remember("key")

    assert redact("the key figures") == "the key figures"


def test_a_config_s_secrets_are_remembered() -> None:
    remember_config({"influx": {"url": "http://influx.desk", "token": "token-of-the-desk"}})

    assert redact("http://influx.desk said token-of-the-desk") == "http://influx.desk said ***"


def test_fields_are_redacted_by_name_and_by_value() -> None:
    remember("value-to-hide")
    fields = {
        "api_key": "whatever",
        "listenKey": 7,
        "token": None,
        "nested": [{"password": "x"}, ("value-to-hide", 1.5)],
        "raw": b"value-to-hide",
        "error": ValueError("value-to-hide"),
        "price": 1,
    }

    assert redact_fields(fields) == {
        "api_key": "***",
        "listenKey": "***",
        "token": None,
        "nested": [{"password": "***"}, ["***", 1.5]],
        "raw": "***",
        "error": "ValueError: ***",
        "price": 1,
    }


@pytest.mark.parametrize("name", ["key", "api_key", "apiKey", "BINANCE_SECRET", "listenKey"])
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["keys", "monkey", "symbol", "tokens_left", "keyboard"])
def test_other_names_are_not(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "text", ["x" * 200_000, "://a:" * 40_000, 'secret="' * 20_000, "token" * 40_000, "=" * 200_000]
)
@pytest.mark.timeout(10)
def test_a_huge_text_takes_no_time(text: str) -> None:
    assert redact(text)
