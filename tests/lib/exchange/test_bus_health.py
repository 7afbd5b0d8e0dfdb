import pytest

from lib.bus.protocol import Health, Roster
from lib.exchange.bus_health import SILENCE_NS, Line
from tests.lib.exchange.fake_worker import OWNER

BOOK_LIMIT_NS = 3_000_000_000


@pytest.fixture
def line() -> Line:
    line = Line(OWNER, BOOK_LIMIT_NS)
    line.on_health(Health("exchange", healthy=True, reason=""))
    line.heard_ns = 100
    line.book_ns = 100
    return line


def test_all_well_is_online(line: Line) -> None:
    assert line.trouble(100, synced=True) == ""


def test_a_new_line_is_offline() -> None:
    assert Line(OWNER, 0).trouble(0, synced=True)


def test_an_account_with_holes_is_offline(line: Line) -> None:
    assert line.trouble(100, synced=False) == "account is not synchronised"


def test_a_silent_exchange_worker_is_offline(line: Line) -> None:
    assert line.trouble(100 + SILENCE_NS, synced=True) == ""
    assert line.trouble(101 + SILENCE_NS, synced=True) == "exchange worker is silent"


def test_a_stale_book_is_offline(line: Line) -> None:
    now_ns = 101 + BOOK_LIMIT_NS
    line.heard_ns = now_ns

    assert line.trouble(now_ns, synced=True) == "book is stale"


def test_a_book_that_the_supervisor_finds_stale_is_offline_until_it_is_well(line: Line) -> None:
    symbol = OWNER.rpartition(":")[2]
    line.on_health(Health("book:OTHERUSDT", healthy=False, reason="9 s old"))
    assert line.trouble(100, synced=True) == ""

    line.on_health(Health(f"book:{symbol}", healthy=False, reason="3 s old, limit 2.5 s"))
    assert line.trouble(100, synced=True) == "book is stale: 3 s old, limit 2.5 s"

    line.on_health(Health(f"book:{symbol}", healthy=True, reason=""))
    assert line.trouble(100, synced=True) == ""


def test_the_exchange_worker_says_why(line: Line) -> None:
    line.on_health(Health("exchange", healthy=False, reason="rate limit"))
    line.on_health(Health("stream", healthy=True, reason=""))

    assert line.trouble(100, synced=True) == "rate limit"


@pytest.mark.parametrize(
    ("halted", "trouble"), [([OWNER], "halted"), (["*"], "halted"), (["x"], "")]
)
def test_a_halted_owner_is_offline(line: Line, halted: list[str], trouble: str) -> None:
    line.on_roster(Roster("running", [["exchange", 1, "ready"]], halted))

    assert line.trouble(100, synced=True) == trouble


@pytest.mark.parametrize(
    ("state", "online"),
    [("ready", True), ("stale", True), ("hung", False), ("backoff", False), ("failed", False)],
)
def test_the_roster_tells_of_an_absent_exchange_worker(
    line: Line, state: str, online: bool
) -> None:
    line.on_roster(Roster("running", [["exchange", 1, state]], []))

    assert (line.trouble(100, synced=True) == "") is online


def test_a_closed_line_stays_closed(line: Line) -> None:
    line.closed = "the supervisor is gone"

    assert line.trouble(100, synced=True) == "the supervisor is gone"
