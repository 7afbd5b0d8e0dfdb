"""Where records go."""

from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable, RecordsRefused
from lib.database.fake_db import FakeDb
from lib.database.no_db import NoDb

__all__ = ["AbstractDatabase", "DatabaseUnavailable", "FakeDb", "NoDb", "RecordsRefused"]
