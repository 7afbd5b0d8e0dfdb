"""Signatures over exact bytes, the reference's vector, both key types, clocks."""

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from lib.constants import NS_PER_MS
from lib.venue.auth import Account, Auth, split_signature
from lib.venue.refusals import Refusal
from tests.lib.venue.samples import sample

NOW_MS = 1_790_000_000_000
NOW_NS = NOW_MS * NS_PER_MS
ACCOUNT = Account("main", "K" * 64, "secret")


def signature(text: str) -> str:
    return hmac.new(ACCOUNT.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def code(auth: Auth, account: Account, query: str, body: str = "") -> int:
    try:
        auth.check_signature(account, query, body)
    except Refusal as refusal:
        return refusal.code
    return 0


def test_reference_vector_is_accepted() -> None:
    vector = sample("signing_vectors")["hmac"][0]
    account = Account("main", vector["api_key"], vector["secret"])
    query = f"{vector['payload']}&signature={vector['signature']}"
    assert code(Auth([account]), account, query) == 0


@pytest.mark.parametrize("split", [0, 1, 2])
def test_query_and_body_are_signed_as_one_text(split: int) -> None:
    parts = ["symbol=BTCUSDT&side=BUY", "price=1&timestamp=5"]
    query = "" if split == 0 else parts[0] if split == 1 else "&".join(parts)
    body = "&".join(parts) if split == 0 else parts[1] if split == 1 else ""
    signed = signature(query + body)
    joint = "&" if query else ""
    auth = Auth([ACCOUNT])
    if body:
        assert code(auth, ACCOUNT, query, f"{body}&signature={signed}") == 0
        assert code(auth, ACCOUNT, f"{query}{joint}signature={signed}", body) == 0

    else:
        assert code(auth, ACCOUNT, f"{query}&signature={signed.upper()}") == 0


def test_changed_or_missing_signature_is_refused() -> None:
    auth = Auth([ACCOUNT])
    text = "symbol=BTCUSDT&timestamp=5"
    assert code(auth, ACCOUNT, text) == -1102
    assert code(auth, ACCOUNT, f"{text}&signature={signature(text)[:-1]}0x") == -1022
    assert code(auth, ACCOUNT, f"{text}1&signature={signature(text)}") == -1022
    assert code(auth, ACCOUNT, f"signature={signature(text)}&{text}") == -1022


def test_encoded_values_are_signed_as_they_are_sent() -> None:
    query = f"newClientOrderId={quote('a:b/c', safe='')}&timestamp=5"
    auth = Auth([ACCOUNT])
    assert code(auth, ACCOUNT, f"{query}&signature={signature(query)}") == 0
    assert code(auth, ACCOUNT, f"{query}&signature={signature('newClientOrderId=a:b/c')}") == -1022


def test_ed25519_signatures_are_verified() -> None:
    key = ECC.generate(curve="ed25519")
    public = key.public_key().export_key(format="PEM")
    account = Account("main", "K" * 64, "", str(public))
    text = "symbol=BTCUSDT&timestamp=5"
    signed = base64.b64encode(eddsa.new(key, "rfc8032").sign(text.encode())).decode()
    auth = Auth([account])
    assert code(auth, account, f"{text}&signature={quote(signed, safe='')}") == 0
    assert code(auth, account, f"{text}0&signature={quote(signed, safe='')}") == -1022
    assert code(auth, account, f"{text}&signature=nonsense") == -1022


def test_named_parameters_are_signed_in_order_of_their_names() -> None:
    auth = Auth([ACCOUNT])
    params = {"symbol": "BTCUSDT", "apiKey": ACCOUNT.key, "timestamp": "5"}
    text = f"apiKey={ACCOUNT.key}&symbol=BTCUSDT&timestamp=5"
    auth.check_named(ACCOUNT, {**params, "signature": signature(text)})
    with pytest.raises(Refusal, match="-1022"):
        auth.check_named(ACCOUNT, {**params, "signature": signature("x")})
    with pytest.raises(Refusal, match="-1102"):
        auth.check_named(ACCOUNT, params)


@pytest.mark.parametrize(
    ("key", "wanted"), [(None, -2014), ("", -2014), ("short", -2014), ("x" * 64, -2015)]
)
def test_wrong_keys_are_refused(key: str | None, wanted: int) -> None:
    with pytest.raises(Refusal) as caught:
        Auth([ACCOUNT]).account(key)
    assert (caught.value.code, caught.value.status) == (wanted, 401)


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, -1102),
        ({"timestamp": "soon"}, -1102),
        ({"timestamp": str(NOW_MS)}, 0),
        ({"timestamp": str(NOW_MS + 999)}, 0),
        ({"timestamp": str(NOW_MS + 1000)}, -1021),
        ({"timestamp": str(NOW_MS - 5000)}, 0),
        ({"timestamp": str(NOW_MS - 5001)}, -1021),
        ({"timestamp": str(NOW_MS - 9000), "recvWindow": "10000"}, 0),
        ({"timestamp": str(NOW_MS), "recvWindow": "60001"}, -1131),
    ],
)
def test_clock_is_enforced(params: dict[str, str], wanted: int) -> None:
    found = 0
    try:
        Auth([ACCOUNT]).check_time(params, NOW_NS)
    except Refusal as refusal:
        found = refusal.code
    assert found == wanted


def test_signature_is_cut_where_it_stands() -> None:
    assert split_signature("a=1&signature=xyz") == ("a=1", "xyz")
    assert split_signature("signature=xyz") == ("", "xyz")
    assert split_signature("a=1&nosignature=xyz") == ("a=1&nosignature=xyz", "")
