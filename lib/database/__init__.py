"""Where records go."""

from lib.database.abstract_database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable, RecordsRefused
from lib.database.fake_db import FakeDb
from lib.database.influx_db import InfluxDb
from lib.database.no_db import NoDb
from lib.database.sqlite_db import SqliteDb
from lib.database.timescale_db import TimescaleDb

__all__ = [
    "AbstractDatabase",
    "InfluxDb",
    "TimescaleDb",
    "SqliteDb",
    "FakeDb",
    "NoDb",
    "DatabaseUnavailable",
    "RecordsRefused",
]
