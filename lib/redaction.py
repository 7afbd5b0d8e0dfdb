"""Keeps secrets out of everything that is printed, logged or stored as a log.

Two nets: values that a vault or a config handed out are known and replaced wherever they occur;
what looks like a secret (`signature=…`, `listenKey=…`, `token: …`, an Authorization header,
a password in a URL) is replaced by shape.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lib.serialize import safe_text

HIDDEN = "***"
SHORTEST = 6
"""Shorter values are not remembered: replacing every "key" or "1" would garble the log."""

NAMES = (
    r"api[_-]?key|api[_-]?secret|secret[_-]?key|secret[_-]?id|private[_-]?key|x-mbx-apikey"
    r"|x-vault-token|listen[_-]?key|signature|passphrase|password|passwd|secret|token|authorization"
)
_NAME = re.compile(rf"(?i)^(?:.*[_-])?(?:{NAMES}|key)$")
# Name, separator, value: as in URLs, headers, JSON (escaped once, too), repr of a dict, YAML.
# `${NAME}` and `***` are no secrets.
_PAIR = re.compile(
    rf"(?i)(?P<head>(?:{NAMES})\\?['\"]?\s*[=:]\s*)(?!['\"]?(?:\$\{{|\*\*\*))"
    r"(?P<value>b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\.|[^'\\])*'|\\\"[^\"\\]*\\\""
    r"|(?:(?:bearer|token|basic)\s+)?[^\s'\"&,;)}\]]+)"
)
# Starts with a literal: a scheme's name before it would make long texts a matter of seconds.
_URL = re.compile(r"(?P<head>://[^\s:/@]*:)[^\s/@]+(?=@)")
_PEM = re.compile(
    r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)

NUMBERS = (bool, int, float, Decimal)
_values: dict[str, None] = {}


def remember(value: str) -> str:
    """Hide `value` in all that is logged from now on; return it unchanged."""
    for part in {value, value.strip(), *value.splitlines()}:
        if len(part) >= SHORTEST and not part.startswith("-----"):
            _values[part] = None
    return value


def remember_config(config: Mapping[str, Any]) -> None:
    """Remember every string of a config that stands under a secret's name."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            remember_config(value)
        elif isinstance(value, str) and is_secret_name(str(name)):
            remember(value)


def is_secret_name(name: str) -> bool:
    """Return whether a field, key or variable of this name holds a secret."""
    return _NAME.match(name) is not None


def redact(text: str) -> str:
    """Return `text` with every secret in it replaced by `***`."""
    # Longest first, so that a value that contains another one disappears as a whole.
    for value in sorted(_values, key=len, reverse=True):
        if value in text:
            text = text.replace(value, HIDDEN)
    text = _PEM.sub(HIDDEN, text)
    text = _URL.sub(rf"\g<head>{HIDDEN}", text)
    return _PAIR.sub(_hide_pair, text)


def redact_fields(value: Any, name: str = "") -> Any:
    """Return a copy of nested fields in which secrets are `***`.

    Containers become dicts and lists; numbers and None stay; all else becomes its text.
    """
    if name and is_secret_name(name) and value is not None:
        return HIDDEN
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return redact(value.decode(errors="replace"))
    if isinstance(value, Mapping):
        return {key: redact_fields(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_fields(item) for item in value]
    if isinstance(value, BaseException):
        return redact(f"{type(value).__name__}: {safe_text(value)}")
    return value if value is None or isinstance(value, NUMBERS) else redact(safe_text(value))


def _hide_pair(found: re.Match[str]) -> str:
    # Quotes stay, so that redacted JSON is still JSON.
    opening = re.match(r"b?(\\?['\"])", found["value"])
    return f"{found['head']}{opening[0]}{HIDDEN}{opening[1]}" if opening else found["head"] + HIDDEN
