"""Line protocol, read back by a parser written for this test, and by a real InfluxDB."""

import json
import urllib.parse
import urllib.request
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.database import line_protocol
from lib.database.record import Point
from tests.servers import Server

NASTY = "a,b=c d\"e'f\\g\nh\ti\r\u2013币安\\,\\ \\=x"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
NAME = TEXT.filter(bool)
NUMBER = (
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**40), 10**40)
)
POINT = st.builds(
    Point,
    series=NAME,
    time_ns=st.integers(-(2**62), 2**62),
    tags=st.dictionaries(NAME, NAME, max_size=4),
    fields=st.dictionaries(NAME, TEXT | st.booleans() | NUMBER, min_size=1, max_size=4),
)


def parse(line: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """Return measurement, tags, fields and time, by the rules of the format's description."""
    head, at = _until(line, 0, " ")
    measurement, *pairs = _split(head, ",")
    tags = {}
    for pair in pairs:
        name, value = _split(pair, "=")
        tags[_plain(name)] = _plain(value)
    fields = {}
    while True:
        name, at = _until(line, at, "=")
        value, at = _field_value(line, at)
        fields[_plain(name)] = value
        if line[at - 1] == " ":
            break
    return _plain(measurement), tags, fields, int(line[at:])


def _until(line: str, at: int, end: str) -> tuple[str, int]:
    start = at
    while line[at] != end:
        at += 2 if line[at] == "\\" and line[at + 1] in ",= " else 1
    return line[start:at], at + 1


def _split(text: str, separator: str) -> list[str]:
    parts, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in ",= ":
            at += 2
            continue
        if text[at] == separator:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    return [*parts, text[start:]]


def _plain(text: str) -> str:
    for char in ",= ":
        text = text.replace(f"\\{char}", char)
    return text


def _field_value(line: str, at: int) -> tuple[Any, int]:
    if line[at] != '"':
        end = at
        while line[end] not in ", ":
            end += 1
        word = line[at:end]
        if word in ("true", "false"):
            return word == "true", end + 1
        return (int(word[:-1]) if word.endswith("i") else float(word)), end + 1
    text, at = "", at + 1
    while line[at] != '"':
        if line[at] == "\\" and line[at + 1] in '"\\':
            at += 1
        text += line[at]
        at += 1
    return text, at + 2


def told_name(text: str) -> str:
    """Return what of a name can be told in line protocol."""
    for char in "\n\r\t":
        text = text.replace(char, " ")
    return text.replace("\\", "/").replace('"', "'")


def told_tag(text: str) -> str:
    """Return what of a tag's value can be told in line protocol."""
    text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return text + " " if text.endswith("\\") else text


@given(POINT)
def test_any_point_parses_back(point: Point) -> None:
    line = line_protocol.encode(point, frozenset())

    measurement, tags, fields, time_ns = parse(line)
    assert time_ns == point.time_ns
    assert measurement == told_name(point.series)
    assert tags == {told_name(name): told_tag(point.tags[name]) for name in sorted(point.tags)}
    assert fields == {
        told_name(name): value if isinstance(value, bool | str) else float(value)
        for name, value in point.fields.items()
    }


def test_integers_stay_integers_only_where_asked() -> None:
    point = Point("m", 1, {}, {"trade_id": 7, "price": 7, "huge": 2**70})

    line = line_protocol.encode(point, frozenset({"trade_id"}))

    assert line == f"m trade_id=7i,price=7.0,huge={float(2**70)!r} 1"


@pytest.mark.parametrize(
    ("value", "names"),
    [(2**63, frozenset({"x"})), (10**400, frozenset()), (Decimal("1e400"), frozenset())],
)
def test_a_number_that_does_not_fit_is_refused(value: Any, names: frozenset[str]) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        line_protocol.encode(Point("m", 1, {}, {"x": value}), names)


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(ValueError, match="empty names"):
        line_protocol.encode(Point("m", 1, {}, {"": 1}), frozenset())


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "tag", "text"),
    [
        (NASTY, NASTY, NASTY),
        ("ends with \\", "ends with \\", "ends with \\"),
        ("\\\\", "a\\\\b", '\\\\"'),
        (",", "=", '"'),
        (" ", " ", " "),
        ("#", "#", "#"),
        ("é" * 200, "\u202e\u0085\u2028", "🦀\0" * 10),
        ("plain", "plain", "z" * 1_000_000),
    ],
)
def test_a_real_database_reads_it_the_same(
    influx_server: Server, config: dict[str, Any], name: str, tag: str, text: str
) -> None:
    series = f"{config['project']}{name}"
    point = Point(series, 1_700_000_000_000_000_001, {name: tag}, {"f" + name: text, "n": 1})

    _post(influx_server, "write?db=bots&precision=ns", line_protocol.encode(point, frozenset()))

    measurement = json.dumps(told_name(series), ensure_ascii=False)
    query = f"SELECT * FROM {measurement} GROUP BY *"  # noqa: S608
    asked = urllib.parse.urlencode({"db": "bots", "epoch": "ns", "q": query})
    answer = json.loads(_post(influx_server, f"query?{asked}", ""))
    (series_found,) = answer["results"][0]["series"]
    row = dict(zip(series_found["columns"], series_found["values"][0], strict=True))
    assert series_found["tags"] == {told_name(name): told_tag(tag)}
    assert row == {"time": point.time_ns, told_name("f" + name): text, "n": 1}


def _post(server: Server, path: str, body: str) -> str:
    request = urllib.request.Request(f"{server.url}/{path}", body.encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())
