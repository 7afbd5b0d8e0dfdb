"""All connections of a market stream, as many as its symbols need."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from lib.constants import KEY, Channel
from lib.errors import ConfigError
from lib.logger import AbstractLogger
from lib.stream.binance.backoff import ConnectBudget
from lib.stream.binance.frame_connection import OnFrame
from lib.stream.binance.link import RENEW_SECONDS, Link, Setup
from lib.stream.binance.subscriptions import DEFAULT_STREAMS, DIFF, Plan, plan, replan, streams_of
from lib.timer import AbstractTimer


class Links:
    """See the module.

    Args:
        config: `rest_url`, `ws_url`, `symbols`, `limits`, `renew`, `streams_per_connection`.
        channels: What is subscribed of each symbol.
        timer: The process's timer.
        log: The worker's logger.
        on_frame: Takes every frame.

    Raises:
        ConfigError: Something of it is missing or cannot be.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        channels: tuple[str, ...],
        timer: AbstractTimer,
        log: AbstractLogger,
        on_frame: OnFrame,
    ) -> None:
        """Plan the connections; nothing is connected before `run`."""
        self._timer = timer
        self._on_frame = on_frame
        self._limits: Mapping[str, Any] = config.get("limits", {})
        self._spread = int(config.get("streams_per_connection", DEFAULT_STREAMS))
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        renew_seconds = float(config.get("renew", RENEW_SECONDS))
        ws_url = _checked(config)
        self._setup = Setup(ws_url, timer, log, ConnectBudget(), renew_seconds)
        plans = plan(channels, config.get("symbols", ()), self._spread)
        self._links = {one.name: self._link(one) for one in plans}
        self._former_connects = 0

    @property
    def are_up(self) -> bool:
        """Whether every connection stands."""
        return all(link.is_up for link in self._links.values())

    @property
    def connects(self) -> int:
        """How often a connection was made."""
        return self._former_connects + sum(link.connects for link in self._links.values())

    def ages(self) -> dict[str, int]:
        """Return connection -> age in ns of its newest message of any kind."""
        now_ns = self._timer.Monotonic()
        return {name: link.age(now_ns) for name, link in self._links.items()}

    def run(self, group: asyncio.TaskGroup) -> None:
        """Keep all connections up, in tasks of `group`."""
        self._group = group
        for link in self._links.values():
            self._run(link)

    def change(self, symbols: list[str], limits: Mapping[str, Any]) -> None:
        """Bring other symbols; whatever stays notices nothing."""
        self._limits = limits
        plans = replan([link.plan for link in self._links.values()], symbols, self._spread)
        for one in plans:
            if one.name in self._links:
                self._links[one.name].change(one, self._silence(one))
            else:
                link = self._links[one.name] = self._link(one)
                self._run(link)
        for name in self._links.keys() - {one.name for one in plans}:
            self._former_connects += self._links.pop(name).connects
            if task := self._tasks.pop(name, None):
                task.cancel()

    def resubscribe(self, symbols: Collection[str] = ()) -> None:
        """Subscribe symbols (none named: all) anew on the connections that stand."""
        for link in self._links.values():
            if streams := streams_of(link.plan, symbols):
                link.resubscribe(streams)

    def reconnect(self, symbols: Collection[str] = ()) -> None:
        """Replace the connections of symbols (none named: all), the new ones first."""
        for link in self._links.values():
            if streams_of(link.plan, symbols):
                link.reconnect()

    def _run(self, link: Link) -> None:
        if self._group is not None:
            name = link.plan.name
            self._tasks[name] = self._group.create_task(link.run(), name=f"link {name}")

    def _link(self, one: Plan) -> Link:
        return Link(one, self._setup, self._on_frame, self._silence(one))

    def _silence(self, one: Plan) -> float:
        named = [self._limits.get(Channel.DEPTH if name == DIFF else name) for name in one.channels]
        # a limit may also be a word (`learned`): then the supervisor alone judges
        seconds = [float(limit) for limit in named if isinstance(limit, (int, float)) and limit > 0]
        return min(seconds, default=0.0)


def _checked(config: Mapping[str, Any]) -> str:
    """Return `ws_url`; both URLs are what they should be."""
    exchange = config.get(KEY.EXCHANGE, "BINANCE.FUTURES")
    for key, schemes in ((KEY.REST_URL, ("http", "https")), (KEY.WS_URL, ("ws", "wss"))):
        url = urlsplit(str(config.get(key, "")))
        if url.scheme not in schemes or not url.hostname:
            raise ConfigError(
                f"{exchange}: {key} is {config.get(key)!r}, not like {schemes[1]}://host"
            )
    return str(config[KEY.WS_URL])
