"""What a new user sees: start, look, stop."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.harness import (
    SECONDS,
    SUPERVISOR,
    SYMBOLS,
    System,
    fetch,
    make_system,
    open_orders,
    sandbox,
    until,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    with make_system(sandbox("main")) as made:
        yield made.start()


def test_every_worker_runs_and_data_flows_to_every_bot(system: System) -> None:
    names = [worker["name"] for worker in system.status()["workers"]]
    assert names == [
        "venue",
        "exchange",
        "stream",
        "bot:quoter:BTCUSDT",
        "bot:quoter:ETHUSDT",
        "bot:sandbox:SOLUSDT",
        "bot:sandbox:XRPUSDT",
    ]
    system.until_flowing()


def test_status_json_is_the_documented_object(system: System) -> None:
    done = system.run("status", "--json")

    assert done.returncode == 0
    status = json.loads(done.stdout)
    assert {"project", "pid", "config", "state", "uptime_s", "workers"} <= set(status)
    assert status["project"] == "main"
    assert system.process is not None
    assert status["pid"] == system.process.pid
    fields = {
        "name", "kind", "pid", "state", "restarts", "incarnation", "uptime_s", "last_exit",
        "heartbeat_age_s", "data_age_s", "events", "events_per_s", "dropped", "rss_bytes",
        "cpu_percent",
    }  # fmt: skip
    for worker in status["workers"]:
        assert fields <= set(worker)
        assert worker["state"] == "ready"
        assert worker["rss_bytes"] > 0
    stream = next(worker for worker in status["workers"] if worker["name"] == "stream")
    assert set(stream["data_age_s"]["book"]) == set(SYMBOLS)


def test_the_terminal_shows_processes_rates_and_how_to_look_further(system: System) -> None:
    shown = until("the table is printed", lambda: "supervisor logs" in system.output) and (
        system.output
    )

    for word in ("bot:quoter:BTCUSDT", "ready", "supervisor status", "supervisor stop"):
        assert word in shown


def test_orders_and_fills_flow(system: System) -> None:
    def traded() -> bool:
        ledger = system.venue("/venue/ledger")
        return len(ledger["orders"]) >= 4 and bool(open_orders(ledger))

    until("both quoters have orders at the venue", traded)


def test_logs_of_one_worker_and_of_all(system: System) -> None:
    def logged() -> bool:
        return "orderbook" in system.run("logs", "bot:sandbox:SOLUSDT").stdout

    until("the sandbox bot logs its events", logged)
    assert "sandbox:SOLUSDT" in system.run("logs").stdout


def test_logs_can_be_followed(system: System) -> None:
    with subprocess.Popen(
        [*SUPERVISOR, "logs", "-f", "-n", "1", "bot:sandbox:SOLUSDT"],
        env=system.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        first = [following.stdout.readline() for _ in range(3)]
        following.send_signal(signal.SIGINT)
        following.wait(SECONDS)
    assert any("SOLUSDT" in line for line in first)


def test_a_second_start_is_refused_with_the_pid(system: System) -> None:
    assert system.process is not None

    done = system.run("start", str(system.config))

    assert done.returncode == 1
    assert str(system.process.pid) in done.stderr
    assert done.stderr.count("\n") == 1
    assert system.status()["state"] == "running"


def test_one_worker_is_restarted_on_demand_alone(system: System) -> None:
    before = {worker["name"]: worker for worker in system.status()["workers"]}

    assert system.run("restart", "bot:quoter:ETHUSDT").returncode == 0

    after = system.until_replaced(before["bot:quoter:ETHUSDT"])
    assert after["last_exit"]["reason"] == "requested"
    others = {worker["name"]: worker for worker in system.status()["workers"]}
    for name, worker in before.items():
        if name != "bot:quoter:ETHUSDT":
            assert others[name]["pid"] == worker["pid"]


def test_an_unknown_worker_cannot_be_restarted(system: System) -> None:
    done = system.run("restart", "bot:nobody:BTCUSDT")

    assert done.returncode == 2
    assert "bot:quoter:BTCUSDT" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_cleanly(number: int) -> None:
    with make_system(sandbox("sig")) as system:
        system.start()
        until("an order is open", system.open_orders)

        assert system.interrupt(number) == 0

        assert system.survivors() == []
        assert not system.run_dir.exists()
        assert system.run("status").returncode == 3


def test_stop_leaves_no_order_open_at_the_venue() -> None:
    with make_system(sandbox("outer")) as market:
        market.start()
        url = market.status()["venue"]["rest_url"]
        until("an order is open", market.open_orders)
        venue = market.worker("venue")["pid"]

        seen: list[dict] = []

        def look() -> bool:
            try:
                seen.append(fetch(url + "/venue/ledger"))
            except OSError:
                return True
            return False

        with subprocess.Popen([*SUPERVISOR, "stop"], env=market.environment) as stopping:
            until("the venue is gone", look)
            assert stopping.wait(SECONDS) == 0
        assert market.process is not None
        assert market.process.wait(SECONDS) == 0
        assert open_orders(seen[-1]) == []
        assert venue in market.seen
        assert market.survivors() == []


def test_for_ends_the_run_by_itself() -> None:
    with make_system(sandbox("brief")) as system:
        process = system.launch("--for", "3s")

        assert process.wait(SECONDS) == 0
        assert "time is over" in system.history()


def test_detached_run_is_started_seen_and_stopped() -> None:
    with make_system(sandbox("away")) as system:
        done = system.run("start", str(system.config), "--detach", seconds=60)

        assert done.returncode == 0, done.stderr
        assert "supervisor stop" in done.stdout
        assert system.status()["state"] == "running"
        assert system.stop().returncode == 0
        until("everybody is gone", lambda: not system.survivors())


@pytest.mark.long
def test_two_projects_run_at_once_and_are_told_apart() -> None:
    with make_system(sandbox("one")) as one:
        one.start()
        with make_system(sandbox("two")) as two:
            two.environment |= {
                key: one.environment[key] for key in ("XDG_RUNTIME_DIR", "XDG_STATE_HOME")
            }
            two.folder = one.folder
            two.start()
            unnamed = two.run("status")
            assert unnamed.returncode == 2
            assert "--project" in unnamed.stderr
            assert two.run("status", "--project", "two").returncode == 0
            assert two.run("stop", "--project", "two").returncode == 0
            assert one.status()["state"] == "running"
            two.folder = two.config.parent
        assert one.stop().returncode == 0
