"""`supervisor completion`: what a shell needs to complete our commands."""

import sys
from argparse import Namespace

import shtab

from lib.constants import ExitCode
from supervisor.cli import build_parser
from supervisor.terminal.completion import with_files


def run(arguments: Namespace) -> int:
    """Print one shell's completion script."""
    script = shtab.complete(with_files(build_parser()), arguments.shell)
    sys.stdout.write(script + "\n")
    return ExitCode.DONE
