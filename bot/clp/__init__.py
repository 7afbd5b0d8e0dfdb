"""CLP, the continuous liquidity provider: small rules that `bot.clp.clp` connects."""
