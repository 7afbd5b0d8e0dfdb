"""Strategies: they see `lib` only, and run unchanged live, in the sandbox and in a backtest."""

from typing import TYPE_CHECKING, Any

from bot.abstract_bot import AbstractBot
from bot.quoter_bot import QuoterBot
from bot.sandbox_bot import SandboxBot

if TYPE_CHECKING:
    from bot.clp.clp import CLP

__all__ = ["AbstractBot", "QuoterBot", "SandboxBot", "CLP"]


def __getattr__(name: str) -> Any:
    # CLP has many parts, which the other bots' workers need not load.
    if name == "CLP":
        from bot.clp.clp import CLP  # noqa: PLC0415

        return CLP
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
