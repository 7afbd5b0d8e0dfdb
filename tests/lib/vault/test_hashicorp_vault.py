"""HashicorpVault against a real server that speaks Vault's protocol (OpenBao)."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import pytest

from lib.constants import VAULT
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.timer import LiveTimer, VirtualTimer
from lib.vault import AbstractVault, HashicorpVault, VaultUnavailable
from tests import servers
from tests.contracts.vault import KEY_VALUE, VaultContract
from tests.server_fixtures import bao_server, give_up, need  # noqa: F401 - fixture
from tests.servers import Server, free_port

pytestmark = pytest.mark.server
ROOT = "root-of-the-test"
POLICY = 'path "*" { capabilities = ["read"] }'


def client_of(server: Server, **more: Any) -> Any:
    import hvac

    return hvac.Client(url=server.url, token=ROOT, **more)


@pytest.fixture
def server(bao_server: Server) -> Server:  # noqa: F811 - fixture
    client = client_of(bao_server)
    engines = client.sys.list_mounted_secrets_engines()["data"]
    if "old/" not in engines:
        client.sys.enable_secrets_engine("kv", path="old", options={"version": "1"})
        client.sys.create_or_update_policy("reader", POLICY)
    client.secrets.kv.v2.create_or_update_secret("tickvisor/BINANCE.FUTURES", {"key": KEY_VALUE})
    client.secrets.kv.v1.create_or_update_secret("keys", {"key": KEY_VALUE}, mount_point="old")
    return bao_server


def make(server: Server, timer: Any = None, **section: Any) -> HashicorpVault:
    config = {
        "exchange": "BINANCE.FUTURES",
        "vault": {"url": server.url, "token": ROOT, **section},
    }
    return HashicorpVault(config, SandboxFactory({}), timer or LiveTimer())


class TestVersionTwo(VaultContract):
    place = "secret/tickvisor/BINANCE.FUTURES (KV v2)"

    @pytest.fixture
    def vault(self, server: Server) -> AbstractVault:
        return make(server)


class TestVersionOne(VaultContract):
    place = "old/keys (KV v1)"

    @pytest.fixture
    def vault(self, server: Server) -> AbstractVault:
        return make(server, mount="old", path="keys", version=1)


class TestAppRole(VaultContract):
    place = "secret/tickvisor/BINANCE.FUTURES"

    @pytest.fixture
    def vault(self, server: Server) -> AbstractVault:
        client = client_of(server)
        if "approle/" not in client.sys.list_auth_methods()["data"]:
            client.sys.enable_auth_method("approle")
        client.auth.approle.create_or_update_approle("bots", token_policies=["reader"])
        role = client.auth.approle.read_role_id("bots")["data"]["role_id"]
        secret = client.auth.approle.generate_secret_id("bots")["data"]["secret_id"]
        return make(server, auth="approle", token=None, role_id=role, secret_id=secret)


class TestKubernetes(VaultContract):
    """The vault asks a Kubernetes API for the token's owner; that API is a stand-in here."""

    place = "secret/tickvisor/BINANCE.FUTURES"

    @pytest.fixture
    def vault(self, server: Server, tmp_path: Path) -> Iterator[AbstractVault]:
        client = client_of(server)
        if "kubernetes/" not in client.sys.list_auth_methods()["data"]:
            client.sys.enable_auth_method("kubernetes")
        with kubernetes_api() as url:
            # Any certificate will do: the stand-in speaks plain HTTP.
            certificate = ssl.DER_cert_to_PEM_cert(
                ssl.create_default_context(cafile=certifi.where()).get_ca_certs(True)[0]
            )
            client.auth.kubernetes.configure(
                url, certificate, token_reviewer_jwt=JWT, disable_local_ca_jwt=True
            )
            client.auth.kubernetes.create_role("bots", ["trader"], ["live"], policies=["reader"])
            jwt = tmp_path / "token"
            jwt.write_text(f"{JWT}\n")
            yield make(server, auth="kubernetes", token=None, role="bots", jwt_path=str(jwt))


JWT = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6InQifQ."
    "eyJpc3MiOiJrdWJlcm5ldGVzL3NlcnZpY2VhY2NvdW50Iiwia3ViZXJuZXRlcy5pby9zZXJ2aWNlYWNjb3VudC9u"
    "YW1lc3BhY2UiOiJsaXZlIiwia3ViZXJuZXRlcy5pby9zZXJ2aWNlYWNjb3VudC9zZXJ2aWNlLWFjY291bnQubmFt"
    "ZSI6InRyYWRlciIsImt1YmVybmV0ZXMuaW8vc2VydmljZWFjY291bnQvc2VydmljZS1hY2NvdW50LnVpZCI6InUt"
    "MSJ9.c2lnbmF0dXJl"
)


class kubernetes_api:  # noqa: N801 - a context manager
    """The one call of Kubernetes that a vault makes: TokenReview."""

    def __enter__(self) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                user = {
                    "username": "system:serviceaccount:live:trader",
                    "uid": "u-1",
                    "groups": ["system:serviceaccounts", "system:authenticated"],
                }
                review = {
                    "kind": "TokenReview",
                    "apiVersion": "authentication.k8s.io/v1",
                    "status": {"authenticated": True, "user": user},
                }
                data = json.dumps(review).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def test_a_lease_is_renewed_at_half_its_life(server: Server) -> None:
    token = client_of(server).auth.token.create(policies=["reader"], ttl="1h")["auth"]
    timer = VirtualTimer()
    vault = make(server, timer, token=token["client_token"])

    assert vault.Get(VAULT.KEY) == KEY_VALUE
    assert vault.renew() == pytest.approx(1_800, abs=2)
    timer.advance(1_000)
    assert vault.renew() == pytest.approx(800, abs=2)
    timer.advance(900)
    assert vault.renew() == pytest.approx(1_800, abs=2)


def test_a_root_token_needs_no_renewal(server: Server) -> None:
    vault = make(server)

    assert vault.Get(VAULT.KEY) == KEY_VALUE
    assert vault.renew() is None


def test_a_revoked_login_by_approle_is_made_again(server: Server) -> None:
    client = client_of(server)
    if "approle/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("approle")
    client.auth.approle.create_or_update_approle("short", token_policies=["reader"], token_ttl="1h")
    role = client.auth.approle.read_role_id("short")["data"]["role_id"]
    secret = client.auth.approle.generate_secret_id("short")["data"]["secret_id"]
    timer = VirtualTimer()
    vault = make(server, timer, auth="approle", token=None, role_id=role, secret_id=secret)
    assert vault.Get(VAULT.KEY) == KEY_VALUE
    client.revoke_token(vault._client.token)

    timer.advance(2_000)

    assert vault.Get(VAULT.KEY) == KEY_VALUE


def test_a_deleted_version_is_missing(server: Server) -> None:
    kv = client_of(server).secrets.kv.v2
    kv.create_or_update_secret("gone", {"key": KEY_VALUE})
    kv.delete_latest_version_of_secret("gone")

    with pytest.raises(ConfigError, match=r"secret 'key' of .* is missing"):
        make(server, path="gone").Get(VAULT.KEY)


def test_a_path_out_of_the_policy_is_denied(server: Server) -> None:
    token = client_of(server).auth.token.create(policies=["default"])["auth"]["client_token"]

    with pytest.raises(ConfigError, match=r"access to the vault .* is denied"):
        make(server, token=token).Get(VAULT.KEY)


def test_a_wrong_secret_id_is_refused(server: Server) -> None:
    vault = make(server, auth="approle", token=None, role_id="nobody", secret_id="nothing")

    with pytest.raises(ConfigError, match=r"refuses the request|is denied"):
        vault.Get(VAULT.KEY)


def test_a_namespace_is_sent(server: Server) -> None:
    client = client_of(server)
    try:
        client.sys.create_namespace("desk")
    except Exception as error:  # noqa: BLE001 - hvac raises what the server answers
        give_up(f"this server has no namespaces: {error}")
    inside = client_of(server, namespace="desk")
    inside.sys.enable_secrets_engine("kv", path="secret", options={"version": "2"})
    inside.secrets.kv.v2.create_or_update_secret("tickvisor/BINANCE.FUTURES", {"key": "in-desk"})

    assert make(server, namespace="desk").Get(VAULT.KEY) == "in-desk"
    assert make(server).Get(VAULT.KEY) == KEY_VALUE


def test_a_sealed_vault_is_unavailable() -> None:
    need("bao", "hvac")
    with servers.bao() as server:
        client_of(server).sys.seal()

        with pytest.raises(VaultUnavailable, match="cannot be reached"):
            make(server).Get(VAULT.KEY)


def test_a_vault_that_is_down_is_unavailable() -> None:
    need("hvac")
    config = {"vault": {"url": f"http://127.0.0.1:{free_port()}", "token": "token-x"}}

    with pytest.raises(VaultUnavailable, match="cannot be reached"):
        HashicorpVault(config, SandboxFactory({}), LiveTimer()).Get(VAULT.KEY)


def test_a_certificate_has_to_be_trusted(tmp_path: Path) -> None:
    need("bao", "hvac")
    with servers.bao("-dev-tls", f"-dev-tls-cert-dir={tmp_path}") as server:
        url = server.url.replace("http:", "https:")
        ca_cert = str(tmp_path / "vault-ca.pem")
        client = client_of(server, verify=ca_cert)
        client.url = url
        client.secrets.kv.v2.create_or_update_secret(
            "tickvisor/BINANCE.FUTURES", {"key": KEY_VALUE}
        )

        with pytest.raises(ConfigError, match="is not trusted"):
            make(server, url=url).Get(VAULT.KEY)
        assert make(server, url=url, ca_cert=ca_cert).Get(VAULT.KEY) == KEY_VALUE


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({}, "vault needs a url"),
        ({"url": "http://x", "auth": "magic"}, "vault auth 'magic' is unknown"),
    ],
)
def test_an_incomplete_section_is_refused(
    section: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)

    with pytest.raises(ConfigError, match=message):
        HashicorpVault({"vault": section}, SandboxFactory({}), LiveTimer())


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({}, r"vault auth token needs token \(or \$VAULT_TOKEN\)"),
        ({"auth": "approle", "role_id": "x"}, "vault auth approle needs secret_id"),
        ({"auth": "kubernetes", "jwt_path": "/nowhere"}, "token /nowhere: No such file"),
    ],
)
def test_an_incomplete_login_is_refused(
    section: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("hvac")
    monkeypatch.delenv("VAULT_TOKEN", raising=False)
    config = {"vault": {"url": "http://127.0.0.1:9", **section}}

    with pytest.raises(ConfigError, match=message):
        HashicorpVault(config, SandboxFactory({}), LiveTimer()).Get(VAULT.KEY)


def test_the_environment_stands_in(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_ADDR", server.url)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    vault = HashicorpVault({"exchange": "BINANCE.FUTURES"}, SandboxFactory({}), LiveTimer())

    assert vault.Get(VAULT.KEY) == KEY_VALUE
