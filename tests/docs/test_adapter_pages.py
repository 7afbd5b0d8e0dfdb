"""The pages about databases, loggers, state and vaults: every example loads."""

import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from lib.factory import AbstractFactory, make_factory
from lib.registry import ADAPTERS
from supervisor.config.plan import make_plan
from supervisor.config.spec import load_spec
from tests.server_packages import missing

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = ("databases", "loggers", "state", "vaults", "adapters")
NAMES = ("INFLUX_TOKEN", "PG_PASSWORD", "VAULT_ROLE_ID", "VAULT_SECRET_ID")
ENVIRONMENT = dict.fromkeys(NAMES, "0123456789")


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / f"{page}.md").read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


EXAMPLES = [(page, number) for page in PAGES for number in range(len(blocks(page, "yaml")))]


@pytest.mark.parametrize(("page", "number"), EXAMPLES)
def test_an_example_makes_all_its_parts(page: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(blocks(page, "yaml")[number])
    plan = make_plan(load_spec([path], ENVIRONMENT))

    for worker in plan.workers:
        factory = make_factory(worker.config["factory"], worker.config["general"])
        _make_all(factory, worker.config["general"])


def _make_all(factory: AbstractFactory, config: dict[str, Any]) -> None:
    timer = factory.Timer()
    assert factory.Database(config, factory, timer).target or missing("psycopg")
    factory.Logger(config, factory, timer)
    factory.State(config, factory, timer)
    if config.get("vault") or factory.Vault.__name__ != "HashicorpVault":
        factory.Vault(config, factory, timer)


@pytest.mark.parametrize(
    ("page", "role"),
    [
        ("databases", "database"),
        ("loggers", "logger"),
        ("state", "state"),
        ("vaults", "vault"),
        ("adapters", "factory"),
        ("adapters", "timer"),
    ],
)
def test_a_page_names_every_adapter_of_its_kind(page: str, role: str) -> None:
    text = (DOCS / f"{page}.md").read_text("utf-8")

    assert all(f"`{name}`" in text for name in ADAPTERS[role])


def test_the_json_line_of_the_page_is_one() -> None:
    (line,) = blocks("loggers", "json")

    assert json.loads(line).keys() == {"time", "level", "name", "message", "fields"}


def test_the_page_about_factories_says_what_they_are_made_of() -> None:
    text = (DOCS / "adapters.md").read_text("utf-8")
    found = re.findall(r"^\| `(\w+Factory)`[^|]*\|(.*)\|$", text, re.MULTILINE)

    assert [name for name, _ in found] == ["SandboxFactory", "LocalFactory", "LiveFactory"]
    for name, parts in found:
        factory = make_factory({"name": name}, {})
        roles = (factory.Vault, factory.Database, factory.Timer, factory.Logger, factory.State)
        assert re.findall(r"\w+", parts) == [role.__name__ for role in roles]


def test_each_role_has_an_abstract_class_and_a_contract() -> None:
    text = (DOCS / "adapters.md").read_text("utf-8")
    rows = re.findall(r"^\| \w+ \| `([\w.]+)\.(\w+)` .*\| `(\w+)\.py` \|$", text, re.MULTILINE)

    assert len(rows) == 8
    for module, parent, contract in rows:
        assert getattr(importlib.import_module(module), parent)
        tests = importlib.import_module(f"tests.contracts.{contract}")
        assert getattr(tests, f"{contract.title()}Contract").__name__ in text
