"""What bots and workers build on. Nothing in here imports `supervisor`, `workers` or `bot`."""
