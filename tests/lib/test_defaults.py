"""Default values can be written into a configuration as they stand."""

from lib.config_tree import parse_tree
from lib.defaults import DEFAULTS, default


def test_each_default_has_a_unit_and_a_reason() -> None:
    for name, entry in DEFAULTS.items():
        assert entry.unit, name
        assert entry.reason, name


def test_defaults_are_what_yaml_would_give() -> None:
    for name in ("watchdog.book", "restart.backoff", "venue.port", "venue.loop"):
        value = default(name)
        assert parse_tree(f"x: {str(value).lower()}", "f").values["x"] == value
