"""`supervisor report`: writes and prints what a run has come to."""

import json
import sys
from argparse import Namespace
from pathlib import Path

from lib.backtest.cli import Parser
from lib.backtest.report.page import report_page
from lib.backtest.results import EQUITY, FILLS, path_file, read_results, read_table
from lib.backtest.terminal import summary_text
from lib.constants import ExitCode

DESCRIPTION = "Write RUN/report.html, which needs no network, and print a summary."
EXAMPLES = """  supervisor report runs/first
  supervisor report runs/first --json | jq .total.profit"""
REPORT = "report.html"


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="the --out folder of a backtest or a replay")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON only")


def run(arguments: Namespace) -> int:
    """Write the report.

    Raises:
        ConfigError: The folder holds no results.
    """
    folder = Path(arguments.run)
    summary = read_results(folder)
    if arguments.json:
        sys.stdout.write(json.dumps(summary, indent=1) + "\n")
        return ExitCode.DONE
    page = write_report(folder)
    equity = [float(row["equity"]) for row in read_table(folder / EQUITY)]
    sys.stdout.write(summary_text(summary, equity))
    sys.stdout.write(f"\n{page}\n")
    return ExitCode.DONE


def write_report(folder: Path) -> Path:
    """Write the page of a run; return its path.

    Raises:
        ConfigError: The folder holds no results.
    """
    summary = read_results(folder)
    paths = {symbol: read_table(path_file(folder, symbol)) for symbol in summary["symbols"]}
    page = report_page(summary, read_table(folder / EQUITY), paths, read_table(folder / FILLS))
    path = folder / REPORT
    path.write_text(page, "utf-8")
    return path
