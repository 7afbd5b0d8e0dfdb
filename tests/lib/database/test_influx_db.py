"""InfluxDb when the server misbehaves, by a gate before a real one."""

import base64
import subprocess
import sys
from typing import Any

import pytest

from lib.database import DatabaseUnavailable, InfluxDb, RecordsRefused
from lib.errors import ConfigError
from lib.factory import SandboxFactory
from lib.redaction import redact
from lib.timer import LiveTimer
from tests.influx_gate import Fault, InfluxGate
from tests.servers import Server, free_port

pytestmark = pytest.mark.server
START_NS = 1_700_000_000_000_000_000


def make(config: dict[str, Any], url: str, **section: Any) -> InfluxDb:
    v2 = {"url": url, "org": "desk", "bucket": "bots", "token": "token-of-test"}
    return InfluxDb({**config, "influx": {**v2, **section}}, SandboxFactory({}), LiveTimer())


def records(database: InfluxDb, count: int) -> list[str]:
    return [database.Encode({"timestamp": START_NS + n, "n": n}) for n in range(count)]


def test_token_bucket_and_precision_are_sent(config: dict[str, Any], gate: InfluxGate) -> None:
    database = make(config, gate.url)
    database.writeEncoded(records(database, 1))
    database.close()

    path, headers, body = gate.requests[0]
    assert path == "/api/v2/write?org=desk&bucket=bots&precision=ns"
    assert headers["Authorization"] == "Token token-of-test"
    assert body == f"{config['project']},bot=quoter,symbol=BTCUSDT n=0.0 {START_NS}"


def test_gzip_is_used_when_asked_for(config: dict[str, Any], influx_server: Server) -> None:
    section = {"url": influx_server.url, "database": "bots", "gzip": True}
    database = InfluxDb({**config, "influx": section}, SandboxFactory({}), LiveTimer())
    database.writeEncoded(records(database, 2_000))

    assert database.readLast("n") == 1_999
    database.close()


def test_version_one_sends_user_and_password(config: dict[str, Any], gate: InfluxGate) -> None:
    section = {"url": gate.url, "database": "bots", "user": "ann", "password": "pass-of-ann"}
    database = InfluxDb({**config, "influx": section}, SandboxFactory({}), LiveTimer())
    database.writeEncoded(records(database, 1))
    database.close()

    path, headers, _ = gate.requests[0]
    token = base64.b64encode(b"ann:pass-of-ann").decode()
    assert path == "/write?db=bots&precision=ns"
    assert headers["Authorization"] == f"Basic {token}"
    assert redact(f"sent {token} for pass-of-ann") == "sent *** for ***"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 401, 403, 404, 429])
def test_an_answer_that_says_later_is_unavailable(
    config: dict[str, Any], gate: InfluxGate, status: int
) -> None:
    database = make(config, gate.url)
    gate.faults.append(Fault(status, {"Retry-After": "7"}, '{"message": "not now"}'))

    with pytest.raises(DatabaseUnavailable, match=f"HTTP {status}.*not now") as caught:
        database.writeEncoded(records(database, 3))
    assert caught.value.retry_after == (7.0 if status in (429, 503) else 0.0)

    database.writeEncoded(records(database, 3))
    assert database.readLast("n") == 2
    database.close()


def test_a_closed_connection_is_unavailable(config: dict[str, Any], gate: InfluxGate) -> None:
    database = make(config, gate.url)
    gate.faults.append(Fault(0, passes_on=True))

    with pytest.raises(DatabaseUnavailable):
        database.writeEncoded(records(database, 3))
    database.close()


def test_a_server_that_never_answers_is_unavailable_soon(
    config: dict[str, Any], gate: InfluxGate
) -> None:
    database = make(config, gate.url, timeout=0.2)
    gate.hanging.set()

    with pytest.raises(DatabaseUnavailable, match="timed out"):
        database.writeEncoded(records(database, 3))
    database.close()


def test_nobody_listening_is_unavailable(config: dict[str, Any]) -> None:
    database = make(config, f"http://127.0.0.1:{free_port()}")

    with pytest.raises(DatabaseUnavailable, match="refused"):
        database.writeEncoded(records(database, 3))
    with pytest.raises(DatabaseUnavailable, match="refused"):
        database.readLast("n")
    database.close()


def test_a_type_conflict_costs_only_the_conflicting(
    config: dict[str, Any], gate: InfluxGate
) -> None:
    database = make(config, gate.url)
    database.writeEncoded([database.Encode({"timestamp": START_NS, "mixed": 1})])
    bad = database.Encode({"timestamp": START_NS + 1, "mixed": "text"})
    good = [database.Encode({"timestamp": START_NS + n, "mixed": n}) for n in range(2, 10)]

    with pytest.raises(RecordsRefused, match="conflict") as caught:
        database.writeEncoded([*good[:4], bad, *good[4:]])

    assert caught.value.count == 1
    assert database.readLast("mixed") == 9
    database.close()


def test_malformed_records_are_found_among_the_others(
    config: dict[str, Any], gate: InfluxGate
) -> None:
    database = make(config, gate.url)
    batch = records(database, 20)
    batch.insert(7, "no line protocol")
    batch.insert(13, "neither is this")

    with pytest.raises(RecordsRefused) as caught:
        database.writeEncoded(batch)

    assert caught.value.count == 2
    assert database.readLast("n") == 19
    database.close()


def test_a_server_that_refuses_the_whole_request_gets_smaller_ones(
    config: dict[str, Any], gate: InfluxGate
) -> None:
    database = make(config, gate.url)
    gate.faults.append(Fault(413, body="too large"))

    database.writeEncoded(records(database, 10))

    assert [body.count("\n") + 1 for _, _, body in gate.requests] == [10, 5, 5]
    database.close()


def test_an_error_in_the_answer_is_unavailable(config: dict[str, Any], gate: InfluxGate) -> None:
    database = make(config, gate.url, bucket="nowhere")

    with pytest.raises(DatabaseUnavailable, match="database not found: nowhere"):
        database.readLast("n")
    database.close()


def test_readings_are_of_the_own_bot_and_symbol(config: dict[str, Any], gate: InfluxGate) -> None:
    mine = make(config, gate.url)
    other = make({**config, "symbol": "币安人生USDT"}, gate.url)
    mine.writeEncoded([mine.Encode({"timestamp": START_NS, "n": 1})])
    other.writeEncoded([other.Encode({"timestamp": START_NS + 1, "n": 2})])

    assert mine.readLast("n") == 1
    assert other.readLast("n") == 2
    mine.close()
    other.close()


@pytest.mark.parametrize(
    ("section", "message"),
    [({}, "needs a url"), ({"url": "http://x"}, "needs org, bucket and token, or database")],
)
def test_an_incomplete_section_is_refused(section: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        InfluxDb({"influx": section}, SandboxFactory({}), LiveTimer())


def test_the_client_is_imported_only_when_it_writes() -> None:
    code = (
        "import sys; from lib.database import InfluxDb; from lib.factory import LiveFactory;"
        "from lib.timer import LiveTimer; db = InfluxDb({'influx': {'url': 'http://x', 'database':"
        "'b'}}, LiveFactory({}), LiveTimer()); db.Encode({'n': 1});"
        "print([name for name in ('influxdb_client', 'urllib3') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "[]"
