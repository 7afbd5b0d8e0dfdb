"""`supervisor send`: a message for bots."""

import json
import sys
from argparse import Namespace

from lib.constants import ExitCode
from lib.errors import ConfigError
from supervisor.asked.client import choose_project, request

LONGEST = 32_000
"""Characters of a message: it travels in one line."""
STDIN = "-"


def run(arguments: Namespace) -> int:
    """Send a message, and tell who got it.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, there is no such bot, or the message is too
            long or no JSON where that was promised.
        NotYet: A bot is not ready.
    """
    text = sys.stdin.read() if arguments.message == STDIN else arguments.message
    if len(text) > LONGEST:
        raise ConfigError(f"the message has {len(text):,} characters; {LONGEST:,} is the most")
    if arguments.json:
        _check(text)
    project = choose_project(arguments.project)
    message = {"command": "send", "bots": [arguments.bot], "message": text}
    told = request(project, message)["told"]
    sys.stdout.write(f"told: {', '.join(told)}\n")
    return ExitCode.DONE


def _check(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise ConfigError(f"the message is no JSON: {error}") from None
