"""Who sends a request: API keys, signatures over the exact bytes, timestamps."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from lib.constants import NS_PER_MS
from lib.venue.refusals import Refusal

FORMAT = re.compile(r"[A-Za-z0-9]{64}")
RECV_WINDOW_MS = 5000
MAX_RECV_WINDOW_MS = 60_000
FUTURE_MS = 1000


class Account(NamedTuple):
    """Credentials of one account; `public_key` is PEM text of an Ed25519 or RSA key.

    `withdrawals`: the key may withdraw, which no trading key should.
    """

    name: str
    key: str
    secret: str = ""
    public_key: str = ""
    withdrawals: bool = False


class Auth:
    """Checks keys, signatures and clocks; pure.

    Args:
        accounts: Everyone who may trade.
    """

    def __init__(self, accounts: list[Account]) -> None:
        """Index the accounts by their keys."""
        self._accounts = {account.key: account for account in accounts}

    def account(self, key: str | None) -> Account:
        """Return the owner of an API key.

        Raises:
            Refusal: -2014 for a malformed key, -2015 for an unknown one.
        """
        known = self._accounts.get(key or "")
        if known is not None:
            return known
        if not key or not FORMAT.fullmatch(key):
            raise Refusal(-2014, status=401)
        raise Refusal(-2015, status=401)

    def check_time(self, params: Mapping[str, str], now_ns: int) -> None:
        """Check `timestamp` and `recvWindow`.

        Raises:
            Refusal: -1102, -1131 or -1021.
        """
        stamp_ms = _integer("timestamp", params.get("timestamp"))
        window_ms = RECV_WINDOW_MS
        if "recvWindow" in params:
            window_ms = _integer("recvWindow", params["recvWindow"])
        if window_ms > MAX_RECV_WINDOW_MS:
            raise Refusal(-1131, "recvWindow must be less than 60000.")
        now_ms = now_ns // NS_PER_MS
        if stamp_ms >= now_ms + FUTURE_MS:
            ahead = "Timestamp for this request was 1000ms ahead of the server's time."
            raise Refusal(-1021, ahead)
        if now_ms - stamp_ms > window_ms:
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")

    def check_signature(self, account: Account, query: str, body: str) -> None:
        """Check the signature over the query's and the body's bytes as they were sent.

        Raises:
            Refusal: -1102 without a signature, -1022 for a wrong one.
        """
        head, signature = split_signature(body)
        text = query + head
        if not signature:
            # It closes the query, whether or not a body follows.
            head, signature = split_signature(query)
            text = head + body
        if not signature:
            raise Refusal(-1102, mandatory("signature"))
        if not verify(account, text, unquote(signature)):
            raise Refusal(-1022)

    def check_named(self, account: Account, params: Mapping[str, str]) -> None:
        """Check a websocket API request: all parameters by name, joined, unencoded.

        Raises:
            Refusal: -1102 without a signature, -1022 for a wrong one.
        """
        signature = params.get("signature", "")
        if not signature:
            raise Refusal(-1102, mandatory("signature"))
        pairs = sorted((name, text) for name, text in params.items() if name != "signature")
        if not verify(account, "&".join(f"{name}={text}" for name, text in pairs), signature):
            raise Refusal(-1022)


def mandatory(name: str) -> str:
    """Return the exchange's words for a missing or malformed parameter."""
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


def split_signature(text: str) -> tuple[str, str]:
    """Return the text that was signed, and the signature (still encoded) that closes it."""
    head, found, signature = text.rpartition("signature=")
    if not found or (head and not head.endswith("&")):
        return text, ""
    return head.removesuffix("&"), signature.partition("&")[0]


def verify(account: Account, text: str, signature: str) -> bool:
    """Return whether `signature` is the account's over `text`."""
    if account.secret:
        wanted = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if hmac.compare_digest(wanted.encode(), signature.lower().encode()):
            return True
    if account.public_key:
        try:
            raw = base64.b64decode(signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return _verify_asymmetric(account.public_key, text.encode(), raw)
    return False


def _verify_asymmetric(public_key: str, text: bytes, signature: bytes) -> bool:
    # Only accounts with such keys pay for the import.
    from Crypto.Hash import SHA256  # noqa: PLC0415
    from Crypto.PublicKey import ECC, RSA  # noqa: PLC0415
    from Crypto.Signature import eddsa, pkcs1_15  # noqa: PLC0415

    try:
        try:
            eddsa.new(ECC.import_key(public_key), "rfc8032").verify(text, signature)
        except (ValueError, TypeError, IndexError):
            pkcs1_15.new(RSA.import_key(public_key)).verify(SHA256.new(text), signature)
    except (ValueError, TypeError, IndexError):
        return False
    return True


def _integer(name: str, text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        raise Refusal(-1102, mandatory(name))
    return int(text)
