"""What bot authors and workers build on. Nothing in here imports `supervisor`, `workers` or `bot`."""
