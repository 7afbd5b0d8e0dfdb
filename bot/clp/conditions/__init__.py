"""What pauses quoting: one condition per file, by name in `bot.clp.conditions.catalogue`."""
