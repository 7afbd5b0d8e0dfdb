"""What every database must do; run your own through it by a subclass with a `database` fixture.

class TestMyDb(DatabaseContract):
    @pytest.fixture
    def database(self):
        return MyDb({"project": "test", "name": "bot", "symbol": "BTCUSDT"}, None, LiveTimer())
"""

from decimal import Decimal

import pytest

from lib.database import AbstractDatabase
from lib.database.errors import DatabaseUnavailable

START_NS = 1_700_000_000_123_456_789


class DatabaseContract:
    """Tests of `AbstractDatabase`."""

    def test_nothing_is_read_where_nothing_was_written(self, database: AbstractDatabase) -> None:
        assert database.readLast("absent") is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("price", Decimal("61234.5")),
            ("ratio", -0.25),
            ("is_open", True),
            ("text", "a \"quoted\" 'text'\\ with ü, 币安 and\na newline, = and ,"),
            ("empty", ""),
            ("long", "x" * 60_000),
        ],
    )
    def test_what_was_written_is_read_back(
        self, database: AbstractDatabase, field: str, value: object
    ) -> None:
        database.writeEncoded([database.Encode({"timestamp": START_NS, field: value})])

        found = database.readLast(field)
        assert found == value
        assert isinstance(found, str) == isinstance(value, str)
        assert isinstance(found, bool) == isinstance(value, bool)

    def test_the_newest_by_time_is_read(self, database: AbstractDatabase) -> None:
        records = [{"timestamp": START_NS + index, "step": index} for index in range(100)]
        database.writeEncoded([database.Encode(record) for record in records])

        assert database.readLast("step") == 99

    def test_an_integer_may_become_a_fraction(self, database: AbstractDatabase) -> None:
        for index, price in enumerate((1, Decimal("1.5"))):
            database.writeEncoded(
                [database.Encode({"timestamp": START_NS + index, "changing": price})]
            )

        assert database.readLast("changing") == Decimal("1.5")

    def test_writing_twice_is_writing_once(self, database: AbstractDatabase) -> None:
        encoded = [database.Encode({"timestamp": START_NS, "again": 7})]

        database.writeEncoded(encoded)
        database.writeEncoded(encoded * 3)

        assert database.readLast("again") == 7

    def test_what_is_none_or_not_a_number_is_absent(self, database: AbstractDatabase) -> None:
        record = {"timestamp": START_NS, "here": 1, "none": None, "nan": Decimal("NaN")}
        database.writeEncoded([database.Encode(record)])

        assert database.readLast("none") is None
        assert database.readLast("nan") is None
        assert database.readLast("here") == 1

    def test_a_record_without_fields_is_refused(self, database: AbstractDatabase) -> None:
        with pytest.raises(ValueError, match="at least one field"):
            database.Encode({"timestamp": START_NS, "empty": None})

    def test_series_are_apart(self, database: AbstractDatabase) -> None:
        records = [{"timestamp": START_NS + 5, "series": "book", "apart": 1}]
        records.append({"timestamp": START_NS, "apart": 2})
        database.writeEncoded([database.Encode(record) for record in records])

        assert database.readLast("apart") == 2

    def test_a_series_is_read_back_by_time(self, database: AbstractDatabase) -> None:
        records = [
            {"timestamp": START_NS + number, "series": "path", "mid": Decimal(number) / 2, "x": "a"}
            for number in (3, 1, 2, 4)
        ]
        database.writeEncoded([database.Encode(record) for record in records])

        if type(database).read_series is AbstractDatabase.read_series:
            with pytest.raises(DatabaseUnavailable, match="cannot be read back"):
                database.read_series("path", START_NS + 1, START_NS + 4)
            return
        found = database.read_series("path", START_NS + 1, START_NS + 4)

        assert [row["timestamp"] - START_NS for row in found] == [1, 2, 3]
        assert [row["mid"] for row in found] == [0.5, 1, 1.5]
        assert {row["x"] for row in found} == {"a"}
        assert database.read_series("another", 0, START_NS) == []

    def test_a_closed_database_opens_again(self, database: AbstractDatabase) -> None:
        database.writeEncoded([database.Encode({"timestamp": START_NS, "kept": 3})])
        database.close()

        assert database.readLast("kept") == 3

    def test_nothing_to_write_is_fine(self, database: AbstractDatabase) -> None:
        database.writeEncoded([])
