"""The parser that all commands share: one line for what is wrong, examples in the help."""

import argparse
from typing import TYPE_CHECKING, NoReturn

from lib.constants import ExitCode

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["Parser"]  # noqa: SLF001 - argparse has no other name

EXIT_CODES = """exit codes:
  0 done   1 error   2 usage or bad configuration   3 not running
  4 running, but some worker is not ready"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Print one line and leave with the exit code for wrong usage."""
        self.exit(ExitCode.USAGE, f"{self.prog}: {message} (see `{self.prog} --help`)\n")


class Wide(argparse.RawDescriptionHelpFormatter):
    """Keeps examples as they are, and has room for the longest command's name."""

    def __init__(self, prog: str) -> None:
        """Take argparse's own width."""
        super().__init__(prog, max_help_position=28)


def add(commands: "Commands", name: str, help_line: str, examples: str) -> argparse.ArgumentParser:
    """Add one command's parser and return it.

    Args:
        commands: Where it is added.
        name: The command; its module in `supervisor.subcommands` has the same name.
        help_line: What it does.
        examples: Printed below.
    """
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help_line,
        description=f"{help_line[0].upper()}{help_line[1:]}.",
        epilog=f"examples:\n{examples}\n\n{EXIT_CODES}",
        formatter_class=Wide,
    )
    parser.set_defaults(module=f"supervisor.subcommands.{name.replace('-', '_')}")
    return parser
