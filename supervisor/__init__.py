"""The supervisor: starts the workers, watches them, restarts them, stops them.

It imports neither `workers` nor `bot`: it knows workers by name only.
"""
