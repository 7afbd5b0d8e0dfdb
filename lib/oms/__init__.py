"""Order management: what is known of orders, positions and budgets, as pure logic.

Nothing here does I/O or reads a clock: events and `now_ns` in, messages and actions out.
"""
