"""Which arguments of the `supervisor` command are completed with files."""

import argparse

import shtab

FILES = frozenset({"config", "add"})


def with_files(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Mark the arguments of all commands that name files; return the parser."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                with_files(command)
        elif action.dest in FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser
