"""The control socket: what commands ask of a run."""
