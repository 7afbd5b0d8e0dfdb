"""Secrets from HashiCorp Vault, or OpenBao, which speaks the same protocol."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.constants import KEY, NS_PER_SECOND
from lib.defaults import default, default_seconds
from lib.errors import ConfigError
from lib.heavy import load
from lib.redaction import remember
from lib.timer import AbstractTimer
from lib.vault.abstract_vault import AbstractVault
from lib.vault.errors import VaultUnavailable

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
METHODS = ("token", "approle", "kubernetes")


class HashicorpVault(AbstractVault):
    """Reads the secrets of one path of a KV engine, version 1 or 2.

    Its section is `vault`: `url`, `mount` (default `secret`), `path` (default
    `tickvisor/<exchange>`), `version` (1 or 2, default 2), `namespace`, `ca_cert` (path),
    `verify_tls`, `timeout` (seconds), and how to log in, `auth`:

    - `token` (default): `token`.
    - `approle`: `role_id`, `secret_id`.
    - `kubernetes`: `role`, `jwt_path` (default: the pod's service account).

    `auth_mount` names the login's mount where it is not the method's name. `VAULT_ADDR`,
    `VAULT_TOKEN`, `VAULT_NAMESPACE` and `VAULT_CACERT` stand in for what the section lacks.

    Raises:
        ConfigError: The section is incomplete.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Check the section; log in at first use."""
        super().__init__(config, factory, timer)
        section: Mapping[str, Any] = config.get("vault") or {}
        self._section = section
        self._url = str(section.get("url") or os.environ.get("VAULT_ADDR") or "")
        if not self._url:
            raise ConfigError("vault needs a url, such as https://localhost:8200 (or $VAULT_ADDR)")
        self._method = str(section.get("auth") or default("vault.auth"))
        if self._method not in METHODS:
            raise ConfigError(
                f"vault auth {self._method!r} is unknown; right would be {', '.join(METHODS)}"
            )
        self._mount = str(section.get("mount") or default("vault.mount"))
        self._path = str(section.get("path") or f"tickvisor/{config.get(KEY.EXCHANGE) or 'keys'}")
        self._version = int(section.get("version") or default("vault.version"))
        self._client: Any = None
        self._renew_ns: int | None = None

    def Get(self, name: str) -> str:
        """Return the entry `name` of the configured path.

        Raises:
            ConfigError: The path or the entry is not there, or access is denied.
            VaultUnavailable: The vault is down, sealed or out of reach.
        """
        value = self._read().get(name)
        if value is None or not str(value).strip():
            raise self._missing(name, self._place, f"put it there: `vault kv put … {name}=…`")
        return self._found(str(value).strip())

    def renew(self) -> float | None:
        """Renew the login when half its life is over, or log in again when that is refused.

        Returns:
            Seconds after which to call again; None when the login never ends.

        Raises:
            ConfigError: The vault refuses a new login.
            VaultUnavailable: The vault is down, sealed or out of reach.
        """
        self._translated(self._keep_login)
        if self._renew_ns is None:
            return None
        return max(0.0, (self._renew_ns - self.timer.Monotonic()) / NS_PER_SECOND)

    @property
    def _place(self) -> str:
        return f"the vault at {self._url}, {self._mount}/{self._path} (KV v{self._version})"

    def _read(self) -> Mapping[str, Any]:
        found = self._translated(self._read_path)
        return found if isinstance(found, Mapping) else {}

    def _read_path(self) -> Any:
        hvac = load("hvac")

        self._keep_login()
        engine = self._client.secrets.kv
        try:
            if self._version == 1:
                return engine.v1.read_secret(self._path, mount_point=self._mount)["data"]
            answer = engine.v2.read_secret_version(
                self._path, mount_point=self._mount, raise_on_deleted_version=True
            )
            return answer["data"]["data"]
        except hvac.exceptions.InvalidPath:
            return {}

    def _translated(self, work: Any) -> Any:
        hvac = load("hvac")
        requests = load("requests")

        try:
            return work()
        except (hvac.exceptions.Forbidden, hvac.exceptions.Unauthorized) as error:
            raise ConfigError(f"access to {self._place} is denied: {_first(error)}") from error
        except hvac.exceptions.InvalidRequest as error:
            raise ConfigError(f"{self._place} refuses the request: {_first(error)}") from error
        except requests.exceptions.SSLError as error:
            raise ConfigError(f"the certificate of {self._url} is not trusted: {error}") from error
        except (hvac.exceptions.VaultError, requests.exceptions.RequestException) as error:
            raise VaultUnavailable(f"{self._place} cannot be reached: {_first(error)}") from error

    def _keep_login(self) -> None:
        hvac = load("hvac")

        if self._client is None:
            self._log_in()
        elif self._renew_ns is not None and self.timer.Monotonic() >= self._renew_ns:
            try:
                self._note_lease(self._client.auth.token.renew_self()["auth"])
            except (hvac.exceptions.Forbidden, hvac.exceptions.InvalidRequest):
                # Its longest life is over: a method that can log in again does.
                self._log_in()

    def _log_in(self) -> None:
        hvac = load("hvac")

        section = self._section
        ca_cert = section.get("ca_cert") or os.environ.get("VAULT_CACERT")
        client = hvac.Client(
            url=self._url,
            token="",
            namespace=section.get("namespace") or os.environ.get("VAULT_NAMESPACE"),
            verify=ca_cert or bool(section.get("verify_tls", default("vault.verify_tls"))),
            timeout=float(section.get("timeout", default_seconds("vault.timeout"))),
        )
        mount = str(section.get("auth_mount") or self._method)
        if self._method == "token":
            client.token = self._setting("token", os.environ.get("VAULT_TOKEN"))
            self._note_lease(client.auth.token.lookup_self()["data"])
        elif self._method == "approle":
            answer = client.auth.approle.login(
                self._setting("role_id"), self._setting("secret_id"), mount_point=mount
            )
            self._note_lease(answer["auth"])
        else:
            jwt = remember(_read_file(Path(section.get("jwt_path") or SERVICE_ACCOUNT)))
            answer = client.auth.kubernetes.login(self._setting("role"), jwt, mount_point=mount)
            self._note_lease(answer["auth"])
        remember(str(client.token))
        self._client = client

    def _setting(self, name: str, fallback: str | None = None) -> str:
        value = self._section.get(name) or fallback
        if not value:
            more = " (or $VAULT_TOKEN)" if name == "token" else ""
            raise ConfigError(f"vault auth {self._method} needs {name}{more} in the vault section")
        return remember(str(value))

    def _note_lease(self, login: Mapping[str, Any]) -> None:
        # A root token lives for ever: 0 seconds.
        seconds = float(login.get("lease_duration") or login.get("ttl") or 0)
        self._renew_ns = None
        if seconds:
            self._renew_ns = self.timer.Monotonic() + round(seconds / 2 * NS_PER_SECOND)


def _read_file(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"vault: the service account's token {path}: {error.strerror}") from error


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
