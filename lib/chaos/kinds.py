"""Every kind of fault that a drill can strike with, as data (pure)."""

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Any, NamedTuple

from lib.chaos.venue_kinds import VENUE_KINDS, VenueKind

Args = dict[str, Any]


class Group(StrEnum):
    """Who carries a fault out."""

    PROCESS = "process"
    FAILPOINT = "failpoint"
    NETWORK = "network"
    DISK = "disk"
    ZOMBIE = "zombie"
    EVERYTHING = "everything"
    VENUE = "venue"


class Kind(NamedTuple):
    """One kind of fault.

    Args:
        name: What `--kinds` and the report call it.
        group: Who carries it out.
        target: Worker, failpoint, or the venue's name of the fault.
        action: What is done to the target.
        seconds: Shortest and longest duration; (0, 0) for what happens in an instant.
        make_args: From a random source and the traded symbols to the fault's arguments.
        text: What happens.
        in_request: Whether it strikes inside an open request by its nature.
        ends_symbol: Whether one symbol cannot be traded afterwards.
        channel: The market stream without which there is nothing to hit.
    """

    name: str
    group: Group
    target: str
    action: str
    seconds: tuple[float, float]
    make_args: Callable[[Random, list[str]], Args]
    text: str
    in_request: bool = False
    ends_symbol: bool = False
    channel: str = ""


def _no_args(_random: Random, _symbols: list[str]) -> Args:
    return {}


def _process(name: str, target: str, action: str, seconds: float, text: str) -> Kind:
    span = (seconds / 2, seconds)
    return Kind(name, Group.PROCESS, target, action, span, _no_args, text)


FAILPOINTS = (
    *(f"post.{step}" for step in ("before_journal", "after_journal", "after_send")),
    *(f"post.{step}" for step in ("after_ack", "after_reply")),
    *(f"cancel.{step}" for step in ("before_journal", "after_journal", "after_send")),
    *(f"cancel.{step}" for step in ("after_ack", "after_reply")),
    *(f"fill.{step}" for step in ("before_journal", "after_journal", "after_publish")),
)


def _failpoint(name: str, action: str) -> Kind:
    text = f"the exchange worker gets SIG{action.upper()} at its step {name}"
    in_request = not name.startswith("fill.")
    title = f"{'die' if action == 'kill' else 'freeze'}_at_{name}"
    return Kind(title, Group.FAILPOINT, name, action, (0, 0), _no_args, text, in_request=in_request)


def _broken(name: str, group: Group, action: str, seconds: float, text: str) -> Kind:
    return Kind(name, group, "", action, (seconds / 2, seconds), _no_args, text)


def _venue(kind: VenueKind) -> Kind:
    return Kind(
        kind.title or kind.name,
        Group.VENUE,
        kind.name,
        "",
        kind.seconds,
        kind.make_args,
        kind.text,
        in_request=kind.in_request,
        ends_symbol=kind.ends_symbol,
        channel=kind.channel,
    )


ALL = (
    _process("kill_exchange", "exchange", "kill", 0, "SIGKILL to the exchange worker"),
    _process("kill_stream", "stream", "kill", 0, "SIGKILL to a stream worker"),
    _process("kill_bot", "bot", "kill", 0, "SIGKILL to one bot"),
    _process("kill_bots", "bots", "kill", 0, "SIGKILL to every bot at once"),
    _process("kill_supervisor", "supervisor", "kill", 0, "SIGKILL to the supervisor; then a start"),
    _process("freeze_exchange", "exchange", "stop", 0, "SIGSTOP to the exchange worker, for good"),
    _process("freeze_stream", "stream", "stop", 0, "SIGSTOP to a stream worker, for good"),
    _process("freeze_bot", "bot", "stop", 0, "SIGSTOP to one bot, for good"),
    _process("pause_exchange", "exchange", "pause", 0.8, "SIGSTOP, soon SIGCONT: exchange worker"),
    _process("pause_stream", "stream", "pause", 0.8, "SIGSTOP, soon SIGCONT: stream worker"),
    _process("pause_bot", "bot", "pause", 0.8, "SIGSTOP, soon SIGCONT: one bot"),
    _process("pause_supervisor", "supervisor", "pause", 2, "SIGSTOP, soon SIGCONT: supervisor"),
    *(_failpoint(name, "kill") for name in FAILPOINTS),
    _failpoint("post.after_send", "stop"),
    _failpoint("fill.after_publish", "stop"),
    _broken("network_reset", Group.NETWORK, "reset", 2, "every connection is reset, none is made"),
    _broken("network_silent", Group.NETWORK, "silent", 3, "nothing passes; TCP stays open"),
    _broken("network_slow", Group.NETWORK, "slow", 3, "everything arrives 250 ms late"),
    _broken("disk_full", Group.DISK, "limit", 3, "the exchange worker cannot write to any file"),
    _broken("journal_full", Group.DISK, "full", 3, "each write of the journal fails as if full"),
    _broken("journal_broken", Group.DISK, "broken", 3, "each write of the journal fails: EIO"),
    _broken("zombie", Group.ZOMBIE, "", 0, "a bot is killed, and its ended life asks for orders"),
    _broken(
        "kill_everything",
        Group.EVERYTHING,
        "kill",
        0,
        "SIGKILL to supervisor and all workers; the dead-man switch must clear the venue",
    ),
    *(_venue(kind) for kind in VENUE_KINDS),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in ALL}
