"""Other backtest engines with the same strategy; each runs in a virtual environment of its own.

None of it imports anything of ours but `benchmarks.backtest_peers.rules`.
"""
