"""Whether a worker is well, and what is done when it is not: pure logic."""
