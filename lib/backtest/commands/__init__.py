"""One module per command, each with `DESCRIPTION`, `EXAMPLES`, `add(parser)`, `run(arguments)`."""
