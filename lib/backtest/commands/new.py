"""`supervisor new`: writes a bot to begin with."""

import sys
from argparse import Namespace
from pathlib import Path

from lib.backtest.cli import Parser
from lib.backtest.template import BOT, CONFIG, TEST, class_name, module_name
from lib.constants import ExitCode
from lib.errors import ConfigError

DESCRIPTION = "Write a runnable bot, its configuration and its test."
EXAMPLES = """  supervisor new bot Trend
  supervisor backtest trend/trend.yaml
  supervisor start trend/trend.yaml
  python -m pytest trend"""


def add(parser: Parser) -> None:
    """Add the command's arguments."""
    parser.add_argument("what", metavar="bot", choices=("bot",), help="what to write: bot")
    parser.add_argument("name", metavar="NAME", help="of the bot, like Trend or mean_reversion")
    parser.add_argument("--into", metavar="FOLDER", default="", help="(default: the bot's name)")


def run(arguments: Namespace) -> int:
    """Write the files.

    Raises:
        ConfigError: The name cannot name a class, or a file is there already.
    """
    module = module_name(arguments.name)
    folder = Path(arguments.into or module)
    values = {
        "folder": str(folder),
        "module": module,
        "name": class_name(module),
        "project": module.replace("_", "-"),
    }
    files = {
        folder / f"{module}.py": BOT,
        folder / f"{module}.yaml": CONFIG,
        folder / f"test_{module}.py": TEST,
    }
    there = [path for path in files if path.exists()]
    if there:
        raise ConfigError(f"{there[0]} is there already; choose another NAME or --into")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        path.write_text(text, "utf-8")
        sys.stdout.write(f"{path}\n")
    config = folder / f"{module}.yaml"
    sys.stdout.write(f"\nnext: supervisor backtest {config}, then supervisor start {config}\n")
    return ExitCode.DONE
