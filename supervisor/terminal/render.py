"""A status object as people read it (pure): rows for any table, and a plain table."""

import signal
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lib.folders import log_path
from supervisor.record.events import gist

HEADINGS = ("WORKER", "PID", "STATE", "UPTIME", "RESTARTS", "EVENTS/S", "DATA AGE", "RSS", "NOTE")
RIGHT = frozenset({"PID", "UPTIME", "RESTARTS", "EVENTS/S", "DATA AGE", "RSS"})
NOTE = HEADINGS.index("NOTE")
DISPENSABLE = ("RSS", "UPTIME", "DATA AGE", "RESTARTS", "PID")
"""What a narrow terminal goes without, in this order, before the notes do."""
NOTE_WIDTH = 20
GAP = 2
NEWS_SECONDS = 10.0
"""So long after a restart its cause stands in the note."""
MINUTE, HOUR, DAY = 60, 3600, 86400
MEGABYTE = 1_000_000


class Row(NamedTuple):
    """One worker in words; fields as in `HEADINGS`."""

    name: str
    pid: str
    state: str
    uptime: str
    restarts: str
    events: str
    age: str
    rss: str
    note: str


def rows(status: dict[str, Any]) -> list[Row]:
    """Return one row per worker of a status object."""
    return [_row(worker) for worker in status.get("workers", [])]


def headline(status: dict[str, Any]) -> str:
    """Return the line above the table."""
    parts = [
        f"{status['project']} is {status['state']}",
        f"pid {status['pid']}",
        f"up {elapsed(status['uptime_s'])}",
    ]
    if status.get("config"):
        parts.append(str(status["config"]))
    return ", ".join(parts)


def table(status: dict[str, Any], width: int = 0) -> str:
    """Return headline and aligned table, one line per worker.

    Args:
        status: The status object.
        width: Columns of the terminal; 0 = as wide as it gets.
    """
    found = rows(status)
    if not found:
        return f"{headline(status)}\n"
    lines: list[tuple[str, ...]] = [HEADINGS, *found]
    widths = _widths(lines)
    chosen = fitting(found, width) if width else range(len(HEADINGS))
    text = [headline(status), ""]
    text += [_cut(_aligned(line, widths, chosen), width) for line in lines]
    return "\n".join(text) + "\n"


def fitting(found: Sequence[Row], width: int) -> list[int]:
    """Return the columns, by their number, that a terminal of `width` has room for."""
    widths = _widths([HEADINGS, *found])
    # the same whatever is noted: columns that come and go are hard to read
    widths[NOTE] = NOTE_WIDTH
    columns = list(range(len(HEADINGS)))
    for heading in DISPENSABLE:
        if sum(widths[column] + GAP for column in columns) - GAP <= width:
            break
        columns.remove(HEADINGS.index(heading))
    return columns


def hints(project: str, *, several: bool = False, first: str = "") -> str:
    """Return how to look further.

    Args:
        project: Name of the run.
        several: Others run, too: it must be named.
        first: What must be typed before.
    """
    option = f" --project {project}" if several else ""
    return (
        (f"in another terminal: {first}\n" if first else "")
        + f"supervisor status{option}    supervisor logs -f{option}    supervisor stop{option}\n"
        f"logs: {log_path(project).parent}\n"
    )


def ended(reason: str, code: int) -> str:
    """Return how a life ended, in words.

    Args:
        reason: As `last_exit` has it.
        code: Exit code, or minus the number of a signal.
    """
    if reason == "signal" and -code in set(signal.Signals):
        return f"killed by {signal.Signals(-code).name}"
    if reason == "exit":
        return f"ended with exit code {code}"
    return f"ended: {reason}"


def symbol_rates(status: dict[str, Any]) -> dict[str, float]:
    """Return symbol -> events/s: as the stream workers count them, else as the bots do."""
    rates: dict[str, float] = {}
    for worker in status.get("workers", []):
        for symbol, rate in worker.get("events_per_s_by_symbol", {}).items():
            rates[symbol] = max(rate, rates.get(symbol, 0.0))
    if rates:
        return rates
    for worker in status.get("workers", []):
        if worker["kind"] == "bot":
            rates[worker["name"].rpartition(":")[2]] = worker["events_per_s"]
    return rates


def elapsed(seconds: float | None) -> str:
    """Return a duration in at most two units: `12s`, `3m20s`, `2h05m`, `4d03h`."""
    if seconds is None:
        return "-"
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole}s"
    if whole < HOUR:
        return f"{whole // MINUTE}m{whole % MINUTE:02d}s"
    if whole < DAY:
        return f"{whole // HOUR}h{whole % HOUR // MINUTE:02d}m"
    return f"{whole // DAY}d{whole % DAY // HOUR:02d}h"


def age(ages: dict[str, dict[str, float]]) -> str:
    """Return the oldest data of the channel that moves most: `book 0.1s`."""
    for channel in ("book", "account", *ages):
        if ages.get(channel):
            oldest = max(ages[channel].values())
            shown = f"{oldest:.1f}s" if oldest < MINUTE else elapsed(oldest)
            return f"{channel} {shown}"
    return "-"


def _row(worker: dict[str, Any]) -> Row:
    rss = worker.get("rss_bytes")
    return Row(
        name=worker["name"],
        pid=str(worker.get("pid") or "-"),
        state=_state(worker),
        uptime=elapsed(worker.get("uptime_s")) if worker.get("pid") else "-",
        restarts=str(worker.get("restarts", 0)),
        events=f"{worker.get('events_per_s') or 0:.1f}",
        age=age(worker.get("data_age_s") or {}),
        rss=f"{rss / MEGABYTE:.0f} MB" if rss else "-",
        note=_note(worker),
    )


def _state(worker: dict[str, Any]) -> str:
    # it has not ended: it has not begun, and waits for those before it
    never_lived = worker["state"] == "exited" and not worker.get("last_exit")
    return "waiting" if never_lived else str(worker["state"])


def _note(worker: dict[str, Any]) -> str:
    note = "; ".join([*_ills(worker), *filter(None, [str(worker.get("note") or "")])])
    last = worker.get("last_exit")
    is_old = worker["state"] == "ready" and worker.get("uptime_s", 0.0) > NEWS_SECONDS
    if not last or is_old or worker["state"] == "stopping":
        return note
    how = ended(last["reason"], last["code"])
    if last.get("lines") and last["code"] > 0:
        how = f"{how} ({gist(last['lines'])})"
    if worker["state"] in ("ready", "starting"):
        how = f"restarted: {how.removeprefix('ended: ')}"
    return f"{how}; {note}" if note else how


def _ills(worker: dict[str, Any]) -> list[str]:
    found = [f"{ill}: {evidence}" for ill, evidence in (worker.get("ill") or {}).items()]
    stale = worker.get("stale") or []
    if stale and worker["state"] == "stale":
        found.append(stale[0] if len(stale) == 1 else f"{stale[0]} and {len(stale) - 1} more")
    return found


def _widths(lines: Sequence[tuple[str, ...]]) -> list[int]:
    return [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]


def _aligned(line: tuple[str, ...], widths: list[int], columns: Iterable[int]) -> str:
    cells = [
        line[column].rjust(widths[column])
        if HEADINGS[column] in RIGHT
        else line[column].ljust(widths[column])
        for column in columns
    ]
    return (" " * GAP).join(cells).rstrip()


def _cut(text: str, width: int) -> str:
    return text if not width or len(text) <= width else f"{text[: width - 1]}…"
