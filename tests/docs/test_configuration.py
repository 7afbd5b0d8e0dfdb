"""The page about configuration says what is true."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import fields

from lib.defaults import DEFAULTS
from supervisor.cli import build_parser
from supervisor.config.sections import (
    BotSection,
    ExchangeSection,
    InfluxSection,
    LogSection,
    RestartSection,
    RiskSection,
    RootSection,
    SpoolSection,
    SqliteSection,
    StreamSection,
    TimescaleSection,
    VenueSection,
    WatchdogSection,
)
from supervisor.config.spec import load_spec

PAGE = (Path(__file__).parent.parent.parent / "docs/configuration.md").read_text("utf-8")
SECTIONS = (
    BotSection,
    ExchangeSection,
    InfluxSection,
    LogSection,
    RestartSection,
    RiskSection,
    RootSection,
    SpoolSection,
    SqliteSection,
    StreamSection,
    TimescaleSection,
    VenueSection,
    WatchdogSection,
)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_on_the_page(section: type[msgspec.Struct]) -> None:
    missing = [field.name for field in fields(section) if f"`{field.name}`" not in PAGE]

    assert missing == []


def test_example_is_right(tmp_path: Path) -> None:
    [example] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "example.yaml").write_text(example)

    spec = load_spec([tmp_path / "example.yaml"], {}, complete=False)

    assert [variable.name for variable in spec.missing] == [
        "BINANCE_KEY",
        "BINANCE_SECRET",
        "INFLUX_TOKEN",
    ]
    assert spec.bots[0].settings_for("BTCUSDT") == {"width": 0.0005, "hold": "2.1s"}


def test_added_recording_goes_over_the_sandbox(tmp_path: Path) -> None:
    [added] = re.findall(r"^  ```yaml\n(.*?)^  ```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "added.yaml").write_text(re.sub(r"^  ", "", added, flags=re.MULTILINE))
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings/btcusdt.gz").touch()
    sandbox = Path(__file__).parent.parent.parent / "yaml/sandbox.yaml"

    spec = load_spec([sandbox, tmp_path / "added.yaml"], {})

    assert spec.root.venue is not None
    assert spec.root.venue.feed == "recording"


def test_every_command_and_option_is_on_the_page() -> None:
    help_text = build_parser().format_help()
    commands = re.findall(r"^    (\w+) ", help_text, re.MULTILINE)

    assert len(commands) >= 8
    for command in commands:
        assert f"`{command}" in PAGE


def test_every_default_belongs_to_a_key_of_the_page() -> None:
    for name in DEFAULTS:
        assert f"`{name.rpartition('.')[2]}`" in PAGE, name
