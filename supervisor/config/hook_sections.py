"""The `on_event` section, checked: what msgspec cannot know about it."""

import shlex
import shutil
from importlib.util import find_spec
from urllib.parse import urlsplit

from lib.config_tree import ConfigTree
from supervisor.config.record_sections import HookSection
from supervisor.config.sections import RootSection
from supervisor.record.hook_rules import COMMAND, KINDS, NOTIFY, WEBHOOK, Hook

SECTION = "on_event"
UNRESOLVED = "${"


def check_hooks(tree: ConfigTree, root: RootSection) -> None:
    """Refuse hooks that could never be told.

    Raises:
        ConfigError: One has no target or several, no such program or library, or a wrong URL.
    """
    for number, section in enumerate(root.on_event):
        given = [kind for kind in KINDS if getattr(section, kind)]
        if len(given) != 1:
            raise tree.fail(
                f"{SECTION}.{number} needs one of {', '.join(KINDS)}, and has {len(given)}",
                (SECTION, number),
            )
        [kind] = given
        try:
            error = _error(kind, target_of(section))
        except ValueError as unmatched:
            error = str(unmatched)
        if error:
            raise tree.fail(f"{SECTION}.{number}.{kind}: {error}", (SECTION, number, kind))


def hooks_of(root: RootSection) -> tuple[Hook, ...]:
    """Return the hooks of a checked configuration; variables in their targets stay as written."""
    return tuple(
        Hook(
            kind=next(kind for kind in KINDS if getattr(section, kind)),
            target=target_of(section),
            level=section.level,
            events=list(section.events),
            workers=list(section.workers),
            timeout=float(section.timeout),
            every=float(section.every),
        )
        for section in root.on_event
    )


def target_of(section: HookSection) -> list[str]:
    """Return the one URL, or the program with its arguments.

    Raises:
        ValueError: A command's quotes do not match.
    """
    if isinstance(section.command, str):
        return shlex.split(section.command)
    return section.command or [section.webhook or section.notify or ""]


def _error(kind: str, target: list[str]) -> str:
    first = target[0]
    if kind == NOTIFY and find_spec("apprise") is None:
        return "needs apprise; install it with `pip install 'tickvisor[notify]'`"
    if UNRESOLVED in first:
        return ""
    if kind == COMMAND and shutil.which(first) is None:
        return f"there is no program {first!r}"
    if kind == WEBHOOK and urlsplit(first).scheme not in ("http", "https"):
        return "it is no URL that begins with http:// or https://"
    if kind == NOTIFY and "://" not in first:
        return "it is no URL like tgram://TOKEN/CHAT; see https://appriseit.com/services/"
    return ""
