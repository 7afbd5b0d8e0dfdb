"""`supervisor version`."""

import platform
import sys
from argparse import Namespace
from importlib.metadata import PackageNotFoundError, version

from lib.constants import ExitCode


def run(_arguments: Namespace) -> int:
    """Print the versions of Tickvisor and of Python."""
    try:
        own = version("tickvisor")
    except PackageNotFoundError:
        own = "(not installed)"
    sys.stdout.write(f"tickvisor {own}, Python {platform.python_version()}\n")
    return ExitCode.DONE
