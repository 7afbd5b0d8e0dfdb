"""Where events are told."""

from lib.logger.abstract_logger import AbstractLogger
from lib.logger.console_logger import ConsoleLogger
from lib.logger.db_logger import DbLogger

__all__ = ["AbstractLogger", "ConsoleLogger", "DbLogger"]
