import json
from pathlib import Path
from typing import Any

import pytest

from lib.errors import ExchangeUnavailable, OrderRejected, OrderUnknown, RateLimited
from lib.oms.outcomes import PAUSES, Meaning, Verb, classify, error_of

ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "data" / "binance" / "errors.json").read_text()
)
UNKNOWN_CODES = {-1000, -1001, -1006, -1007, -1008}
TROUBLE_CODES = {-1003: Meaning.LIMITED, -1015: Meaning.LIMITED, -1021: Meaning.CLOCK}
# refused in calls that no order makes: never seen as an answer to a place, so not in the table
SETTINGS_CODES = {-4046, -4047, -4048, -4059, -4067, -4068, -4171, -4531}
AMEND_CODES = {-5025, -5026, -5027, -5029, -5043, -5047}


def row_id(row: dict[str, Any]) -> str:
    return f"{row['http']} {row.get('body', {}).get('code', 'no code')}"


@pytest.mark.parametrize("row", ROWS, ids=row_id)
def test_every_documented_error_of_a_place_is_judged(row: dict[str, Any]) -> None:
    body = row.get("body", {})
    code, text = body.get("code"), body.get("msg", row.get("body_text", ""))
    meaning = classify(Verb.PLACE, row["http"], code, text)
    if code is None:
        busy = text == "Service Unavailable."
        assert meaning is (Meaning.BUSY if busy else Meaning.UNKNOWN)
    elif code in UNKNOWN_CODES or code in SETTINGS_CODES or code in AMEND_CODES:
        assert meaning is Meaning.UNKNOWN
    elif code in TROUBLE_CODES:
        assert meaning is TROUBLE_CODES[code]
    elif code == -5028:
        assert meaning is Meaning.CLOCK
    elif code == -4116:
        assert meaning is Meaning.EXISTS
    elif code in (-2011, -2013, -4117):
        assert meaning is Meaning.UNKNOWN
    else:
        assert meaning is Meaning.REJECTED


@pytest.mark.parametrize("http", [200, 302, 403, 408, 500, 502, 503, 504])
def test_a_refusal_under_another_status_is_unknown(http: int) -> None:
    assert classify(Verb.PLACE, http, -2019, "Margin is insufficient.") is Meaning.UNKNOWN


@pytest.mark.parametrize("http", PAUSES)
def test_a_page_that_holds_us_off_says_nothing_of_the_order(http: int) -> None:
    assert classify(Verb.PLACE, http, None, "<html>") is Meaning.UNKNOWN
    assert PAUSES == {403: 60.0, 418: 120.0, 429: 1.0}


@pytest.mark.parametrize("code", [-2011, -2013])
def test_a_missing_order_is_a_question_to_cancel_and_query(code: int) -> None:
    assert classify(Verb.CANCEL, 400, code) is Meaning.GONE
    assert classify(Verb.QUERY, 400, code) is Meaning.GONE
    assert isinstance(error_of(Verb.CANCEL, Meaning.GONE, code, "?"), OrderUnknown)


def test_errors_say_what_to_do() -> None:
    limited = error_of(Verb.PLACE, Meaning.LIMITED, -1003, "slow down", 17.0)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 17.0
    assert isinstance(error_of(Verb.PLACE, Meaning.REJECTED, -2019, "no"), OrderRejected)
    assert isinstance(error_of(Verb.PLACE, Meaning.BUSY, 0, "busy"), ExchangeUnavailable)
    assert isinstance(error_of(Verb.PLACE, Meaning.UNKNOWN, 0, "?"), OrderUnknown)
    assert isinstance(error_of(Verb.PLACE, Meaning.EXISTS, -4116, "dup"), OrderUnknown)
    # a read that failed proved nothing, but nothing happened either
    assert isinstance(error_of(Verb.READ, Meaning.UNKNOWN, 0, "?"), ExchangeUnavailable)
