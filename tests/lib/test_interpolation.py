"""Environment variables in a configuration."""

import pytest

from lib.config_tree import parse_tree
from lib.errors import ConfigError
from lib.interpolation import fill_in, missing, missing_error, resolve, substitute, variables


def test_set_variable_replaces_default() -> None:
    assert substitute("${A:-1} ${B:-2}", {"A": "x"}) == "x 2"


def test_escaped_variable_stays() -> None:
    assert substitute("$${A} costs $5", {"A": "x"}) == "${A} costs $5"


def test_unset_variable_stays_as_it_is_written() -> None:
    assert substitute("a ${NOPE} b", {}) == "a ${NOPE} b"


def test_value_is_not_replaced_twice() -> None:
    assert substitute("${A}", {"A": "${B}", "B": "no"}) == "${B}"


@pytest.mark.parametrize("text", ["${}", "${1A}", "${A B}", "${A", "${A:+x}"])
def test_badly_written_variable_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no variable"):
        substitute(text, {"A": "x"})


def test_unquoted_value_gets_its_type_and_quoted_one_stays_text() -> None:
    tree = parse_tree("a: ${P}\nb: '${P}'\nc: ${Q:-0.5}\n", "f.yaml")

    filled = fill_in(tree, {"P": "8080"}, lambda _: True)

    assert filled.values == {"a": 8080, "b": "8080", "c": 0.5}


def test_all_missing_variables_are_named_at_once_with_their_places() -> None:
    tree = parse_tree("a: ${ONE}\nb: ${TWO:-x}\nc: ['${THREE}', '${ONE}']\n", "f.yaml")

    lost = missing(variables(tree, lambda _: True), {})
    error = missing_error(lost)

    assert [variable.name for variable in lost] == ["ONE", "THREE"]
    assert str(error).startswith(
        "f.yaml:1: environment variables ONE, THREE (f.yaml:3) are not set"
    )


def test_resolve_names_what_is_missing_and_never_a_value() -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({"key": "${K}", "secret": "${S}", "x": "${SET}"}, {"SET": "hidden"})

    assert str(caught.value) == "not set in the environment: K, S"


def test_resolved_secret_stays_text() -> None:
    assert resolve({"key": "${K}"}, {"K": "123"}) == {"key": "123"}
