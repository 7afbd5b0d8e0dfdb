"""The doctor at a venue with planted faults, and what follows while orders flow."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ExchangeError
from lib.exchange.binance.doctor import examine
from lib.journal.locks import Lock, account_lock
from lib.timer import LiveTimer
from lib.venue.server import VenueServer
from tests.orders.benches import clear_faults, fault, free_bench, placed
from tests.workers.exchange_bench import SYMBOL, Bench, until
from workers.doctor import findings_of

REFUSED = {"status": 401, "code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def venue() -> AsyncIterator[VenueServer]:
    """A venue with nothing but a market."""
    server = VenueServer({"symbols": [SYMBOL], "active": [SYMBOL]}, LiveTimer())
    await server.start()
    yield server
    await server.stop()


def section(venue: VenueServer, **changes: Any) -> dict[str, Any]:
    urls = {"rest_url": venue.rest_url, "ws_url": venue.ws_url}
    keys = {"key": venue.key, "secret": venue.secret}
    return {"name": "X", "symbols": [SYMBOL], "dead_man": 60.0, **urls, **keys, **changes}


async def said(venue: VenueServer, folder: Path, **changes: Any) -> dict[str, list[str]]:
    """Return the doctor's words by level."""
    found: dict[str, list[str]] = {}
    for each in await examine(section(venue, **changes), folder, LiveTimer()):
        found.setdefault(each.level, []).append(each.text)
    return found


async def test_a_good_account_at_a_good_host_is_good(venue: VenueServer, tmp_path: Path) -> None:
    assert list(await said(venue, tmp_path)) == ["ok"]


@pytest.mark.parametrize(
    ("planted", "words"),
    [
        (("mode_flip", {}), "hedge mode"),
        (("clock_offset", {"ms": 5_000}), "off the exchange's"),
        (("reject_rest", REFUSED), "-2015"),
        (("delist", {"symbol": SYMBOL}), SYMBOL),
    ],
)
async def test_a_planted_fault_is_one_line(
    venue: VenueServer, tmp_path: Path, planted: tuple[str, dict[str, Any]], words: str
) -> None:
    name, facts = planted
    venue.venue.add_fault({"name": name, **facts}, venue.now())
    (line,) = (await said(venue, tmp_path))["wrong"]
    assert words in line
    assert "\n" not in line


async def test_leverage_and_margin_are_compared_with_the_configuration(
    venue: VenueServer, tmp_path: Path
) -> None:
    assert "wrong" not in await said(venue, tmp_path, leverage=20, margin_type="crossed")
    lines = (await said(venue, tmp_path, leverage=5, margin_type="isolated"))["wrong"]
    assert len(lines) == 2


async def test_a_key_that_may_withdraw_is_a_warning(tmp_path: Path) -> None:
    market = {"symbols": [SYMBOL], "active": [SYMBOL]}
    server = VenueServer({**market, "accounts": [{"withdrawals": True}]}, LiveTimer())
    await server.start()
    found = await said(server, tmp_path)
    await server.stop()
    assert found["warning"] == ["the key may withdraw: take that right from it"]
    assert "wrong" not in found
    paths = [row["path"] for row in server.venue.ledger()["requests"]]
    assert "/sapi/v1/account/apiRestrictions" in paths


async def test_an_exchange_that_is_away_is_waited_for_not_refused(
    venue: VenueServer, tmp_path: Path
) -> None:
    await venue.stop()
    found = await said(venue, tmp_path)
    assert "wrong" not in found
    assert "cannot connect" in found["unreachable"][0]


async def test_an_exchange_that_is_away_is_one_line_of_the_command(
    venue: VenueServer, tmp_path: Path
) -> None:
    await venue.stop()
    general = {"project": "x", "exchange": "X"}
    config = {
        "factory": {"name": "SandboxFactory"}, "general": general, "exchange": section(venue),
    }  # fmt: skip
    doctor = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workers.doctor"), stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    request = {"config": config, "state_dir": str(tmp_path / "x")}
    said, complaints = await doctor.communicate(json.dumps(request).encode())
    assert (doctor.returncode, complaints) == (1, b"")
    (line,) = [line for line in said.decode().splitlines() if line.startswith("UNKNOWN")]
    assert "cannot connect" in line


async def test_an_exchange_that_is_slow_is_no_fault_of_the_configuration(
    venue: VenueServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.doctor.SECONDS", 0.5)
    venue.venue.add_fault({"name": "delay_rest", "delay": 5.0}, venue.now())
    general = {"project": "x", "exchange": "X"}
    config = {
        "factory": {"name": "SandboxFactory"}, "general": general, "exchange": section(venue),
    }  # fmt: skip
    found = await asyncio.to_thread(findings_of, config, tmp_path / "x")
    assert [each.level for each in found] == ["ok", "unreachable"]
    assert "did not answer within 0.5s" in found[-1].text


async def test_another_run_at_the_account_is_named_and_our_own_is_not(
    venue: VenueServer, tmp_path: Path
) -> None:
    def level(project: str) -> list[str]:
        general = {"project": project, "exchange": "X"}
        config = {
            "factory": {"name": "SandboxFactory"}, "general": general, "exchange": section(venue),
        }  # fmt: skip
        found = findings_of(config, tmp_path / project)
        return [each.text for each in found if each.level == "wrong"]

    lock = Lock(account_lock(tmp_path / "one", venue.rest_url, venue.key), "one")
    assert await asyncio.to_thread(level, "one") == []
    (line,) = await asyncio.to_thread(level, "two")
    assert "(project one)" in line
    lock.release()
    assert await asyncio.to_thread(level, "two") == []


# --- while orders flow


async def leverage(bench: Bench, wanted: int) -> None:
    """Have somebody set a symbol's leverage at the exchange."""
    client = bench.worker._authority.gateway.client
    await client.futures_change_leverage(symbol=SYMBOL, leverage=wanted)


async def test_a_change_of_settings_stops_new_risk_until_it_is_undone(run_dir: Path) -> None:
    async with free_bench(run_dir, leverage=20) as bench:
        await bench.ready()
        await bench.hello()
        (good,) = await bench.post(bench.intent())
        assert good.status == "ok"
        await leverage(bench, 50)
        blocks = bench.worker._authority.warden.blocks
        await until(lambda: "leverage is 50" in blocks.reason("*"))
        (refused,) = await bench.post(bench.intent())
        assert (refused.status, "leverage is 50" in refused.message) == ("unavailable", True)
        (exit_,) = await bench.post(bench.intent(side="SELL", reduce_only=True))
        assert exit_.status == "ok"
        await leverage(bench, 20)
        await until(lambda: not blocks)
        (again,) = await bench.post(bench.intent())
        assert again.status == "ok"


async def test_a_refused_key_stops_everything_but_one_probe_in_thirty_seconds(
    run_dir: Path,
) -> None:
    async with free_bench(run_dir) as bench:
        await bench.ready()
        await bench.hello()
        resting = bench.intent(price=bench.price("0.98"))
        await bench.post(resting)
        fault(bench, "reject_rest", **REFUSED)
        gateway = bench.worker._authority.gateway
        await bench.post(bench.intent(price=bench.price("0.97")))
        await until(lambda: "-2015" in gateway.key_trouble)
        before = len(signed(bench))
        for _ in range(5):
            (refused,) = await bench.post(bench.intent())
            assert "refuses the API key" in refused.message
        await bench.ask("cancel", [resting.id])
        await bench.post(bench.intent(side="SELL", reduce_only=True))
        assert len(signed(bench)) == before
        # half a minute later one request goes out, and all others wait for what comes of it
        gateway._key_ns = 0
        tried = await asyncio.gather(
            *(gateway.positions() for _ in range(5)), return_exceptions=True
        )
        assert all(isinstance(each, ExchangeError) for each in tried)
        assert len(signed(bench)) == before + 1
        clear_faults(bench)
        gateway._key_ns = 0
        await until(lambda: not gateway.key_trouble)
        await until(lambda: placed(bench, resting.id) == ["CANCELED"])


def signed(bench: Bench) -> list[Any]:
    rows = bench.venue.venue.ledger()["requests"]
    return [row for row in rows if "signature" in row["params"] or "timestamp" in row["params"]]


async def test_a_host_is_examined_also_where_the_venue_takes_the_exchanges_place(
    tmp_path: Path,
) -> None:
    config = {"factory": {"name": "SandboxFactory"}, "general": {}, "exchange": {}}
    found = findings_of(config, tmp_path)
    assert [each.level for each in found] == ["ok"] * 3
