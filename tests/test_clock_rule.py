"""Nothing but a timer reads a clock or sleeps."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("lib", "workers", "bot", "supervisor")
FORBIDDEN = {
    "time": {
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
        "clock_gettime", "clock_gettime_ns", "sleep", "gmtime", "localtime", "ctime", "strftime",
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "asyncio": {"sleep"},
}  # fmt: skip
ALLOWED = {
    # The timers are what everybody else asks.
    "lib/timer/live_timer.py": {"time", "asyncio"},
}


def clock_reads(source: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, module, name) of every use of a forbidden name, also when it is imported."""
    modules = {"datetime": "datetime", "date": "date"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN:
            for alias in node.names:
                if alias.name in FORBIDDEN[node.module]:
                    yield node.lineno, node.module, alias.name
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Attribute):
            continue
        owner = node.value
        # `datetime.datetime.now` and `datetime.now` alike.
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        module = modules.get(name, name)
        if node.attr in FORBIDDEN.get(module, ()):
            yield node.lineno, module, node.attr


@pytest.mark.parametrize("folder", FOLDERS)
def test_only_timers_read_clocks_and_sleep(folder: str) -> None:
    found = [
        f"{name}:{line}: {module}.{attribute}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in [path.relative_to(ROOT).as_posix()]
        for line, module, attribute in clock_reads(path.read_text(encoding="utf-8"))
        if module not in ALLOWED.get(name, ())
    ]

    assert found == []


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_exception_is_still_needed(name: str) -> None:
    reads = clock_reads((ROOT / name).read_text(encoding="utf-8"))

    assert {module for _, module, _ in reads} == ALLOWED[name]


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as clock\nclock.monotonic_ns()",
        "from time import sleep\nsleep(1)",
        "import asyncio\nasyncio.sleep(1)",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime, timezone\ndatetime.now(timezone.utc)",
        "import time\nclock = time.time_ns",
    ],
)
def test_every_way_to_read_a_clock_is_seen(source: str) -> None:
    assert list(clock_reads(source))


def test_what_reads_no_clock_is_left_alone() -> None:
    source = (
        "import asyncio\nfrom datetime import datetime\n"
        "datetime.fromtimestamp(0)\nasyncio.timeout(1)\nself.timer.time()\nloop.time()"
    )

    assert list(clock_reads(source)) == []
