"""Rules between the venue's and the exchange's sections, checked."""

from pathlib import Path

import msgspec

from lib.config_tree import ConfigTree
from lib.errors import ConfigError
from lib.init import find_files, find_path
from supervisor.config.bots import check_symbols
from supervisor.config.sections import ExchangeSection, LatencySection, RootSection, VenueSection
from supervisor.config.units import Delay

KNOWN_URLS = {
    "BINANCE.FUTURES": ("https://fapi.binance.com", "wss://fstream.binance.com"),
}
SHORTEST_HEARTBEAT = 0.5
"""Seconds: two planned beats."""


def check_exchange(tree: ConfigTree, root: RootSection, exchange: ExchangeSection) -> None:
    """Refuse an exchange without addresses, or with both addresses and a venue.

    Raises:
        ConfigError: So it is; or a watchdog's limit makes no sense.
    """
    steps = (root.exchange,)
    if root.venue is not None and (exchange.rest_url or exchange.ws_url):
        raise tree.fail(
            f"{root.exchange} has addresses of its own, and a `venue` is to take its place; "
            "remove one of them (`venue: null` in an added file does it)",
            (root.exchange, "rest_url" if exchange.rest_url else "ws_url"),
        )
    for key, index in (("rest_url", 0), ("ws_url", 1)):
        if root.venue is None and not getattr(exchange, key):
            example = KNOWN_URLS.get(root.exchange, ("", ""))[index]
            raise tree.fail(
                f"{root.exchange}.{key} is missing"
                + (f"; for the real one: {example}" if example else "")
                + "; for the embedded one: `venue: {feed: synthetic}`",
                steps,
            )
    if root.watchdog.heartbeat < SHORTEST_HEARTBEAT:
        raise tree.fail(
            "watchdog.heartbeat is below 500ms: workers beat every 250ms",
            ("watchdog", "heartbeat"),
        )


def check_venue(tree: ConfigTree, root: RootSection) -> VenueSection | None:
    """Return the venue's section with whole paths, None without a venue.

    Raises:
        ConfigError: Its feed lacks what it needs, or has what it cannot use.
    """
    venue = root.venue
    if venue is None:
        return None
    check_symbols(tree, ("venue", "symbols"), venue.symbols)
    _check_feed(tree, venue)
    files: list[str] = []
    for index, name in enumerate(venue.files):
        steps = ("venue", "files", index)
        found = find_files(name, tree.where(steps).file)
        if not found:
            raise tree.fail(f"there is no file {name}", steps)
        files += map(str, found)
    return msgspec.structs.replace(
        venue,
        files=files,
        rest_url=venue.rest_url.rstrip("/"),
        ws_url=venue.ws_url.rstrip("/"),
        latency=_latency(tree, venue.latency),
        persist=_written(tree, "persist", venue.persist),
        record=_written(tree, "record", venue.record),
    )


def _latency(tree: ConfigTree, section: LatencySection | None) -> LatencySection | None:
    if section is None:
        return None
    whole = {}
    for name in section.__struct_fields__:
        delay = getattr(section, name)
        if delay is not None and isinstance(delay.value, str):
            steps = ("venue", "latency", name)
            found = find_path(delay.value, tree.where(steps).file)
            if found is None:
                raise tree.fail(f"there is no file {delay.value}", steps)
            whole[name] = Delay(str(found))
    return msgspec.structs.replace(section, **whole)


def _written(tree: ConfigTree, key: str, name: str | None) -> str | None:
    # A file that is not there yet comes into the current folder.
    if name is None:
        return None
    steps = ("venue", key)
    found = find_path(name, tree.where(steps).file) or Path(name).expanduser().absolute()
    if not found.parent.is_dir():
        raise tree.fail(f"there is no folder {Path(name).parent}", steps)
    return str(found)


def _check_feed(tree: ConfigTree, venue: VenueSection) -> None:
    if venue.feed == "recording" and not venue.files:
        raise _lacking(tree, "recording", "files: [PATH]")
    if venue.feed == "live" and not (venue.rest_url and venue.ws_url):
        rest_url, ws_url = KNOWN_URLS["BINANCE.FUTURES"]
        raise _lacking(tree, "live", f"rest_url: {rest_url} and ws_url: {ws_url}")
    if venue.files and venue.feed != "recording":
        raise tree.fail("venue.files needs `feed: recording`", ("venue", "files"))
    for key in ("rest_url", "ws_url", "record"):
        if getattr(venue, key) and venue.feed != "live":
            raise tree.fail(f"venue.{key} needs `feed: live`", ("venue", key))


def _lacking(tree: ConfigTree, feed: str, what: str) -> ConfigError:
    return tree.fail(f"venue: the {feed} feed needs {what}", ("venue", "feed"))
