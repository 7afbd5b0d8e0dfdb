"""The pure parts of a chaos drill: faults, their schedule, and the oracle, which shares nothing
with the order logic that it judges.
"""
