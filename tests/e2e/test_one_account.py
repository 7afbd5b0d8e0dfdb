"""One run per account, a clock that is off, and a stop that ends although the exchange is gone."""

import contextlib
import socket
import time

import pytest

import yaml
from tests.e2e.harness import fetch, make_system, sandbox, until
from tests.e2e.outer_venue import make_outer_venue
from tests.e2e.test_paper import QUOTER, SYMBOLS, prod_against

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

STOP_SECONDS = 25.0
"""Five times what it should take: 2 s for the bots' `Clean`, 2.5 s of silence from the exchange."""
REFUSE_SECONDS = 90.0


def test_an_account_is_traded_once_and_a_stop_without_an_exchange_says_what_is_left() -> None:
    with (
        make_outer_venue("--seed", "5", "--active", ",".join(SYMBOLS)) as binance,
        make_system(sandbox("prod")) as first,
        make_system(sandbox("prod")) as second,
    ):
        first.start(*prod_against(binance, first, [QUOTER]))
        arguments = prod_against(binance, second, [QUOTER])
        own_folders = second.environment["XDG_STATE_HOME"]
        second.environment["XDG_STATE_HOME"] = first.environment["XDG_STATE_HOME"]
        added = second.folder / "other.yaml"
        added.write_text(yaml.safe_dump({"project": "other"}))

        start = ("start", str(second.config), *arguments, "--add", str(added))

        refused = second.run(*start, seconds=REFUSE_SECONDS)
        # another service of this machine has folders of its own
        second.environment["XDG_STATE_HOME"] = own_folders
        elsewhere = second.run(*start, seconds=REFUSE_SECONDS)

        assert f"process {first.worker('exchange')['pid']} (project prod)" in refused.stderr
        assert "another run of this machine" in elsewhere.stderr
        for done in (refused, elsewhere):
            assert done.returncode == 2
            assert done.stderr.count("\n") == 1, done.stderr
            assert binance.key not in done.stderr

        until("orders rest", binance.open_orders)
        binance.process.kill()
        begun = time.monotonic()
        done = first.stop()

        assert time.monotonic() - begun < STOP_SECONDS
        assert done.returncode == 1
        assert "may still be open" in done.stderr
        assert f"{binance.rest_url} does not answer" in done.stderr
        assert "dead-man switch cancels them within 60 s" in done.stderr
        assert first.survivors() == []


def test_a_clock_that_is_off_is_refused_and_a_service_is_started_again() -> None:
    with (
        make_outer_venue("--seed", "5", "--active", ",".join(SYMBOLS)) as binance,
        make_system(sandbox("prod")) as system,
        contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager,
    ):
        added = prod_against(binance, system, [QUOTER])
        arguments = ("start", str(system.config), *added)
        fetch(f"{binance.rest_url}/venue/faults", {"name": "clock_offset", "ms": 60_000})
        manager.bind(str(system.folder / "notify"))

        by_hand = system.run(*arguments, seconds=REFUSE_SECONDS)
        system.environment["NOTIFY_SOCKET"] = str(system.folder / "notify")
        as_service = system.run(*arguments, seconds=REFUSE_SECONDS)

        # systemd starts again what ends with 1; 2 is a configuration that is wrong
        assert (by_hand.returncode, as_service.returncode) == (2, 1)
        for refused in (by_hand, as_service):
            assert refused.stderr.count("\n") == 1, refused.stderr
            assert "ms off the exchange's" in refused.stderr
        assert system.survivors() == []
