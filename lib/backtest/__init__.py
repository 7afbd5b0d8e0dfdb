"""Backtests: the bots of a configuration on virtual time, against the venue's matching core."""
