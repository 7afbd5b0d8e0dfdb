"""A status object as people read it (pure): rows for any table, and a plain table."""

from typing import Any, NamedTuple

from lib.folders import log_path

HEADINGS = ("WORKER", "PID", "STATE", "UPTIME", "RESTARTS", "EVENTS/S", "DATA AGE", "RSS", "NOTE")
RIGHT = frozenset({"PID", "UPTIME", "RESTARTS", "EVENTS/S", "DATA AGE", "RSS"})
NOTE = HEADINGS.index("NOTE")
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


def table(status: dict[str, Any]) -> str:
    """Return headline and aligned table, one line per worker."""
    found = rows(status)
    if not found:
        return f"{headline(status)}\n"
    lines: list[tuple[str, ...]] = [HEADINGS, *found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    text = [headline(status), ""]
    text += [_aligned(line, widths) for line in lines]
    return "\n".join(text) + "\n"


def hints(project: str, *, several: bool = False) -> str:
    """Return how to look further."""
    option = f" --project {project}" if several else ""
    return (
        f"supervisor status{option}    supervisor logs -f{option}    supervisor stop{option}\n"
        f"logs: {log_path(project).parent}\n"
    )


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
    note = str(worker.get("note") or "")
    last = worker.get("last_exit")
    if last and worker["state"] != "ready":
        ended = f"last exit: {last['reason']} ({last['code']})"
        return f"{ended}; {note}" if note else ended
    return note


def _aligned(line: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        text.rjust(width) if heading in RIGHT else text.ljust(width)
        for text, width, heading in zip(line, widths, HEADINGS, strict=True)
    ]
    return "  ".join(cells).rstrip()
