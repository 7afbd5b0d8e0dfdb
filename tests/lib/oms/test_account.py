from decimal import Decimal

from lib.bus.protocol import Account, Balance, OrderUpdate
from lib.oms.account import AccountBook
from lib.oms.events import AccountReport, BalanceReport, PositionReport

SECOND = 1_000_000_000
NOW = 1_790_000_000 * SECOND


def position(qty: str, price: str = "100", at: int = NOW, unrealized: str = "0") -> PositionReport:
    return PositionReport("BTCUSDT", Decimal(qty), Decimal(price), Decimal(unrealized), at)


def balance(amount: str, available: str | None, at: int = NOW) -> BalanceReport:
    return BalanceReport("USDT", Decimal(amount), Decimal(available) if available else None, at)


def new_book() -> AccountBook:
    return AccountBook("X", ["BTCUSDT"])


def fill(qty: str, at: int, symbol: str = "BTCUSDT") -> OrderUpdate:
    return OrderUpdate(
        f"bot:{symbol}", symbol, "id", "BUY", "LIMIT", "FILLED", "100", qty, qty, "100",
        reduce_only=False, reason="", fill_qty=qty, fill_price="100", trade_id=at, fee="0",
        fee_asset="USDT", maker=True, event_ns=at, exchange_id=1,
    )  # fmt: skip


def test_only_changes_are_told() -> None:
    book = new_book()
    event = AccountReport((position("2"),), (balance("50", None),), NOW)
    assert book.on_report(event) == [
        Account("BTCUSDT", "100", "2", "X", NOW, "0"),
        Balance("USDT", "50", "50", NOW),
    ]
    assert book.on_report(event) == []
    moved = AccountReport((position("2", unrealized="7"),), (), NOW + 1)
    assert book.on_report(moved) == []
    assert book.position("BTCUSDT").unrealized == "7"


def test_older_reports_never_replace_newer_ones() -> None:
    book = new_book()
    book.on_report(AccountReport((position("2", at=NOW + 5),), (balance("9", None, NOW + 5),), 0))
    assert book.on_positions([position("1", at=NOW)], NOW + 9) == []
    assert book.on_balances([balance("8", "8", NOW)]) == []
    assert book.position("BTCUSDT").qty == "2"


def test_a_symbol_missing_from_the_list_is_flat() -> None:
    book = new_book()
    book.on_report(AccountReport((position("2"),), (), NOW))
    assert not book.is_flat("BTCUSDT")
    # one read may lag behind: two must agree
    assert book.on_positions([], NOW + 2 * SECOND) == []
    assert book.doubts == ["BTCUSDT"]
    assert book.on_positions([], NOW + 2 * SECOND + 1) == []
    (flat,) = book.on_positions([], NOW + 3 * SECOND)
    assert (flat.qty, flat.price) == ("0", "0")
    assert book.is_flat("BTCUSDT")
    assert book.on_positions([], NOW + 9 * SECOND) == []


def test_a_list_that_lags_behind_does_not_undo_a_fresh_event() -> None:
    book = new_book()
    book.on_report(AccountReport((position("2"),), (), NOW))
    assert book.on_positions([], NOW + SECOND // 2) == []
    assert book.position("BTCUSDT").qty == "2"


def test_an_event_under_way_during_a_read_still_counts() -> None:
    book = new_book()
    book.on_positions([], NOW)
    (opened,) = book.on_report(AccountReport((position("1", at=NOW - 1),), (), NOW - 1))
    assert isinstance(opened, Account)
    assert opened.qty == "1"


def test_available_follows_the_wallet_until_it_is_read_again() -> None:
    book = new_book()
    book.on_balances([balance("100", "80")])
    (moved,) = book.on_balances([balance("97", None, NOW + 1)])
    assert moved == Balance("USDT", "97", "77", NOW + 1)
    (read,) = book.on_balances([balance("97", "70", NOW + 1)])
    assert read == Balance("USDT", "97", "70", NOW + 1)
    assert book.balance("USDT") == read
    assert book.balance("BNB") is None


def test_a_position_in_an_unconfigured_symbol_is_known_too() -> None:
    book = new_book()
    other = PositionReport("ETHUSDT", Decimal(1), Decimal(10), Decimal(0), NOW)
    assert book.on_positions([other], NOW) == [Account("ETHUSDT", "10", "1", "X", NOW, "0")]
    assert book.is_flat("BTCUSDT")
    assert not book.is_flat("ETHUSDT")


def test_fills_count_until_a_position_contains_them() -> None:
    book = new_book()
    book.on_report(AccountReport((position("2"),), (), NOW))
    for at in (NOW, NOW + 1, NOW + 2):
        book.on_fill(fill("0.5", at))
    # the first is in the position already; what follows may be in it or not
    assert book.possible("BTCUSDT") == [Decimal(2), Decimal(3)]
    book.on_report(AccountReport((position("2.5", at=NOW + 1),), (), NOW + 1))
    assert book.possible("BTCUSDT") == [Decimal("2.5"), Decimal(3)]
    book.on_report(AccountReport((position("3", at=NOW + 2),), (), NOW + 2))
    # nothing is left to be added up before each order: a day has thousands
    assert book.possible("BTCUSDT") == [Decimal(3)]


def test_fills_of_a_symbol_without_a_position_count() -> None:
    book = new_book()
    book.on_fill(fill("0.5", NOW, symbol="ETHUSDT"))
    assert book.possible("ETHUSDT") == [Decimal(0), Decimal("0.5")]


def test_flat_is_proven_by_an_event_or_by_two_reads_and_by_no_fill_beside_it() -> None:
    book = new_book()
    assert not book.is_proven_flat("BTCUSDT")
    book.on_positions([], NOW)
    book.on_positions([], NOW + SECOND // 2)
    assert not book.is_proven_flat("BTCUSDT")
    book.on_positions([], NOW + SECOND)
    assert book.is_proven_flat("BTCUSDT")

    # a fill whose position nobody has told yet: what protects it stays
    book.on_fill(fill("1", NOW + 2 * SECOND))
    assert not book.is_proven_flat("BTCUSDT")
    book.on_report(AccountReport((position("1", at=NOW + 2 * SECOND),), (), 0))
    assert not book.is_proven_flat("BTCUSDT")
    book.on_report(AccountReport((position("0", at=NOW + 3 * SECOND),), (), 0))
    assert book.is_proven_flat("BTCUSDT")

    # what happens while nobody listens is not known
    book.on_gap()
    assert not book.is_proven_flat("BTCUSDT")
    book.on_positions([position("1", at=NOW + 4 * SECOND)], NOW + 5 * SECOND)
    book.on_positions([], NOW + 6 * SECOND)
    assert not book.is_proven_flat("BTCUSDT")


def test_two_reads_forget_the_fills_of_a_position_that_was_closed_unseen() -> None:
    book = new_book()
    book.on_report(AccountReport((position("1"),), (), NOW))
    book.on_fill(fill("-1", NOW + SECOND))
    for seconds in (3, 4):
        book.on_positions([], NOW + seconds * SECOND)
    assert book.possible("BTCUSDT") == [Decimal(0)]
    assert book.is_proven_flat("BTCUSDT")


def test_the_same_position_read_twice_contains_the_fills_before_it() -> None:
    book = new_book()
    book.on_fill(fill("-1", NOW + 2 * SECOND))
    book.on_positions([], NOW + 4 * SECOND)
    # one read may lag behind
    assert set(book.possible("BTCUSDT")) == {Decimal(0), Decimal(-1)}
    book.on_positions([], NOW + 5 * SECOND)
    assert book.possible("BTCUSDT") == [Decimal(0)]
    # one that is younger than a read can know stays
    book.on_fill(fill("1", NOW + 6 * SECOND))
    book.on_positions([], NOW + 6 * SECOND + 1)
    book.on_positions([], NOW + 6 * SECOND + 2)
    assert book.possible("BTCUSDT") == [Decimal(0), Decimal(1)]
