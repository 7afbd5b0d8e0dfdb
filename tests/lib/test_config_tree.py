"""YAML with places, and the laws of merging."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.config_tree import ConfigTree, load_tree, merge, merge_trees, parse_tree, retype, walk
from lib.errors import ConfigError

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
KEYS = st.sampled_from("abcd")
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS | st.lists(SCALARS, max_size=2), lambda inner: st.dictionaries(KEYS, inner)
    ),
)


def test_each_value_knows_its_line() -> None:
    tree = parse_tree("a: 1\n\nb:\n  c: [x,\n      y]\n", "f.yaml")

    assert tree.values == {"a": 1, "b": {"c": ["x", "y"]}}
    assert str(tree.where(("a",))) == "f.yaml:1"
    assert str(tree.where(("b", "c", 1))) == "f.yaml:5"
    assert str(tree.where(("b", "unknown"))) == "f.yaml:3"


def test_repeated_key_is_refused_with_both_lines() -> None:
    with pytest.raises(ConfigError, match=r"f.yaml:3: key 'a' stands here twice \(first in line 1"):
        parse_tree("a: 1\nb: 2\na: 3\n", "f.yaml")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\nb: 2", 2),
        ("a: b: c", 1),
        ("\ta: 1", 1),
        ("a: *nobody", 1),
        ("a: &x [*x]", 1),
        ("a: .nan", 1),
        ("a: !!python/object:os.system x", 1),
        ("? [1]\n: 2", 1),
        ("- 1", 1),
    ],
)
def test_bad_yaml_is_one_line_with_its_place(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_tree(text, "f.yaml")

    assert str(caught.value).startswith(f"f.yaml:{line}: ")
    assert "\n" not in str(caught.value)


def test_unquoted_variable_in_braces_is_explained() -> None:
    with pytest.raises(ConfigError, match="put quotes around"):
        parse_tree("a: {b: ${C}}", "f.yaml")


def test_keys_stay_words_and_dates_stay_text() -> None:
    tree = parse_tree("on: 2024-01-02\n1: x\n", "f.yaml")

    assert tree.values == {"on": "2024-01-02", "1": "x"}


def test_merge_key_takes_over_what_is_not_said_again() -> None:
    tree = parse_tree("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3\n", "f.yaml")

    assert tree.values["own"] == {"x": 1, "y": 3}


def test_empty_file_is_an_empty_configuration(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")

    assert load_tree(tmp_path / "empty.yaml").values == {}


def test_missing_and_unreadable_files_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xff")

    with pytest.raises(ConfigError, match=r"nope.yaml: there is no such file"):
        load_tree(tmp_path / "nope.yaml")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_tree(tmp_path / "latin.yaml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_tree(tmp_path)


def test_merged_values_keep_the_place_they_came_from() -> None:
    base = parse_tree("a: {x: 1, y: 2}\nb: [1, 2]\n", "base.yaml")
    over = parse_tree("\na: {y: 3}\nb: [9]\n", "over.yaml")

    tree = merge_trees(base, over)

    assert tree.values == {"a": {"x": 1, "y": 3}, "b": [9]}
    assert str(tree.where(("a", "x"))) == "base.yaml:1"
    assert str(tree.where(("a", "y"))) == "over.yaml:2"
    assert str(tree.where(("b", 0))) == "over.yaml:3"
    assert str(tree.where(("b", 1))) == "over.yaml:3"


@pytest.mark.parametrize(
    ("text", "expected"), [("8", 8), ("0.5", 0.5), ("true", True), ("x y", "x y"), ("", None)]
)
def test_filled_in_text_gets_yaml_s_type(text: str, expected: Any) -> None:
    assert retype(text) == expected


@given(TREES)
def test_merging_nothing_changes_nothing(tree: dict[str, Any]) -> None:
    assert merge(tree, {}) == tree
    assert merge({}, tree) == tree
    assert merge(tree, tree) == tree


@given(TREES, TREES)
def test_what_is_said_later_wins(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)

    assert set(merged) == set(base) | set(over)
    for steps, value in walk(over):
        found: Any = merged
        for step in steps:
            found = found[step]
        if not isinstance(value, dict):
            assert found == value


@given(TREES, TREES)
def test_merging_leaves_its_sources_alone(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = repr((base, over))

    merge_trees(ConfigTree(base), ConfigTree(over))

    assert repr((base, over)) == before
