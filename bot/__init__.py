"""Strategies: they see `lib` only, and run unchanged live, in the sandbox and in a backtest.

Import from the modules: `bot.abstract_bot`, `bot.sandbox_bot`, `bot.quoter_bot`.
"""
