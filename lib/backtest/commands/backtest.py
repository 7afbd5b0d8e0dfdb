"""`supervisor backtest`: runs a configuration's bots over a market of the past."""

import json
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from lib.backtest.backtest import run_backtest
from lib.backtest.cli import Parser, add_config
from lib.backtest.folders import next_folder
from lib.backtest.results import LOG
from lib.backtest.settings import load_settings
from lib.backtest.terminal import summary_text
from lib.constants import ExitCode

DESCRIPTION = "Run the bots of a configuration over a market of the past, in virtual time."
EXAMPLES = """  supervisor backtest yaml/backtest.yaml
  supervisor backtest yaml/backtest.yaml --to 30m --param width=0.0003 --out runs/wide
  supervisor backtest my.yaml --from 2024-08-08T23:55:00Z --param backtest.latency.order=20ms"""


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    add_config(parser)
    parser.add_argument(
        "--param",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="set a key of all bots, of one (`quoter.width=…`), of `venue` or `backtest`",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", default="", help="for the results (default: runs/PROJECT-N)"
    )
    parser.add_argument(
        "--tap", metavar="FOLDER", default="", help="note all that each bot sees, for `replay`"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")


def run(arguments: Namespace) -> int:
    """Run a backtest and print its summary.

    Raises:
        ConfigError: Something in the configuration is wrong.
    """
    files = (arguments.config, *arguments.add)
    settings = load_settings(files, arguments.param, arguments.start, arguments.end)
    settings = replace(settings, tap=arguments.tap)
    out = Path(arguments.out) if arguments.out else next_folder(settings.project)
    outcome = run_backtest(settings, out, show_progress=not arguments.quiet)
    summary = outcome.summary
    if arguments.json:
        sys.stdout.write(json.dumps({**summary, "out": str(out)}, indent=1) + "\n")
    else:
        equity = [row[1] for row in outcome.recorder.equity.rows()]
        sys.stdout.write(summary_text(summary, equity))
        pace = outcome.timing["events_per_second"]
        sys.stdout.write(f"\n{pace:,} events/s; results in {out} (`supervisor report {out}`)\n")
    if outcome.trace:
        sys.stderr.write(outcome.trace)
        sys.stderr.write(f"supervisor backtest: {summary['failure']} (see {out / LOG})\n")
        return ExitCode.ERROR
    return ExitCode.DONE
