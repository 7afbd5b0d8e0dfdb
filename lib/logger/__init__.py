"""Where events are told."""

from lib.logger.abstract_logger import AbstractLogger
from lib.logger.console_logger import ConsoleLogger

__all__ = ["AbstractLogger", "ConsoleLogger"]
