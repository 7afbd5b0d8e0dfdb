"""`supervisor orders`: open orders, as believed and as the exchange lists them."""

from argparse import Namespace

from lib.constants import ExitCode
from supervisor.asked.asking import ask, show


def run(arguments: Namespace) -> int:
    """Show open orders, as believed and as the exchange lists them.

    Raises:
        NotRunning: Nothing runs.
        ConfigError: Several runs do and none is named, or there is no such bot.
        TickvisorError: It did not work.
    """
    rows = ask(arguments, "orders")["orders"]
    show(rows, as_json=arguments.json, nothing="no open orders")
    return ExitCode.DONE
