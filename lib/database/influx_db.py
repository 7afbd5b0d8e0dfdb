"""InfluxDB 1.x, 2.x and 3: writes by influxdb-client, reads by InfluxQL."""

import base64
import json
import re
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lib.constants import KEY
from lib.database import line_protocol
from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable, RecordsRefused
from lib.database.record import Schema
from lib.defaults import default, default_seconds
from lib.errors import ConfigError
from lib.heavy import load
from lib.redaction import remember
from lib.timer import AbstractTimer

if TYPE_CHECKING:
    from lib.factory import AbstractFactory

REFUSED = (400, 413, 422)
"""Statuses that speak of the records themselves: offering the same again would not help."""
WAIT = (429, 503)
"""Statuses that may say how long to wait."""
DROPPED = re.compile(r"dropped=(\d+)")
PLAIN_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Accept": "application/json"}


class InfluxDb(AbstractDatabase):
    """Writes line protocol with nanoseconds; measurement, tags and fields by config.

    Its section is `influx`: `url`, and either `org`, `bucket`, `token` (2.x, 3 and cloud) or
    `database`, and if need be `user`, `password` (1.x); `measurement`, `tags`, `integers`;
    `timeout` (seconds), `gzip`, `ca_cert` (path), `verify_tls`. Reading with 2.x needs a DBRP
    mapping of the bucket's name.

    Raises:
        ConfigError: The section is incomplete.
    """

    def __init__(
        self, config: dict[str, Any], factory: "AbstractFactory", timer: AbstractTimer
    ) -> None:
        """Check the section; connect at first use."""
        super().__init__(config, factory, timer)
        section = config.get("influx") or {}
        self.section = section
        self.schema = Schema(config, section)
        self.url = str(section.get("url") or "")
        if not self.url:
            raise ConfigError("influx needs a url, such as http://localhost:8086")
        self.bucket = str(section.get("database") or section.get("bucket") or "")
        if not self.bucket:
            raise ConfigError("influx needs org, bucket and token, or database (1.x)")
        self._is_v1 = bool(section.get("database"))
        for name in ("token", "password"):
            remember(str(section.get(name) or ""))
        user = section.get("user")
        self._token = str(
            f"{user}:{section.get('password', '')}" if user else section.get("token") or ""
        )
        if user:
            remember(base64.b64encode(self._token.encode()).decode())
        self._lock = threading.Lock()
        self._client: Any = None

    @cached_property
    def target(self) -> str:
        """Return host and bucket."""
        return f"influx {urlsplit(self.url).netloc.rpartition('@')[2]}/{self.bucket}"

    def Encode(self, record: dict[str, Any]) -> str:
        """Return the record as line protocol.

        Raises:
            ValueError: The record has no field, or a number that does not fit.
        """
        point = self.schema.split(record, self.timer.Timestamp())
        return line_protocol.encode(point, self.schema.integers)

    def writeEncoded(self, records: list[str]) -> None:
        """Write all records by one request, and what the database refuses by smaller ones.

        Raises:
            DatabaseUnavailable: No answer, or one that says later.
            RecordsRefused: Malformed for the database, or of another type than the field has.
        """
        refused, reason = self._write(records)
        if refused:
            raise RecordsRefused(reason, refused)

    def readLast(self, field: str) -> Any | None:
        """Return the field's newest value in the points of this config's tags.

        Raises:
            DatabaseUnavailable: No answer, or an error.
        """
        tags = sorted(self.schema.base_tags.items())
        tests = [f"{_quoted(name)} = {_text(value)}" for name, value in tags]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        source = _quoted(self.schema.measurement)
        query = f"SELECT LAST({_quoted(field)}) FROM {source}{where}"  # noqa: S608 - quoted above
        answer = self._query(query)
        try:
            result = answer["results"][0]
            if "error" in result:
                raise DatabaseUnavailable(f"{self.target}: {result['error']}")
            series = result.get("series")
            return series[0]["values"][0][1] if series else None
        except (LookupError, TypeError) as error:
            raise DatabaseUnavailable(f"{self.target}: strange answer {answer}") from error

    def read_series(self, series: str, start_ns: int, end_ns: int) -> list[dict[str, Any]]:
        """Return the points of a series in [start, end), of all bots, by time.

        Raises:
            DatabaseUnavailable: No answer, or an error.
        """
        source = _quoted(self.schema.name_of(series))
        query = f"SELECT * FROM {source} WHERE time >= {start_ns} AND time < {end_ns}"  # noqa: S608
        answer = self._query(f"{query} ORDER BY time")
        try:
            result = answer["results"][0]
            if "error" in result:
                raise DatabaseUnavailable(f"{self.target}: {result['error']}")
            (table,) = result.get("series") or [{"columns": [], "values": []}]
            names = [KEY.TIMESTAMP if name == "time" else name for name in table["columns"]]
            return [
                {name: value for name, value in zip(names, row, strict=True) if value is not None}
                for row in table["values"]
            ]
        except (LookupError, TypeError, ValueError) as error:
            raise DatabaseUnavailable(f"{self.target}: strange answer {answer}") from error

    def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _write(self, records: list[str]) -> tuple[int, str]:
        # Returns how many were refused, and why. What was written twice is there once.
        if not records:
            return 0, ""
        status, text = self._post("\n".join(records))
        if status == 0:
            return 0, ""
        dropped = DROPPED.search(text)
        if dropped and int(dropped[1]) > 0:
            return int(dropped[1]), text
        if len(records) == 1:
            return 1, text
        middle = len(records) // 2
        first, first_reason = self._write(records[:middle])
        second, second_reason = self._write(records[middle:])
        return first + second, first_reason or second_reason

    def _post(self, body: str) -> tuple[int, str]:
        # Returns (0, "") when written, else the status and text of a refusal of the records.
        api_error, http_error = _errors()
        client = self._connect()
        try:
            if self._is_v1:
                name, _, policy = self.bucket.partition("/")
                query = [("db", name), ("precision", "ns"), *([("rp", policy)] if policy else [])]
                client.api_client.call_api(
                    "/write", "POST", query_params=query, header_params=dict(PLAIN_TEXT), body=body
                )
            else:
                writer = client.write_api(
                    write_options=load("influxdb_client.client.write_api").SYNCHRONOUS
                )
                writer.write(bucket=self.bucket, record=body.encode(), write_precision="ns")
        except api_error as error:
            if error.status in REFUSED:
                return int(error.status), str(error.body or error.reason)
            raise self._unavailable(error) from error
        except (http_error, OSError) as error:
            raise DatabaseUnavailable(f"{self.target}: {error}") from error
        return 0, ""

    def _query(self, text: str) -> Any:
        api_error, http_error = _errors()
        query = [("db", self.bucket.partition("/")[0]), ("q", text), ("epoch", "ns")]
        try:
            response = self._connect().api_client.call_api(
                "/query",
                "GET",
                query_params=query,
                _preload_content=False,
                _return_http_data_only=True,
            )
            return json.loads(response.data)
        except api_error as error:
            raise self._unavailable(error) from error
        except (http_error, OSError, ValueError) as error:
            raise DatabaseUnavailable(f"{self.target}: {error}") from error

    def _unavailable(self, error: Any) -> DatabaseUnavailable:
        text = f"{self.target}: HTTP {error.status} {error.body or error.reason or ''}".strip()
        wait = 0.0
        if error.status in WAIT and error.headers:
            asked = str(error.headers.get("Retry-After") or "")
            wait = float(asked) if asked.isdigit() else 0.0
        return DatabaseUnavailable(text, wait)

    def _connect(self) -> Any:
        with self._lock:
            if self._client is None:
                section = self.section
                usual = default_seconds("influx.timeout")
                self._client = load("influxdb_client").InfluxDBClient(
                    self.url,
                    token=self._token,
                    # 1.x takes user and password as HTTP basic authentication.
                    auth_basic=bool(section.get("user")),
                    org=section.get("org") or "-",
                    timeout=round(float(section.get("timeout", usual)) * 1_000),
                    enable_gzip=bool(section.get("gzip", default("influx.gzip"))),
                    ssl_ca_cert=section.get("ca_cert"),
                    verify_ssl=section.get("verify_tls", default("influx.verify_tls")),
                    # The spool retries, knowing the order.
                    retries=False,
                )
            return self._client


def _errors() -> tuple[Any, Any]:
    return load("influxdb_client.rest").ApiException, load("urllib3.exceptions").HTTPError


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"
