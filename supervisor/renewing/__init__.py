"""Changes to a running system, without a gap in anybody's data."""
