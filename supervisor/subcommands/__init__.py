"""One module per command of the `supervisor` program, each with `run(arguments) -> exit code`.

They are imported only when their command is given: `status` must not wait for what `start` needs.
"""
