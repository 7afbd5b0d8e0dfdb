"""`docs/clp.md` and `yaml/clp.yaml` say what is true."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import yaml
from bot.clp.clp import CLP
from bot.clp.conditions.catalogue import CONDITIONS, make_condition
from bot.clp.conditions.condition import Condition
from bot.clp.config import ClpConfig, InventoryConfig, LevelConfig, VolatilityConfig
from bot.clp.settings import Settings
from lib.constants import NS_PER_SECOND
from tests.bot.clp.rig import Rig
from tests.bot.clp.views import view

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/clp.md").read_text("utf-8")
DAY_NS = 86_400 * NS_PER_SECOND
SPELT = {"levels": "spread", "quantities": "qty", "in_usd": "usd", "name": "spread"}


def bots() -> list[dict[str, Any]]:
    [example] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    shipped = yaml.safe_load((ROOT / "yaml/clp.yaml").read_text("utf-8"))["bots"]
    return [*yaml.safe_load(example), *shipped]


def blocks() -> list[dict[str, Any]]:
    found = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    names: list[dict[str, Any]] = [{} for _ in found]
    for block, scope in zip(found, names, strict=True):
        exec(block, scope)  # noqa: S102 - the page's own examples
    return names


@pytest.mark.parametrize("section", [ClpConfig, LevelConfig, VolatilityConfig, InventoryConfig])
def test_every_key_is_on_the_page(section: type) -> None:
    keys = [field.name.removesuffix("_ns") for field in fields(section)]

    assert [key for key in keys if f"`{SPELT.get(key, key)}`" not in PAGE] == []


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_every_condition_is_on_the_page_with_its_wait(name: str) -> None:
    [row] = re.findall(rf"^\| `{name}` \| .* \| `\d+[ms]` \|$", PAGE, re.MULTILINE)
    target = CONDITIONS[name].partition(":")[2]
    wait = next(one.WAIT for one in _conditions() if one.__name__ == target)

    assert row.endswith(f"| `{wait}` |")


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_are_right(number: int) -> None:
    config = ClpConfig.read(bots()[number])

    for name, settings in config.conditions:
        assert isinstance(make_condition(name, settings), Condition)


def test_the_condition_of_the_page_works() -> None:
    condition = blocks()[0]["Weekend"](Settings({}, "x"))

    # The first of January 1970 was a Thursday.
    told = [condition.trouble(view(timestamp=day * DAY_NS)) for day in range(7)]
    assert told == ["", "", "weekend", "weekend", "", "", ""]


def test_the_subclass_of_the_page_works() -> None:
    bearish = blocks()[1]["Bearish"]
    rig = Rig(bearish).start()

    assert issubclass(bearish, CLP)
    # 50,000 x 0.9999 = 49,995; half-width 24.9975
    assert [str(price) for price in rig.prices("BUY")] == ["49970.1"]  # type: ignore[arg-type]


def _conditions() -> list[type[Condition]]:
    for target in CONDITIONS.values():
        __import__(target.partition(":")[0])
    return Condition.__subclasses__()
