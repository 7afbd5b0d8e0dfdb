"""`python -m workers.doctor`: examines what an exchange worker would trade with, and says so.

Reads the worker's part of the configuration as JSON from its input: `{"config": …, "state_dir":
…}`. Prints one line per finding; exit code 2 if something is wrong, 1 if the exchange cannot be
asked. The supervisor runs it, since it loads neither HTTP clients nor secrets itself.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from lib.constants import KEY, ExitCode
from lib.errors import ConfigError
from lib.exchange.binance.doctor import examine, host_of
from lib.exchange.credentials import resolve_keys
from lib.factory import make_factory
from lib.journal.locks import ELSEWHERE, HostLock, account_lock, account_name, holder_of
from lib.oms.diagnosis import Finding, examine_host
from lib.timer import LiveTimer
from workers.secrets import SECTION, resolve_secrets

MARKS = {"ok": "good", "warning": "warning", "wrong": "WRONG", "unreachable": "UNKNOWN"}
SECONDS = 30.0


def findings_of(config: dict[str, Any], state_dir: Path) -> list[Finding]:
    """Return all findings of one exchange worker's part.

    Raises:
        ConfigError: A secret is missing.
    """
    if not config[SECTION].get(KEY.REST_URL):
        here = Finding("ok", "the embedded exchange takes the real one's place")
        return [here, *examine_host(host_of(state_dir))]
    full = resolve_secrets(config)
    timer = LiveTimer()
    factory = make_factory(full["factory"], full["general"])
    section = resolve_keys(full[SECTION], full["general"], factory, timer)

    async def run() -> list[Finding]:
        account = _account(section, state_dir)
        try:
            async with asyncio.timeout(SECONDS):
                return [*account, *await examine(section, state_dir, timer)]
        except TimeoutError:
            # slow is no fault of the configuration: a start waits for it as for one that is away
            text = f"{section['rest_url']} did not answer within {SECONDS:g}s"
            return [*account, Finding("unreachable", text)]

    return asyncio.run(run())


def _account(section: dict[str, Any], state_dir: Path) -> list[Finding]:
    """Return whether another run of this machine trades the account."""
    url, key = str(section[KEY.REST_URL]), str(section.get("key", ""))
    holder = holder_of(account_lock(state_dir, url, key))
    if holder is not None and holder.project == state_dir.name:
        return [Finding("ok", f"the account is traded by this run: {holder}")]
    other = holder or (ELSEWHERE if HostLock.is_held(account_name(url, key)) else None)
    if other is None:
        return [Finding("ok", "nobody else on this machine trades the account")]
    return [Finding("wrong", f"the account is traded by {other} already; one run per account")]


def main() -> int:
    """Examine; return the exit code."""
    request = json.load(sys.stdin)
    try:
        found = findings_of(request["config"], Path(request["state_dir"]))
    except ConfigError as error:
        sys.stdout.write(f"{MARKS['wrong']:8} {error}\n")
        return ExitCode.USAGE
    for each in found:
        sys.stdout.write(f"{MARKS[each.level]:8} {each.text}\n")
    levels = {each.level for each in found}
    if "wrong" in levels:
        return ExitCode.USAGE
    return ExitCode.ERROR if "unreachable" in levels else ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())
