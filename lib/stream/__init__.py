"""Market and account data streams of exchanges."""

from lib.stream.abstract_stream import AbstractStream

__all__ = ["AbstractStream"]
