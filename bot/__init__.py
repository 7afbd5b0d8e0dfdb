"""Strategies: they see `lib` only, and run unchanged live, in the sandbox and in a backtest."""

from bot.abstract_bot import AbstractBot
from bot.quoter_bot import QuoterBot
from bot.sandbox_bot import SandboxBot

__all__ = ["AbstractBot", "QuoterBot", "SandboxBot"]
